package bridge

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// mirrorPage is how many records of mirrored replies are read at once.
const mirrorPage = 1000

// gather reads the facts of one thread, from Slack only what neither the hints nor the store tell.
func (b *Bridge) gather(ctx context.Context, t Thread, hints []Hint) (f Facts, err error) {
	f = Facts{Now: time.Now().UTC(), Thread: t, Rules: b.rules(t.Channel), Undo: b.config.Undo,
		Fresh: map[Given]bool{}, Taken: map[Given]time.Time{}, Mirrored: map[string]mirror{}, Told: map[string]bool{}, Files: map[string]fileRecord{}}
	if f.Rules == nil {
		return f, nil
	}
	if f.Link, _, err = b.link(ctx, t); err != nil {
		return f, err
	}
	for _, h := range hints {
		if h.Fresh != nil {
			f.Fresh[*h.Fresh] = true
		}
		if h.Taken != nil && !h.At.IsZero() {
			f.Taken[*h.Taken] = h.At
		}
	}
	if f.Link == nil {
		err = b.gatherNew(ctx, &f)
	} else {
		err = b.gatherKnown(ctx, &f, hints)
	}
	if err != nil {
		return f, err
	}
	if f.Link != nil || f.Root != nil {
		f.carried(hints)
	}
	if err := b.gatherTold(ctx, &f); err != nil {
		return f, err
	}
	if f.Root == nil && len(f.Replies) == 0 {
		return f, nil
	}
	if err := b.gatherMirrored(ctx, &f); err != nil {
		return f, err
	}
	if err := b.gatherFiles(ctx, &f); err != nil {
		return f, err
	}
	return f, b.gatherNames(ctx, &f)
}

// gatherTold reads what persons were told in this thread.
func (b *Bridge) gatherTold(ctx context.Context, f *Facts) error {
	records, err := b.store.List(ctx, toldPrefix(f.Thread), "", mirrorPage)
	for _, r := range records {
		f.Told[strings.TrimPrefix(r.Key, toldPrefix(f.Thread))] = true
	}
	return err
}

// gatherFiles reads what became of the files of messages that were edited.
func (b *Bridge) gatherFiles(ctx context.Context, f *Facts) error {
	if f.Link == nil {
		return nil
	}
	messages := f.Replies
	if f.Root != nil {
		messages = append([]Message{*f.Root}, messages...)
	}
	for _, m := range messages {
		if m.Edited == "" || m.Edited == f.Mirrored[m.TS].Version {
			continue
		}
		for _, file := range m.Content.Files {
			have, err := b.copied(ctx, f.Thread, file.ID, f.Link.Issue.Project)
			if err != nil {
				return err
			}
			f.Files[file.ID] = have
		}
	}
	return nil
}

// gatherNew reads a thread without an issue: all of it, since all of it counts.
func (b *Bridge) gatherNew(ctx context.Context, f *Facts) error {
	if err := b.readThread(ctx, f); err != nil || f.Root == nil || f.Root.Reply() {
		return err
	}
	var err error
	if f.Channel, err = b.slack.Channel(ctx, f.Thread.Channel); err != nil {
		return err
	}
	f.Project, err = b.gitlab.Project(ctx, f.Rules.Channel.Project)
	return err
}

// gatherKnown reads of a thread with an issue what the hints ask for.
func (b *Bridge) gatherKnown(ctx context.Context, f *Facts, hints []Hint) error {
	var err error
	if f.Before, err = b.meaningsBefore(ctx, f); err != nil {
		return err
	}
	if err := b.gatherAround(ctx, f); err != nil {
		return err
	}
	if err := b.gatherBack(ctx, f, hints); err != nil {
		return err
	}
	reactions := slices.ContainsFunc(hints, func(h Hint) bool { return h.Reactions })
	if slices.ContainsFunc(hints, func(h Hint) bool { return h.Whole }) || f.Link.Lost != "" && reactions {
		return b.readThread(ctx, f)
	}
	if reactions {
		m, found, err := b.slack.Reactions(ctx, f.Thread)
		if err != nil {
			return err
		}
		b.works(slackScopes(f.Thread))
		if found {
			f.Root, f.Reactions = &m, true
		}
	}
	return nil
}

// gatherAround reads who can see channel and project, which is cached.
func (b *Bridge) gatherAround(ctx context.Context, f *Facts) (err error) {
	if f.Channel, err = b.slack.Channel(ctx, f.Thread.Channel); err != nil {
		return err
	}
	f.Project, err = b.gitlab.Project(ctx, f.Rules.Channel.Project)
	if err == nil && f.Link.Lost == "" && f.Link.Issue.Project != f.Project.ID {
		f.Project, err = b.gitlab.Project(ctx, strconv.Itoa(f.Link.Issue.Project))
	}
	for _, emoji := range f.Rules.Channel.Resolved {
		if b.slack.HasEmoji(emoji) {
			f.Sign = emoji
			break
		}
	}
	return err
}

// meaningsBefore gives what the agents file meant at the last look, if that was something else.
func (b *Bridge) meaningsBefore(ctx context.Context, f *Facts) (*Meanings, error) {
	if f.Link.Meanings == f.Rules.hash() {
		return nil, nil
	}
	var m Meanings
	_, err := b.store.Get(ctx, meaningsKey(f.Link.Meanings), &m)
	return &m, err
}

// hash names the meanings in force.
func (r *Rules) hash() string {
	raw, err := marshal(r.meanings())
	if err != nil {
		panic("bridge: meanings cannot be encoded: " + err.Error())
	}
	return digest(raw)
}

// readThread reads the whole thread, and the reactions once more if Slack cut a list of users that matters.
func (b *Bridge) readThread(ctx context.Context, f *Facts) error {
	messages, err := b.slack.Messages(ctx, f.Thread)
	if err != nil {
		return err
	}
	b.works(slackScopes(f.Thread))
	if len(messages) == 0 || messages[0].TS != f.Thread.TS {
		return nil
	}
	f.Root, f.Replies, f.Whole, f.Reactions = &messages[0], messages[1:], true, true
	m := f.Rules.meanings()
	for _, r := range f.Root.Reactions {
		if len(r.Users) >= r.Count || !m.mentions(r.Emoji) {
			continue
		}
		full, found, err := b.slack.Reactions(ctx, f.Thread)
		if found {
			f.Root.Reactions = full.Reactions
		}
		return err
	}
	return nil
}

// mentions reports whether the emoji has a meaning.
func (m Meanings) mentions(emoji string) bool {
	return emoji == m.Acknowledged || slices.Contains(m.Resolved, emoji) || slices.Contains(m.Reopened, emoji) || slices.Contains(m.Labels, emoji)
}

// carried adds what events brought along and no reading has shown. Of one message the last edit counts, and a deletion more: a reading
// that was made before it does not know.
func (f *Facts) carried(hints []Hint) {
	for _, h := range hints {
		if h.Message == nil {
			continue
		}
		if !h.Message.Reply() && h.Message.TS == f.Thread.TS {
			f.carriedRoot(h.Message)
			continue
		}
		i := slices.IndexFunc(f.Replies, func(m Message) bool { return m.TS == h.Message.TS })
		switch {
		case i < 0:
			f.Replies = append(f.Replies, *h.Message)
		case newer(h.Message, &f.Replies[i]):
			f.Replies[i] = *h.Message
		}
	}
}

// carriedRoot takes over an edit or the deletion of the first message.
func (f *Facts) carriedRoot(m *Message) {
	switch {
	case f.Root == nil:
		root := *m
		f.Root = &root
	case newer(m, f.Root):
		root := *m
		root.Reactions = f.Root.Reactions
		f.Root = &root
	}
}

// newer reports whether m shows a later state of the message than o.
func newer(m, o *Message) bool {
	switch {
	case o.Deleted:
		return false
	case m.Deleted:
		return true
	}
	return m.Edited != "" && (o.Edited == "" || before(o.Edited, m.Edited))
}

// gatherMirrored finds out which of the replies have their note already.
func (b *Bridge) gatherMirrored(ctx context.Context, f *Facts) error {
	if f.Link == nil {
		return nil
	}
	if !f.Whole {
		for _, m := range f.Replies {
			r, found, err := b.store.Read(ctx, mirrorKey(f.Thread, m.TS))
			if err == nil && found {
				err = f.mirrored(m.TS, r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	for after := ""; ; {
		page, err := b.store.List(ctx, mirrorPrefix(f.Thread), after, mirrorPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Key
			if err := f.mirrored(strings.TrimPrefix(r.Key, mirrorPrefix(f.Thread)), r); err != nil {
				return err
			}
		}
		if len(page) < mirrorPage {
			return nil
		}
	}
}

// mirrored takes in the record of a reply, if it is of the issue that is there now. What was deleted is so for the next one too.
func (f *Facts) mirrored(ts string, r store.Record) error {
	var m mirror
	if err := r.Decode(&m); err != nil {
		return err
	}
	if m.Gone || m.Round == f.Link.Round && f.Link.Lost == "" {
		f.Mirrored[ts] = m
	}
	return nil
}

// gatherNames looks up whom the text to be mirrored names, and fills in the permalinks.
func (b *Bridge) gatherNames(ctx context.Context, f *Facts) error {
	var users, channels, groups []string
	want := func(m *Message) {
		m.Permalink = b.slack.Permalink(f.Thread.Channel, m.TS, f.Thread.TS)
		u, c, g := markup.Mentioned(m.Content)
		users, channels, groups = append(users, u...), append(channels, c...), append(groups, g...)
		if m.App == "" && m.User != "" {
			users = append(users, m.User)
		}
	}
	switch {
	case f.Root == nil:
	case f.Link == nil || f.Link.Lost != "":
		if agents := f.acknowledgers(); len(agents) > 0 {
			want(f.Root)
			users = append(users, agents[0])
		}
	case f.Root.Deleted && !f.Link.Deleted, f.Root.Edited != "" && f.Root.Edited != f.Link.Version:
		want(f.Root)
		users = append(users, f.Link.By, f.Link.Requester)
	}
	for i := range f.Replies {
		if m := &f.Replies[i]; !m.Own && f.toShow(m) && (f.Link != nil || users != nil) {
			want(m)
		}
	}
	var err error
	users = slices.DeleteFunc(users, func(u string) bool { return u == "" })
	if len(users)+len(channels)+len(groups) > 0 {
		f.Names, err = b.slack.Names(ctx, unique(users), unique(channels), unique(groups))
	}
	f.Names.Host = b.config.GitLabHost
	if f.Rules.Channel.MentionAgents {
		f.Names.Mention = map[string]string{}
		for id, a := range f.Rules.Agents {
			f.Names.Mention[id] = a.GitLabUsername
		}
	}
	return err
}

// toShow reports whether the reply's text is to be written somewhere.
func (f *Facts) toShow(m *Message) bool {
	have, known := f.Mirrored[m.TS]
	if !known {
		return !m.Deleted
	}
	return !have.Gone && !have.Left && (m.Deleted || m.Edited != have.Version)
}
