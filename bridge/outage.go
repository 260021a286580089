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
	read  bool      // only reading has met it, so that reading can end it
}

// began notes an outage, met by reading or by writing, and reports whether it is news.
func (o *outages) began(e *Outage, read bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down == nil {
		o.down = map[string]*outageEntry{}
	}
	entry := o.down[e.Scope]
	news := entry == nil
	if news {
		entry = &outageEntry{Down: Down{Scope: e.Scope, Since: time.Now().UTC()}, read: true}
		o.down[e.Scope] = entry
	}
	entry.Reason, entry.probe, entry.read = e.Error(), time.Now().Add(probeEvery), entry.read && read
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

// over ends the outages of these scopes, in which something has just worked, and returns those that were down. What only reading has shown
// to work ends no outage of writing.
func (o *outages) over(scopes []string, read bool) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ended []string
	for _, s := range scopes {
		if e := o.down[s]; e != nil && (e.read || !read) {
			delete(o.down, s)
			ended = append(ended, s)
		}
	}
	return ended
}

// any reports whether something of these scopes is down.
func (o *outages) any(scopes []string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range scopes {
		if o.down[s] != nil {
			return true
		}
	}
	return false
}

// reason says what is down in these scopes; empty: nothing.
func (o *outages) reason(scopes []string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range scopes {
		if e := o.down[s]; e != nil {
			return e.Scope + " is down: " + e.Reason
		}
	}
	return ""
}

// forget drops the outages of projects and channels: another agents file may no longer name them, and what is still down is met again.
func (o *outages) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.down {
		if s != ScopeSlack && s != ScopeGitLab {
			delete(o.down, s)
		}
	}
}

// outageKept is how long an outage stands that nobody tries any more: a person may have dropped the last work in its scope.
const outageKept = 15 * time.Minute

// list gives what is down, the oldest first.
func (o *outages) list() []Down {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []Down
	for s, e := range o.down {
		if time.Since(e.probe) > outageKept {
			delete(o.down, s)
			continue
		}
		out = append(out, e.Down)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Since.Before(out[j].Since) })
	return out
}

// Outages counts the scopes in which nothing works at present: a vendor, a channel, a project.
func (b *Bridge) Outages() int { return len(b.outages.list()) }

// sayOutage tells of an outage that has begun.
func (b *Bridge) sayOutage(o *Outage) {
	b.log.Error().Str("scope", o.Scope).Str("remedy", o.Remedy).Err(o.Err).Msg("outage: work in its scope waits")
	b.TellOps("Waiting: " + o.Error())
}

// works notes that something in these scopes has just worked.
func (b *Bridge) works(scopes []string) { b.sayOver(b.outages.over(scopes, false)) }

// reads notes that reading has just worked in these scopes.
func (b *Bridge) reads(scopes []string) { b.sayOver(b.outages.over(scopes, true)) }

// sayOver tells that outages have ended.
func (b *Bridge) sayOver(scopes []string) {
	for _, scope := range scopes {
		b.log.Info().Str("scope", scope).Msg("outage over")
		b.TellOps("Going on: " + scope + " works again")
	}
}

// scopes names what has to work for an action: a failure of one of these as a whole makes it wait. A look at a thread with an issue asks
// nothing of GitLab.
func (b *Bridge) scopes(a Action, t Thread, link *Link) []string {
	switch {
	case a.Card != nil, a.Say != nil, a.Sign != nil, a.Tell != nil, a.Look != nil && link != nil:
		return slackScopes(t)
	case a.Look != nil, a.Copy != nil:
		return append(slackScopes(t), b.gitlabScopes(a, t, link)...)
	}
	return b.gitlabScopes(a, t, link)
}

func slackScopes(t Thread) []string { return []string{ScopeSlack, ChannelScope(t.Channel)} }

// gitlabScopes names a project both by the agents file's spelling and by its number, because a failure may be told by either.
func (b *Bridge) gitlabScopes(a Action, t Thread, link *Link) []string {
	scopes := []string{ScopeGitLab}
	if r := b.rules(t.Channel); r != nil {
		scopes = append(scopes, ProjectScope(r.Channel.Project))
	}
	switch {
	case link != nil:
		scopes = append(scopes, ProjectScope(strconv.Itoa(link.Issue.Project)))
	case a.Create != nil:
		scopes = append(scopes, ProjectScope(strconv.Itoa(a.Create.Project)))
	}
	return scopes
}
