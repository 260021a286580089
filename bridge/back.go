package bridge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

// comesBack passes on to Slack what changed in GitLab since the last look, and brings link up to date.
func (f Facts) comesBack(link *Link) (actions []Action, reasons []string) {
	switch {
	case f.Back.Deleted:
		link.Lost = lostDeleted
		return append(f.unsign(link), Action{Card: &ShowCard{}}), []string{"the issue was deleted in GitLab"}
	case f.Back.NotFound:
		link.Lost = lostMoved
		return append(f.unsign(link), Action{Card: &ShowCard{}}), []string{"the issue was moved to where it cannot be read"}
	case f.Back.Moved != nil:
		f.follows(link)
		actions = append(actions, showing(*f.Back.Moved))
		reasons = append(reasons, "the issue was moved to "+link.Issue.Ref)
	case f.Back.Issue != nil:
		now := f.Back.Issue
		if !now.Updated.Before(link.Issue.Updated) { // else an answer to the bridge itself told newer
			told(*now)(link)
			actions = append(actions, showing(*now))
		}
		if link.Polled.Before(now.Updated) {
			link.Polled = now.Updated
		}
	}
	// A comment that came with the closing stands before it.
	for _, part := range []func(*Link) ([]Action, []string){f.notesBack, f.stateBack} {
		more, why := part(link)
		actions, reasons = append(actions, more...), append(reasons, why...)
	}
	return actions, reasons
}

// follows has link go on with what the issue has become in another project.
func (f Facts) follows(link *Link) {
	told(*f.Back.Moved)(link)
	if f.Back.Mine {
		link.written(*f.Back.Moved) // GitLab rewrites what it copies
	}
	link.Since, link.Polled, link.Comments = f.Back.Since, link.Issue.Updated, 0
}

// stateBack passes on that somebody closed or reopened the issue in GitLab.
func (f Facts) stateBack(link *Link) (actions []Action, reasons []string) {
	closed := link.Issue.Closed
	if closed == link.Shown {
		return nil, nil
	}
	link.Shown = closed
	verb := "reopened"
	if closed {
		verb = "closed"
	}
	who := f.Back.Reopener
	if closed {
		who = link.Issue.ClosedBy
	}
	if closed && link.Sign == "" && f.Sign != "" {
		link.Sign = f.Sign
		actions = append(actions, Action{Sign: &Sign{Emoji: f.Sign, On: true}})
	}
	if !closed {
		actions = append(actions, f.unsign(link)...)
		link.Withdrawn = false
	}
	var b markup.SlackBuilder
	if closed {
		b.Text("Closed")
	} else {
		b.Text("Reopened")
	}
	if who != "" && !link.hidden(f.Channel) {
		b.Text(" by ").Add(markup.SlackText(who))
	}
	b.Text(" in ").Add(markup.SlackLink("GitLab", link.Issue.URL)).Text(".")
	key := fmt.Sprintf("state/%s-%d", verb, link.Issue.Updated.UnixMilli())
	return append(actions, Action{Say: &Say{Key: key, Text: b.Slack()}}), []string{verb + " in GitLab"}
}

// unsign takes back the bridge's own sign, if it stands.
func (f Facts) unsign(link *Link) []Action {
	if link.Sign == "" {
		return nil
	}
	emoji := link.Sign
	link.Sign = ""
	return []Action{{Sign: &Sign{Emoji: emoji}}}
}

// notesBack passes on people's comments, their edits and deletions.
func (f Facts) notesBack(link *Link) (actions []Action, reasons []string) {
	show := f.Rules.mirrorsNotes(f.Channel) && !link.hidden(f.Channel)
	there := map[int]bool{}
	said := 0
	for _, n := range f.Back.Notes {
		link.Heard = max(link.Heard, n.ID)
		if n.System || n.Own || n.Bot || n.Internal || n.Created.Before(link.Since) {
			continue
		}
		there[n.ID] = true
		have, known := f.Back.Said[n.ID]
		text := comment(n, link)
		switch {
		case !show, known && (have.Gone || have.Hash == digest([]byte(text.String()))):
			continue
		case !known && n.ID <= f.Link.Heard && !n.Updated.After(f.Link.Polled):
			continue // read before, when it was not to be shown
		}
		said++
		if !known {
			link.Comments++
		}
		actions = append(actions, Action{Say: &Say{Key: commentKey(link.Issue, n.ID), Text: text}})
	}
	if said > 0 {
		reasons = append(reasons, plural(said, "comment in GitLab", "comments in GitLab"))
	}
	if !f.Back.All {
		return actions, reasons
	}
	for _, id := range sortedNotes(f.Back.Said) {
		if !there[id] && !f.Back.Said[id].Gone {
			actions = append(actions, Action{Say: &Say{Key: commentKey(link.Issue, id), Gone: true}})
			reasons = append(reasons, fmt.Sprintf("comment %d is gone from GitLab", id))
		}
	}
	return actions, reasons
}

// commentPrefix begins the keys of an issue's comments among the bridge's replies in a thread: a thread may have had other issues.
func commentPrefix(i Issue) string { return fmt.Sprintf("note/%d/%d/", i.Project, i.IID) }

func commentKey(i Issue, note int) string { return commentPrefix(i) + strconv.Itoa(note) }

// commentOf tells which comment of the issue a reply of that key is; ok is false if it is none.
func commentOf(i Issue, key string) (note int, ok bool) {
	number, ok := strings.CutPrefix(key, commentPrefix(i))
	note, err := strconv.Atoi(number)
	return note, ok && err == nil
}

// isComment reports whether it is a comment that is said.
func (s *Say) isComment() bool { return strings.HasPrefix(s.Key, "note/") }

func sortedNotes(said map[int]saidRecord) []int {
	var ids []int
	for id := range said {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// comment is a person's comment as it stands in the thread.
func comment(n Note, link *Link) markup.Slack {
	url := fmt.Sprintf("%s#note_%d", link.Issue.URL, n.ID)
	project, _, _ := strings.Cut(link.Issue.URL, "/-/")
	var b markup.SlackBuilder
	b.Text("*").Add(markup.SlackText(n.Author)).Text("* ").Add(markup.SlackLink("in GitLab", url)).Text(":")
	return b.Line(markup.FromGitLab(markup.GitLabText{Body: n.Body, Project: project, URL: url})).Slack()
}

// guardAudience makes the issue confidential when its project has become wider than the channel: before anything more is mirrored. It
// does so once, so that a person can decide otherwise.
func (f Facts) guardAudience(link *Link) (actions []Action, reasons []string) {
	if f.Rules.Channel.Audience == agents.AudienceAllow || link.Issue.Confidential || link.Widened || !Wider(f.Project, f.Channel) {
		return nil, nil
	}
	link.Widened, link.Why = true, whyAudience
	return []Action{{Update: &UpdateIssue{Patch: Patch{Confidential: true}}}}, []string{"the project is wider than this channel"}
}
