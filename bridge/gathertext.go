package bridge

import (
	"context"
	"slices"
	"strings"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

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
		m.Content.Files = addressed(m.Content.Files, m.Permalink)
		u, c, g := markup.Mentioned(m.Content)
		users, channels, groups = append(users, u...), append(channels, c...), append(groups, g...)
		if m.App == "" && m.User != "" {
			users = append(users, m.User)
		}
	}
	switch {
	case f.Root == nil:
	case f.Found != nil:
		want(f.Root)
		users = append(users, f.acknowledgers()...)
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
		if m := &f.Replies[i]; !m.Own && f.toShow(m) && (f.Link != nil || f.Found != nil || users != nil) {
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

// addressed gives each file an address of its own, by which its line is found again: of another company's file Slack tells none, so it is
// the message's.
func addressed(files []markup.File, permalink string) []markup.File {
	out := slices.Clone(files)
	for i := range out {
		if out[i].Permalink == "" && out[i].ID != "" && permalink != "" {
			out[i].Permalink = permalink + "#" + out[i].ID
		}
	}
	return out
}
