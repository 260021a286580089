package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// edits follows what became of replies that have their note.
func (f Facts) edits() (actions []Action, reasons []string) {
	edited, deleted := 0, 0
	for i := range f.Replies {
		m := &f.Replies[i]
		have, ok := f.Mirrored[m.TS]
		switch {
		case !ok, have.Gone, have.Left:
		case m.Deleted:
			deleted++
			actions = append(actions, Action{Edit: f.deletion(m)})
		case m.Edited != "" && (have.Version == "" || before(have.Version, m.Edited)):
			edited++
			actions = append(actions, Action{Edit: f.edit(m)})
			actions = append(actions, f.copies([]Message{*m})...)
		}
	}
	if edited > 0 {
		reasons = append(reasons, plural(edited, "reply edited", "replies edited"))
	}
	if deleted > 0 {
		reasons = append(reasons, plural(deleted, "reply deleted", "replies deleted"))
	}
	return actions, reasons
}

// edit is what becomes of a note when its message was edited.
func (f Facts) edit(m *Message) *EditNote {
	e := &EditNote{TS: m.TS, Version: m.Edited}
	if f.Rules.Channel.Edits == agents.EditsFreeze {
		e.Remark = remarkEdited()
		return e
	}
	e.Part = f.reply(m, "")
	e.Else = f.again(m, f.reply(m, "edited"))
	return e
}

// deletion is what becomes of a note when its message was deleted.
func (f Facts) deletion(m *Message) *EditNote {
	if f.Rules.Channel.Edits == agents.EditsFreeze {
		return &EditNote{TS: m.TS, Remark: remarkDeleted()}
	}
	return &EditNote{TS: m.TS, Part: f.reply(m, "")}
}

func remarkEdited() markup.GitLab {
	var b markup.Builder
	return b.Text("edited in Slack").GitLab()
}

func remarkDeleted() markup.GitLab {
	var b markup.Builder
	return b.Text("deleted in Slack").GitLab()
}

// again is a note of its own for a message that has one already.
func (f Facts) again(m *Message, part markup.GitLab) markup.GitLab {
	var b markup.Builder
	b.Line(part)
	b.Mark("messages", []string{Thread{f.Thread.Channel, m.TS}.String() + editSuffix(m.Edited)})
	return b.GitLab()
}

// editSuffix is what tells the mark of an edit's own note from that of the message's.
func editSuffix(version string) string { return "#e" + version }

// rootChange says what became of the first message since it was passed on; empty: nothing.
func rootChange(m *Message, link *Link) string {
	switch {
	case m == nil, link.Deleted:
		return ""
	case m.Deleted:
		return "first message deleted"
	case m.Edited != "" && (link.Version == "" || before(link.Version, m.Edited)):
		return "first message edited"
	}
	return ""
}

// rootEdit follows what became of the first message.
func (f Facts) rootEdit(link *Link) (actions []Action, reason string) {
	m := f.Root
	if reason = rootChange(m, link); reason == "" {
		return nil, ""
	}
	if link.Deleted = m.Deleted; !m.Deleted {
		link.Version = m.Edited
	}
	w := &RewriteIssue{Version: m.Edited}
	switch {
	case f.Rules.Channel.Edits != agents.EditsFreeze:
		w.Title = f.title(link)
		w.Description, _ = f.description(link)
		if m.Deleted {
			w.Part = f.reply(m, "")
		} else {
			w.Else = f.again(m, f.reply(m, "edited"))
		}
	case m.Deleted:
		w.Remark = remarkDeleted()
	default:
		w.Remark = remarkEdited()
	}
	return append([]Action{{Rewrite: w}}, f.copies([]Message{*m})...), reason
}

// editNote changes one message's part of its note as it is in GitLab now. What people have changed around it stays.
func (b *Bridge) editNote(ctx context.Context, t Thread, e *EditNote, link *Link) (outcome, error) {
	if e.Version == "" {
		if err := b.erase(ctx, t, e.TS, e.Part, link); err != nil {
			return outcome{}, err
		}
	}
	number, err := b.noteOf(ctx, t, e.TS)
	if err != nil || number == 0 {
		return outcome{}, err
	}
	note, err := b.gitlab.Note(ctx, link.Issue.Project, link.Issue.IID, number)
	if err != nil {
		return outcome{}, err
	}
	permalink := b.slack.Permalink(t.Channel, e.TS, t.TS)
	var body markup.GitLab
	var found bool
	if e.Part.String() != "" {
		body, found = markup.ReplacePart(note.Body, permalink, e.Part)
	} else {
		body, found = markup.MarkPart(note.Body, permalink, e.Remark)
	}
	switch {
	case !found && e.Else.String() != "":
		return outcome{deed: "a person has changed the note: the edit becomes one of its own", then: []Action{{Note: &AddNote{
			Messages: []string{e.TS + editSuffix(e.Version)}, Body: e.Else, Round: link.Round}}}}, nil
	case !found:
		return outcome{deed: "a person has changed the note: it stays"}, nil
	case body.String() == note.Body:
		return outcome{}, nil
	}
	err = b.gitlab.UpdateNote(ctx, link.Issue.Project, link.Issue.IID, number, body)
	return outcome{deed: fmt.Sprintf("edited note %d", number)}, err
}

// erase takes the text of a deleted message out of the notes that it has beside its place: of its edits, and in which it went on.
func (b *Bridge) erase(ctx context.Context, t Thread, ts string, part markup.GitLab, link *Link) error {
	records, err := b.store.List(ctx, mirrorKey(t, ts)+"#", "", mirrorPage)
	if err != nil || part.String() == "" {
		return err
	}
	for _, r := range records {
		var m mirror
		if err := r.Decode(&m); err != nil {
			return err
		}
		if m.Note == 0 || m.Round != link.Round {
			continue
		}
		note, err := b.gitlab.Note(ctx, link.Issue.Project, link.Issue.IID, m.Note)
		if errors.Is(err, ErrGone) {
			continue
		} else if err != nil {
			return err
		}
		body, found := markup.ReplacePart(note.Body, b.slack.Permalink(t.Channel, ts, t.TS), part)
		if !found || body.String() == note.Body {
			continue
		}
		if err := b.gitlab.UpdateNote(ctx, link.Issue.Project, link.Issue.IID, m.Note, body); err != nil {
			return err
		}
	}
	return nil
}

// noteOf tells which note carries a message; 0: none does or will, since a person has dropped the job that was to add it.
func (b *Bridge) noteOf(ctx context.Context, t Thread, ts string) (number int, err error) {
	var m mirror
	if _, err := b.store.Get(ctx, mirrorKey(t, ts), &m); err != nil || m.Note != 0 {
		return m.Note, err
	}
	jobs, err := b.store.ThreadJobs(ctx, t.String()+"/note/")
	for _, j := range jobs {
		if _, a, err := decode(j); err == nil && a.Note != nil && slices.Contains(a.Note.Messages, ts) {
			return 0, &Never{Err: errors.New("the message has no note"), Remedy: "have the job tried again that was to add it"}
		}
	}
	return 0, err
}

// rewrite changes title and description, unless a person has.
func (b *Bridge) rewrite(ctx context.Context, t Thread, w *RewriteIssue, link *Link) (outcome, error) {
	issue, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
	if err != nil {
		return outcome{}, err
	}
	if err := b.erase(ctx, t, t.TS, w.Part, link); err != nil {
		return outcome{}, err
	}
	patch := Patch{Title: w.Title, Description: &w.Description}
	switch {
	case w.Remark.String() != "":
		body, found := markup.MarkPart(issue.Description, b.slack.Permalink(t.Channel, t.TS, t.TS), w.Remark)
		if !found {
			return outcome{deed: "a person has changed the description: it stays"}, nil
		}
		patch = Patch{Description: &body}
	case !link.authored(issue) && w.Else.String() != "":
		return outcome{deed: "a person has changed title or description: the edit becomes a note", then: []Action{{Note: &AddNote{
			Messages: []string{t.TS + editSuffix(w.Version)}, Body: w.Else, Round: link.Round}}}}, nil
	default:
		patch = link.unchanged(patch, issue)
	}
	if patch.empty() {
		return outcome{deed: "a person has changed title and description: they stay"}, nil
	}
	return b.write(ctx, t, patch, issue, link)
}

// write changes title or description of an issue, and remembers both as the bridge's own if they were.
func (b *Bridge) write(ctx context.Context, t Thread, patch Patch, was Issue, link *Link) (outcome, error) {
	mine := link.authored(was)
	if mine {
		if err := b.intend(ctx, t, was, bothDigest(cmp.Or(patch.Title, was.Title), patch.Description.String())); err != nil {
			return outcome{}, err
		}
	}
	issue, err := b.gitlab.UpdateIssue(ctx, link.Issue.Project, link.Issue.IID, patch)
	tell := told(issue)
	return outcome{deed: "rewrote " + link.Issue.Ref, then: []Action{showing(issue)}, link: func(l *Link) {
		tell(l)
		if mine {
			l.written(issue)
		}
	}}, err
}

// intend writes down what title and description are and what they will be, before they are sent: whichever is found there later is the
// bridge's own.
func (b *Bridge) intend(ctx context.Context, t Thread, was Issue, next string) error {
	for {
		link, raw, err := b.link(ctx, t)
		if err != nil || link == nil {
			return err
		}
		link.written(was)
		link.Next = next
		c := b.store.Change()
		c.Guard(linkKey(t), raw)
		putLink(c, t, link, link.open())
		if err := b.store.Commit(ctx, c); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}
