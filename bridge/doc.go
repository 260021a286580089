// Package bridge is what the program means: which reaction, message or silence in Slack asks for what in GitLab. It knows no vendor, no
// disk and no network; those are behind [Slack], [GitLab] and the store.
//
// # The idea
//
// An [Event] is only a reason to look at one thread; it instructs nothing. Looking yields [Facts]. [Decide] turns facts into a [Verdict]: a
// reason in words and a list of [Action]s. Looks that wait and actions that wait are the same thing, a job in the store. A job ends in the
// same commit that writes down what it begot; so whatever happens in between, the store knows what is left to do.
//
//	slackside      event          Accept: on disk, then acknowledged
//	                 │
//	store          job "look"     with the hints that its events carried
//	                 │ gather     reads what neither the hints nor the store tell
//	               Facts
//	                 │ Decide     pure: all rules
//	               Verdict
//	                 │ commit     the look gone, its actions there
//	store          job "create", "note", "edit", "update", "assign", "card", "say" …
//	                 │ perform    the one switch that changes the outside world
//	gitlabside       │
//	slackside      outcome
//	                 │ commit     the job gone, link and history written, what follows queued
//	store          link           thread ↔ issue, and the last state of Slack that was passed on
//
// # What holds it together
//
// A job's key names its effect (C1/1.5/create), so wanting it twice finds the key taken. A lane is a thread's GitLab side or its Slack side;
// its jobs are done in order, one at a time, and lanes know nothing of each other. A look stands in the GitLab lane too: it sees the
// link that the actions before it made. What must hold back neither, such as the copying of files, has a lane beside them.
//
// An action that must not be repeated is written down as begun before it is sent. One that was begun, and whose outcome is not known,
// is looked for by its mark; it is sent again only when it is not there and GitLab can no longer be working on it.
//
// What a person has just asked for goes before a backlog, and what a vendor's limit holds back waits in line at that limit's gate in the
// store, lane behind lane, without being tried. A job that is refused for good is parked; most kinds let their lane go on.
//
// The link holds the last state that was passed on, so only differences are: what people change in GitLab stands until somebody acts in
// Slack again, and the other way round. A sweep makes the same events as the socket does, and so does a poll of GitLab: there is no other
// code for catching up.
//
// # Where to read next
//
//	event.go, facts.go, rules.go
//	                          the words
//	accept.go                 from an event to a look that is on disk
//	look.go, gather.go, gathertext.go, gatherback.go
//	                          from a look to facts, from a verdict to jobs
//	decide.go, reactions.go, labels.go, edits.go, apps.go
//	                          all rules for what people do in Slack
//	back.go, tell.go          all rules for what they do in GitLab, and what one person alone is told
//	compose.go                what people get to read
//	work.go, perform.go, finish.go, find.go, action.go
//	                          the loop, what changes the world, and whether it did already
//	edits.go, files.go, assign.go, say.go, twin.go
//	                          the changes that take more than one request
//	retry.go, limits.go, outage.go, ops.go
//	                          the vendors' errors, what follows from each, and who hears of it
//	sweep.go, open.go, compare.go, poll.go, sweepissues.go
//	                          what happened while nobody listened
//	alive.go, catchup.go, gapreport.go
//	                          since when nobody did, and what is told of it
//	lease.go, fence.go
//	                          what several processes must not do at once, nor one of them late
//	lapse.go, recall.go, found.go, takeover.go, rebuild.go
//	                          what was done that the store does not know: it is new, or an old copy
//	explain.go, plan.go, planwords.go
//	                          what people may ask
package bridge
