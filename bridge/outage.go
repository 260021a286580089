package bridge

import (
	"sort"
	"strconv"
	"sync"
	"time"
)

// Down is one scope in which nothing works at present.
type Down struct {
	Scope  string    `json:"scope"`
	Reason string    `json:"reason"` // with the remedy
	Since  time.Time `json:"since"`
}

// outages remembers what is down as a whole, so that the work in its scope waits instead of failing piece by piece. Its zero value is ready.
type outages struct {
	mu   sync.Mutex
	down map[string]*outageEntry
}

type outageEntry struct {
	Down
	probe time.Time // when the next attempt in the scope is let through
}

// began notes an outage and reports whether it is news.
func (o *outages) began(e *Outage) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down == nil {
		o.down = map[string]*outageEntry{}
	}
	entry := o.down[e.Scope]
	news := entry == nil
	if news {
		entry = &outageEntry{Down: Down{Scope: e.Scope, Since: time.Now().UTC()}}
		o.down[e.Scope] = entry
	}
	entry.Reason, entry.probe = e.Error(), time.Now().Add(probeEvery)
	return news
}

// until says until when work in these scopes has to wait; zero: it may be tried, and is then the one that tries for all.
func (o *outages) until(scopes []string) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	for _, s := range scopes {
		if e := o.down[s]; e != nil && e.probe.After(now) {
			return e.probe
		}
	}
	for _, s := range scopes {
		if e := o.down[s]; e != nil {
			e.probe = now.Add(probeEvery)
		}
	}
	return time.Time{}
}

// over ends the outages of these scopes, in which something has just worked, and returns those that were down.
func (o *outages) over(scopes []string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ended []string
	for _, s := range scopes {
		if o.down[s] != nil {
			delete(o.down, s)
			ended = append(ended, s)
		}
	}
	return ended
}

// list gives what is down, the oldest first.
func (o *outages) list() []Down {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []Down
	for _, e := range o.down {
		out = append(out, e.Down)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Since.Before(out[j].Since) })
	return out
}

// scopes names what has to work for an action: a failure of one of these as a whole makes it wait. A project is named both by the agents
// file's spelling and by its number, because a failure may be told by either.
func (b *Bridge) scopes(a Action, t Thread, link *Link) []string {
	slack := []string{ScopeSlack, ChannelScope(t.Channel)}
	if a.Card != nil {
		return slack
	}
	gitlab := []string{ScopeGitLab}
	if r := b.rules(t.Channel); r != nil {
		gitlab = append(gitlab, ProjectScope(r.Channel.Project))
	}
	switch {
	case link != nil:
		gitlab = append(gitlab, ProjectScope(strconv.Itoa(link.Issue.Project)))
	case a.Create != nil:
		gitlab = append(gitlab, ProjectScope(strconv.Itoa(a.Create.Project)))
	}
	if a.Look != nil {
		return append(slack, gitlab...)
	}
	return gitlab
}
