package bridge

import (
	"context"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/markup"
)

// mirrorPage is how many records of mirrored replies are read at once.
const mirrorPage = 1000

// gather reads the facts of one thread, from Slack only what neither the hints nor the store tell.
func (b *Bridge) gather(ctx context.Context, t Thread, hints []Hint) (f Facts, err error) {
	f = Facts{Now: time.Now().UTC(), Thread: t, Rules: b.rules(t.Channel), Fresh: map[Given]bool{}, Mirrored: map[string]bool{}}
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
	if f.Root == nil && len(f.Replies) == 0 {
		return f, nil
	}
	if err := b.gatherMirrored(ctx, &f); err != nil {
		return f, err
	}
	return f, b.gatherNames(ctx, &f)
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
	if slices.ContainsFunc(hints, func(h Hint) bool { return h.Whole }) {
		return b.readThread(ctx, f)
	}
	if slices.ContainsFunc(hints, func(h Hint) bool { return h.Reactions }) {
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

// carried adds the replies that events brought along and that no reading has shown.
func (f *Facts) carried(hints []Hint) {
	for _, h := range hints {
		if h.Message == nil || slices.ContainsFunc(f.Replies, func(m Message) bool { return m.TS == h.Message.TS }) {
			continue
		}
		f.Replies = append(f.Replies, *h.Message)
	}
}

// gatherMirrored finds out which of the replies have their note already.
func (b *Bridge) gatherMirrored(ctx context.Context, f *Facts) error {
	if f.Link == nil {
		return nil
	}
	if !f.Whole {
		for _, m := range f.Replies {
			_, found, err := b.store.Read(ctx, mirrorKey(f.Thread, m.TS))
			if err != nil {
				return err
			}
			f.Mirrored[m.TS] = found
		}
		return nil
	}
	for after := ""; ; {
		page, err := b.store.List(ctx, mirrorPrefix(f.Thread), after, mirrorPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			f.Mirrored[strings.TrimPrefix(r.Key, mirrorPrefix(f.Thread))] = true
			after = r.Key
		}
		if len(page) < mirrorPage {
			return nil
		}
	}
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
	if f.Link == nil && f.Root != nil && len(f.acknowledgers()) > 0 {
		want(f.Root)
		users = append(users, f.acknowledgers()[0])
	}
	for i := range f.Replies {
		if m := &f.Replies[i]; !m.Own && !m.Deleted && !f.Mirrored[m.TS] && (f.Link != nil || users != nil) {
			want(m)
		}
	}
	var err error
	if len(users)+len(channels)+len(groups) > 0 {
		f.Names, err = b.slack.Names(ctx, unique(users), unique(channels), unique(groups))
	}
	f.Names.Host = b.config.GitLabHost
	return err
}
