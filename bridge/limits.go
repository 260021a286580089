package bridge

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"

	"slack-gitlab-bridge/store"
)

// limits remembers which limit of a vendor held back which kind of request. Others of the kind then get in line at its gate in the store
// before anything is written down or sent for them. Its zero value is ready.
type limits struct {
	mu sync.Mutex
	of map[string]string // by route
}

// learn takes note of an error that came of sending, if a limit was the reason.
func (l *limits) learn(route string, err error) {
	if said := new(answer); errors.As(err, &said) {
		l.set(route, limitOf(err))
	}
}

func (l *limits) set(route, limit string) {
	if route == "" || limit == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]string{}
	}
	l.of[route] = limit
}

// gate is where a request of that kind may have to wait; empty: nowhere, as far as is known.
func (l *limits) gate(route string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[route]
}

// waited has it counted if a vendor's limit was the reason.
func (b *Bridge) waited(kind string, err error) {
	if later, ok := errors.AsType[*Later](err); ok {
		b.meter.Waited(kind, later.After)
	}
}

// route names the kind of request that the action makes, as far as that is known beforehand: a look may make any, or none.
func (a Action) route(t Thread, said saidRecord) string {
	switch {
	case a.Look != nil:
		return ""
	case a.Say != nil && a.Say.Gone:
		return "delete"
	case a.Card != nil || a.Say != nil:
		if said.TS == "" {
			return "post to " + t.Channel
		}
		return "show"
	}
	return a.Kind()
}

// recallLimits learns from the jobs that were told to wait before the start.
func (b *Bridge) recallLimits(ctx context.Context) {
	for _, key := range b.store.Gated() {
		job, found, err := b.store.Job(ctx, key)
		if err != nil && ctx.Err() == nil {
			b.log.Error().Err(err).Msg("store cannot be read")
		}
		if !found {
			continue
		}
		t, a, bad := decode(job)
		if _, said, unread := b.known(ctx, t, a); bad == nil && unread == nil {
			b.limits.set(a.route(t, said), job.Gate)
		}
	}
}

// queues gets a job in line that a limit would hold back, and reports whether it did. One whose outcome is unknown asks for something else
// first.
func (b *Bridge) queues(job store.Job, route string) bool {
	gate := b.limits.gate(route)
	return gate != "" && job.Begun.IsZero() && b.store.Join(job.Lane, gate)
}

// held reports whether the action, not sent before, would have to get in line.
func (b *Bridge) held(t Thread, a Action) bool {
	gate := b.limits.gate(a.route(t, saidRecord{}))
	return gate != "" && b.store.Closed(gate)
}

// explained adds to jobs what is known in memory alone of why they wait, and until when, and the addresses of their threads.
func (b *Bridge) explained(ctx context.Context, list []Waiting) ([]Waiting, error) {
	down := len(b.outages.list()) > 0
	for i := range list {
		w := &list[i]
		w.Permalink = b.threadLink(w.ID)
		if w.State == "parked" {
			continue
		}
		if gate, until := b.store.WaitsAt(w.ID); gate != "" {
			w.Due, w.Reason = until, cmp.Or(w.Reason, "in line for "+gate)
		}
		if w.Reason != "" || !down {
			continue
		}
		job, found, err := b.store.Job(ctx, w.ID)
		if err != nil {
			return nil, err
		}
		t, a, bad := decode(job)
		if !found || bad != nil {
			continue
		}
		link, _, err := b.link(ctx, t)
		if err != nil {
			return nil, err
		}
		w.Reason = b.outages.reason(b.scopes(a, t, link))
	}
	return list, nil
}

// threadLink gives the address in Slack of the thread that a job is about; empty: it is about none, or Slack has not told the workspace's
// address yet.
func (b *Bridge) threadLink(id string) string {
	t, ok := threadOf(id)
	if !ok {
		return ""
	}
	link := b.slack.Permalink(t.Channel, t.TS, t.TS)
	if !strings.Contains(link, "://") {
		return ""
	}
	return link
}
