package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// gapReport is what is told of a gap, once.
type gapReport struct {
	gap       gap // from is zero with a new store; both are if a channel was listed, and nothing was lost
	threads   int // that were looked at
	recovered map[EventKind]int
	firsts    []string // channels that were compared for the first time
	unread    int      // threads that could not be looked at
	unswept   int      // channels that could not be compared
}

// reportGap tells of a gap, if one is made good.
func (b *Bridge) reportGap() {
	r, ok := b.catchUp.end()
	if !ok {
		return
	}
	line := b.log.Info()
	var length time.Duration
	if !r.gap.from.IsZero() {
		length = r.gap.to.Sub(r.gap.from)
		line = line.Time("gap_from", r.gap.from)
	}
	if !r.gap.to.IsZero() {
		line = line.Time("gap_to", r.gap.to).Bool("new_store", length == 0)
	}
	if len(r.firsts) > 0 {
		line = line.Strs("new_channels", r.firsts)
	}
	line.Int("threads", r.threads).Int("given", r.recovered[ReactionAdded]).Int("taken_back", r.recovered[ReactionRemoved]).
		Int("replies", r.recovered[MessagePosted]).Int("edits", r.recovered[MessageEdited]).Int("deletions", r.recovered[MessageDeleted]).
		Int("threads_left", r.unread).Int("channels_left", r.unswept).Str("found", r.found()).Msg("caught up")
	b.meter.CaughtUp(length, r.recovered)
	b.TellOps(r.String())
}

// found says in words what was recovered.
func (r gapReport) found() string {
	var parts []string
	add := func(kind EventKind, one, many string) {
		if n := r.recovered[kind]; n > 0 {
			parts = append(parts, plural(n, one, many))
		}
	}
	add(ReactionAdded, "reaction given", "reactions given")
	add(ReactionRemoved, "reaction taken back", "reactions taken back")
	add(MessagePosted, "reply", "replies")
	add(MessageEdited, "edit", "edits")
	add(MessageDeleted, "deletion", "deletions")
	switch {
	case len(parts) > 0:
		return "recovered " + strings.Join(parts, ", ")
	case r.unread+r.unswept > 0:
		return "nothing found so far"
	}
	return "nothing was missed"
}

// String is the line for ops.
func (r gapReport) String() string {
	const date, clock = "2006-01-02 ", "15:04:05"
	var text string
	switch {
	case r.gap.to.IsZero():
		text = "First look at " + strings.Join(r.firsts, ", ")
	case r.gap.from.IsZero():
		text = "First look at Slack, with a new store"
	default:
		to := r.gap.to.Format(clock)
		if r.gap.from.Format(date) != r.gap.to.Format(date) {
			to = r.gap.to.Format(date + clock)
		}
		text = fmt.Sprintf("Caught up with Slack from %s to %s UTC", r.gap.from.Format(date+clock), to)
		if len(r.firsts) > 0 {
			text += ", and for the first time with " + strings.Join(r.firsts, ", ")
		}
	}
	text += ": " + r.found() + ", " + plural(r.threads, "thread", "threads") + " looked at"
	if r.unread > 0 {
		text += ", " + plural(r.unread, "thread", "threads") + " still to be looked at"
	}
	if r.unswept > 0 {
		text += ", " + plural(r.unswept, "channel", "channels") + " still to be compared"
	}
	return text
}

// recovered notes what a look that a sweep asked for has found, and reports the gap if it was the last.
func (b *Bridge) recovered(ctx context.Context, t Thread, f Facts, v Verdict, hints []Hint) {
	if !b.catchUp.counts(t) || !slices.ContainsFunc(hints, func(h Hint) bool { return h.Swept }) {
		return
	}
	g, _ := b.catchUp.bridging()
	_, again, err := b.store.Read(ctx, sweptKey(t))
	if err != nil {
		b.log.Error().Err(err).Msg("store cannot be read")
	}
	b.catchUp.looked(t, f.recovered(v, hints, g), again)
	b.reportGap()
}

// recovered counts what a look has found to differ from what was passed on, by the kind of event that would have told. What an event did
// tell is not counted, nor what happened after the gap: its event is on its way.
func (f Facts) recovered(v Verdict, hints []Hint, g gap) map[EventKind]int {
	n := map[EventKind]int{}
	link := f.Link
	switch {
	case f.Rules == nil || f.Root == nil && f.Link == nil:
		return n
	case len(v.Actions) > 0 && v.Actions[0].Create != nil:
		link = &v.Actions[0].Create.Link
		f.bornInGap(n, link)
	case f.Link == nil || f.Link.Lost != "":
		return n
	default:
		f.changedInGap(n, v, hints, g)
	}
	copied := *link
	for _, m := range f.newReplies(&copied) {
		before := f.Link == nil && TimeOf(m.TS).Before(g.from) // part of the thread, but nothing that was missed
		if !before && !g.past(m.TS) && !toldBy(hints, m.TS, func(h *Message) bool { return !h.Deleted && h.Edited == "" }) {
			n[MessagePosted]++
		}
	}
	return n
}

// bornInGap counts the reactions with which an issue is born.
func (f Facts) bornInGap(n map[EventKind]int, link *Link) {
	on := map[Given]bool{}
	for _, s := range link.Seen {
		on[s.Given] = true
		if !s.Idle && !f.Fresh[s.Given] {
			n[ReactionAdded]++
		}
	}
	for _, u := range f.acknowledgers() { // on replies too
		g := Given{Emoji: f.Rules.Channel.Acknowledged, User: u}
		if !on[g] && !f.Fresh[g] {
			n[ReactionAdded]++
		}
	}
}

// changedInGap counts what changed in a thread with an issue, beside new replies.
func (f Facts) changedInGap(n map[EventKind]int, v Verdict, hints []Hint, g gap) {
	if f.Root != nil && f.Reactions {
		copied := *f.Link
		for _, s := range f.gone(&copied) {
			if !slices.ContainsFunc(hints, func(h Hint) bool { return h.Taken != nil && *h.Taken == s.Given }) {
				n[ReactionRemoved]++
			}
		}
		for _, s := range f.seenAnew(&copied) {
			if !s.Idle && !f.Fresh[s.Given] {
				n[ReactionAdded]++
			}
		}
	}
	change := func(ts, version string, deleted bool) {
		switch {
		case deleted && !toldBy(hints, ts, func(h *Message) bool { return h.Deleted }):
			n[MessageDeleted]++
		case !deleted && !g.past(version) && !toldBy(hints, ts, func(h *Message) bool { return h.Edited == version }):
			n[MessageEdited]++
		}
	}
	for _, a := range v.Actions {
		if a.Edit != nil {
			change(a.Edit.TS, a.Edit.Version, a.Edit.Version == "")
		}
	}
	if rootChange(f.Root, f.Link) != "" {
		change(f.Root.TS, f.Root.Edited, f.Root.Deleted)
	}
}

// toldBy reports whether an event told of that message what is asked for.
func toldBy(hints []Hint, ts string, what func(*Message) bool) bool {
	return slices.ContainsFunc(hints, func(h Hint) bool { return h.Message != nil && h.Message.TS == ts && what(h.Message) })
}

// past reports whether that ts is after the gap.
func (g gap) past(ts string) bool { return !g.to.IsZero() && TimeOf(ts).After(g.to) }
