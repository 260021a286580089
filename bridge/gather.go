package bridge

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
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
		f.markedReplies()
		return f, nil
	}
	if err := b.gatherMirrored(ctx, &f); err != nil {
		return f, err
	}
	f.markedReplies()
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

// gatherNew reads a thread without an issue: all of it, since all of it counts.
func (b *Bridge) gatherNew(ctx context.Context, f *Facts) error {
	if err := b.readThread(ctx, f); err != nil || f.Root == nil || f.Root.Reply() {
		return err
	}
	var err error
	if f.Channel, err = b.slack.Channel(ctx, f.Thread.Channel); err != nil {
		return err
	}
	if f.Project, err = b.gitlab.Project(ctx, f.Rules.Channel.Project); err != nil {
		return err
	}
	f.Sign = b.sign(f.Rules)
	return b.gatherNoted(ctx, f)
}

// gatherNoted reads what there is of the issue that was found for the thread, if one was.
func (b *Bridge) gatherNoted(ctx context.Context, f *Facts) error {
	r, at, err := b.foundFor(ctx, f)
	if err != nil || len(at) == 0 {
		return err
	}
	if err := b.gatherFound(ctx, f, r); err != nil {
		return err
	}
	f.Found.Records = at
	return nil
}

// sign is the emoji of the bridge's own for a closed issue; empty: the workspace has none.
func (b *Bridge) sign(r *Rules) string {
	for _, emoji := range r.Channel.Resolved {
		if b.slack.HasEmoji(emoji) {
			return emoji
		}
	}
	return ""
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
	if f.Link.Lost == "" && b.lapse.Load().hides(f.Link) {
		if err := b.readThread(ctx, f); err != nil {
			return err
		}
		return b.gatherFound(ctx, f, foundRecord{Project: f.Link.Issue.Project, IID: f.Link.Issue.IID, Ref: f.Link.Issue.Ref, URL: f.Link.Issue.URL})
	}
	if f.Link.Lost != "" && b.lapse.Load().hides(f.Link) { // it may have got another
		if _, noted, err := b.store.Read(ctx, foundKey(f.Thread)); err != nil || noted {
			if err == nil {
				err = b.readThread(ctx, f)
			}
			if err != nil || f.Root == nil {
				return err
			}
			return b.gatherNoted(ctx, f)
		}
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
	f.Sign = b.sign(f.Rules)
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
	for _, r := range f.Root.Reactions {
		if len(r.Users) >= r.Count || !f.Rules.mentions(r.Emoji) {
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
