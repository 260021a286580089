package main

import "slices"

// upshot is what becomes of a piece of work whose request goes wrong.
type upshot string

const (
	comes   upshot = "comes through"   // by itself, whole and once
	waits   upshot = "waits"           // as an outage: /readyz tells, ops are told, and it comes through by itself once that is mended
	parked  upshot = "is parked"       // the agent is told, and `jobs retry` has it come through
	without upshot = "goes on without" // the rest comes through
	refuses upshot = "ends the start"  // exit status 1
)

// expectation is what some misfortunes do to every call of a kind.
type expectation struct {
	of     []string // names of misfortunes
	upshot upshot
	sends  [2]int // how often at least and at most the request that changes something is sent; zero: it may be repeated, or changes nothing
	words  string // for who runs the bridge
}

// kind is a group of calls that meet each misfortune in the same way.
type kind struct {
	name   string
	expect []expectation
}

// Misfortunes that are alike.
var (
	doneUnheard = []string{"done, answer lost", "done, answer without id", "done, answer trickles", "done, answer without end"}
	unheard     = []string{"500 for a minute", "no answer", "a page with 200"}
	limited     = []string{"429 with Retry-After", "429 without"}
	passing     = slices.Concat(doneUnheard, unheard, []string{"connection reset"})
)

const (
	waitsProject = "The project waits and is tried every 30 s; `/readyz` is 503 and names the remedy, ops are told once."
	waitsChannel = "The channel waits and is tried every 30 s; `/readyz` is 503 and names the remedy (mostly: invite the bot), ops are told once."
	waitsAddress = "All of that vendor waits; `/readyz` is 503 and says to correct the address, ops are told. The token is never sent there."
	isParked     = "Parked with the reason: the agent is told in the thread, the card says so, `jobs` lists it, `jobs retry` tries again."
	paced        = "Not asked again before `Retry-After` is over; without one, for 60 s."
	triedAgain   = "Tried again after 1 s, then less and less often, at most every 5 min."
	onceAgain    = "Looked for by its mark. Not there, it is looked for again `GITLAB_SETTLE` after it was sent, and only if it still is not there sent again."
	onceFound    = "Looked for by its mark, and found: it is not sent again."
	harmless     = "Tried again; doing it twice changes nothing."
	nextRound    = "Tried again in the next round; the log says so."
	startsAgain  = "The start goes on asking every 5 s; `/readyz` is 503 until then. What happened meanwhile is made up for."
	endsStart    = "Exit status 1 and one line that says what to correct."
)

// Expectations that several kinds share.
var (
	rateLimited   = expectation{of: limited, upshot: comes, sends: [2]int{2, 2}, words: paced}
	readLimited   = expectation{of: limited, upshot: comes, words: paced}
	goodRefusal   = expectation{of: []string{"refused for good"}, upshot: parked, sends: [2]int{2, 2}, words: isParked}
	readRefusal   = expectation{of: []string{"refused for good"}, upshot: parked, words: isParked}
	ledAway       = expectation{of: []string{"redirect elsewhere"}, upshot: waits, words: waitsAddress}
	found         = expectation{of: doneUnheard, upshot: comes, sends: [2]int{1, 1}, words: onceFound}
	lookedFor     = expectation{of: unheard, upshot: comes, sends: [2]int{2, 2}, words: onceAgain}
	lookedForEach = expectation{of: []string{"connection reset"}, upshot: comes, sends: [2]int{3, 3}, words: onceAgain + " (It is reset twice.)"}
	ledAwayOnce   = expectation{of: []string{"redirect elsewhere"}, upshot: comes, sends: [2]int{2, 10}, words: onceAgain + " The token is never sent there."}
	repeated      = expectation{of: passing, upshot: comes, words: harmless}
	readAgain     = expectation{of: passing, upshot: comes, words: triedAgain}
)

func refused(e upshot, words string) expectation {
	return expectation{of: []string{"refused"}, upshot: e, words: words}
}

// kinds are all of them, in the order of docs/faults.md: the one place that says what happens.
var kinds = []kind{
	{"GitLab: making the issue", []expectation{refused(waits, waitsProject), goodRefusal, rateLimited, found, lookedFor, lookedForEach, ledAwayOnce}},
	{"GitLab: adding a note", []expectation{refused(parked, isParked), goodRefusal, rateLimited, found, lookedFor, lookedForEach, ledAwayOnce}},
	{"GitLab: changing an issue or a note", []expectation{refused(parked, isParked), goodRefusal, rateLimited, repeated, ledAway}},
	{"GitLab: putting a file into the project", []expectation{
		{of: []string{"refused", "refused for good"}, upshot: without, sends: [2]int{1, 1}, words: "The file is not copied: its line links it in Slack and says why."},
		rateLimited, {of: passing, upshot: comes, words: "Tried again; at worst a copy is left that nothing links to."}, ledAway,
	}},
	{"GitLab: looking whether the issue is there already", []expectation{refused(waits, waitsProject), readRefusal, readLimited, readAgain, ledAway}},
	{"GitLab: looking whether the note is there already", []expectation{refused(parked, isParked), readRefusal, readLimited, readAgain, ledAway}},
	{"GitLab: reading project, labels and people", []expectation{refused(waits, waitsProject+" Of people: all of GitLab waits."), readRefusal, readLimited, readAgain, ledAway}},
	{"GitLab: reading an issue and what belongs to it", []expectation{refused(parked, isParked), readRefusal, readLimited, readAgain, ledAway}},
	{"GitLab: reading where a moved issue is now", []expectation{
		refused(without, "The card says that it was moved to where the bridge cannot read; a new acknowledgement makes a new issue."), readRefusal, readLimited, readAgain, ledAway,
	}},
	{"GitLab: polls and sweeps", []expectation{
		refused(waits, waitsProject), {of: []string{"refused for good"}, upshot: comes, words: nextRound}, readLimited, {of: passing, upshot: comes, words: nextRound}, ledAway,
	}},
	{"GitLab: who the bridge is, at the start", []expectation{
		{of: []string{"refused", "refused for good", "redirect elsewhere"}, upshot: refuses, words: endsStart}, {of: limited, upshot: comes, words: paced}, {of: passing, upshot: comes, words: startsAgain},
	}},
	{"GitLab: what the token may do, at the start", []expectation{
		{of: []string{"refused", "refused for good"}, upshot: comes, words: "Goes on: tokens of some kinds do not tell."},
		{of: limited, upshot: comes, words: paced}, {of: passing, upshot: comes, words: startsAgain}, {of: []string{"redirect elsewhere"}, upshot: refuses, words: endsStart},
	}},
	{"Slack: posting into a thread", []expectation{refused(waits, waitsChannel), goodRefusal, rateLimited, found, lookedFor, lookedForEach, ledAwayOnce}},
	{"Slack: changing what the bridge posted, and its reaction", []expectation{refused(waits, waitsChannel), {of: goodRefusal.of, upshot: parked, words: isParked}, readLimited, repeated, ledAway}},
	{"Slack: telling one person", []expectation{
		refused(waits, waitsChannel),
		{of: []string{"refused for good", "500 for a minute", "no answer", "a page with 200", "connection reset", "redirect elsewhere"}, upshot: without, sends: [2]int{1, 1},
			words: "It may have been shown and nobody can look: it is not told again."},
		rateLimited, {of: doneUnheard, upshot: comes, sends: [2]int{1, 1}, words: "It was shown, and is not told again."},
	}},
	{"Slack: telling ops", []expectation{
		refused(comes, "Tried every 30 s until it can be posted."), {of: []string{"refused for good"}, upshot: without, words: "The log says it alone."},
		readLimited, {of: append(slices.Clone(passing), "redirect elsewhere"), upshot: comes, words: "Tried again; once too often does no harm there."},
	}},
	{"Slack: looking whether a reply is there already", []expectation{refused(waits, waitsChannel), readRefusal, readLimited, readAgain, ledAway}},
	{"Slack: reading threads, reactions and channels", []expectation{refused(waits, waitsChannel), readRefusal, readLimited, readAgain, ledAway}},
	{"Slack: reading names", []expectation{refused(comes, "Goes on; the name stays an ID."), readRefusal, readLimited, readAgain, ledAway}},
	{"Slack: asking about a file", []expectation{
		{of: []string{"refused", "refused for good"}, upshot: without, words: "The file is not copied: its line says why."}, readLimited, readAgain, ledAway,
	}},
	{"Slack: reading a file", []expectation{
		{of: []string{"refused", "refused for good", "a page with 200", "redirect elsewhere", "done, answer without end"}, upshot: without,
			words: "The file is not copied: its line links it in Slack and says why. No more than `MAX_FILE_SIZE` is read, and the token is never sent elsewhere."},
		readLimited,
		{of: []string{"done, answer lost", "done, answer without id", "done, answer trickles", "500 for a minute", "no answer", "connection reset"}, upshot: comes, words: triedAgain},
	}},
	{"Slack: sweeps", []expectation{
		refused(waits, waitsChannel), {of: []string{"refused for good"}, upshot: comes, words: nextRound}, readLimited, {of: passing, upshot: comes, words: nextRound}, ledAway,
	}},
	{"Slack: who the bridge is, and its sockets, at the start", []expectation{
		{of: []string{"refused", "redirect elsewhere"}, upshot: refuses, words: endsStart},
		{of: []string{"refused for good"}, upshot: comes, words: startsAgain}, {of: limited, upshot: comes, words: paced}, {of: passing, upshot: comes, words: startsAgain},
	}},
	{"Slack: what the bridge can do without, at the start", []expectation{
		refused(comes, "Goes on without; the log says so."), {of: []string{"redirect elsewhere"}, upshot: refuses, words: endsStart},
		{of: []string{"refused for good"}, upshot: comes, words: startsAgain}, {of: limited, upshot: comes, words: paced}, {of: passing, upshot: comes, words: startsAgain},
	}},
}

// expected finds what a misfortune has to do to calls of a kind; false: the table does not say, or says it twice.
func expected(name, misfortune string) (e expectation, once bool) {
	n := 0
	for _, k := range kinds {
		for _, x := range k.expect {
			if k.name == name && slices.Contains(x.of, misfortune) {
				e = x
				n++
			}
		}
	}
	return e, n == 1
}
