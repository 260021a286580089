package bridge

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// The vendors' ends answer with four kinds of errors, and any other error means: not done, try again.

// Later means: not done, and the vendor says when to ask again. That is no failure.
type Later struct {
	After time.Duration
	Limit string // what is to wait together until then, in words: "GitLab's limit on new notes"; empty: this one thing
	Err   error
}

// limitOf names the limit on account of which err says to wait; empty: none.
func limitOf(err error) string {
	if later, ok := errors.AsType[*Later](err); ok {
		return later.Limit
	}
	return ""
}

func (e *Later) Error() string { return e.Err.Error() }
func (e *Later) Unwrap() error { return e.Err }

// Never means: refused for good. The job is parked until a person tells it to go on.
type Never struct {
	Remedy string // what a person can do about it
	Err    error
}

func (e *Never) Error() string {
	if e.Remedy == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v (%s)", e.Err, e.Remedy)
}
func (e *Never) Unwrap() error { return e.Err }

// Unknown means: it may have been done. It is looked for before it is sent again.
type Unknown struct{ Err error }

func (e *Unknown) Error() string { return e.Err.Error() }
func (e *Unknown) Unwrap() error { return e.Err }

// Outage means: not done, and nothing else in the scope would be. The scope waits, nothing is parked, ops are told once.
type Outage struct {
	Scope  string // ScopeSlack, ScopeGitLab, or one channel's or project's
	Remedy string
	Err    error
}

func (e *Outage) Error() string {
	if e.Remedy == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v (%s)", e.Err, e.Remedy)
}
func (e *Outage) Unwrap() error { return e.Err }

// plain reports whether the error is none of the four: it failed, and may fail again for ever.
func plain(err error) bool {
	var later *Later
	var never *Never
	var unknown *Unknown
	var outage *Outage
	return !errors.As(err, &later) && !errors.As(err, &never) && !errors.As(err, &unknown) && !errors.As(err, &outage)
}

// The scopes of an outage that concern a whole vendor.
const (
	ScopeSlack  = "slack"
	ScopeGitLab = "gitlab"
)

// ProjectScope is the scope of an outage of one GitLab project, by number or path.
func ProjectScope(project string) string { return "project " + project }

// ChannelScope is the scope of an outage of one Slack channel.
func ChannelScope(channel string) string { return "channel " + channel }

const (
	backoffFirst = time.Second
	backoffMost  = 5 * time.Minute
	probeEvery   = 30 * time.Second // how often something that is down as a whole is tried
)

// backoff says how long to wait after so many failed tries: doubling from one second to five minutes, the last fifth at random.
func backoff(tries int) time.Duration {
	d := backoffMost
	if tries < 9 {
		d = min(backoffMost, backoffFirst<<max(0, tries-1))
	}
	return d*4/5 + rand.N(d/5)
}

// wait says when a job that failed with err is due again.
func wait(err error, tries int) time.Duration {
	var later *Later
	if errors.As(err, &later) && later.After > 0 {
		return later.After
	}
	if _, ok := errors.AsType[*Outage](err); ok {
		return probeEvery
	}
	return backoff(tries)
}
