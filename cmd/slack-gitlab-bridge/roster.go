package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
)

const (
	// rosterEvery is how often the group of agents_from is read.
	rosterEvery = 10 * time.Minute
	// rosterAgain is how soon that is tried again after it failed.
	rosterAgain = time.Minute
	// rosterPause is how long is waited after Slack said that a group changed: it often says so several times.
	rosterPause = time.Second
)

// roster is the agents file in force and what the group of its agents_from last said. The last good answer is kept in the store.
type roster struct {
	store *store.Store
	log   zerolog.Logger
	wake  chan struct{} // the group is to be read at once

	mu    sync.Mutex
	file  *agents.File
	kept  keptRoster
	fault string    // why the group cannot be read; empty: it can
	read  time.Time // when the group was last read; zero: not since the start, or there is none
}

// keptRoster is the record of what a group last said.
type keptRoster struct {
	From   agents.From   `json:"from"`
	Roster bridge.Roster `json:"roster"`
}

const keptRosterKey = "agents/roster"

// openRoster takes up what the store keeps.
func openRoster(ctx context.Context, s *store.Store, file *agents.File, log zerolog.Logger) (*roster, error) {
	r := &roster{store: s, file: file, log: log, wake: make(chan struct{}, 1)}
	_, err := s.Get(ctx, keptRosterKey, &r.kept)
	return r, err
}

// team gives the file with the people of the group.
func (r *roster) team() *agents.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.merged()
}

// over gives another file with the people of the group, if it names that group.
func (r *roster) over(file *agents.File) *agents.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.over(file)
}

func (r *roster) merged() *agents.File { return r.kept.over(r.file) }

func (k keptRoster) over(file *agents.File) *agents.File {
	if file.From() == (agents.From{}) || k.From != file.From() {
		return file // what another group said does not count
	}
	return file.With(k.Roster.Agents)
}

// replace takes another file, and has its group read. set puts the result in force; two of them never overlap.
func (r *roster) replace(file *agents.File, set func(*agents.File)) *agents.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.file = file
	team := r.merged()
	set(team)
	select {
	case r.wake <- struct{}{}:
	default: // it will be read anyway
	}
	return team
}

// source names where further agents come from.
func source(from agents.From) string {
	if from.GitLabGroup != "" {
		return "GitLab group " + from.GitLabGroup
	}
	return "Slack user group " + from.SlackUsergroup
}

// follow reads the group again and again until ctx ends, at once when the file or, as Slack says, a group has changed. set puts a new team in
// force, warm reads what is needed of it; tell takes a line for ops.
func (r *roster) follow(ctx context.Context, ends directories, set, warm func(*agents.File), tell func(string)) {
	for {
		wait := rosterEvery
		if !r.refresh(ctx, ends, set, warm, tell) {
			wait = rosterAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			continue
		case <-r.wake:
		case <-ends.changed:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rosterPause):
		}
	}
}

// directories are where the roster is read.
type directories struct {
	slack, gitlab bridge.Directory
	changed       <-chan struct{} // holds a value after a group of Slack has changed
}

// refresh reads the group once. It reports false if that failed: then the last good answer stays.
func (r *roster) refresh(ctx context.Context, ends directories, set, warm func(*agents.File), tell func(string)) bool {
	r.mu.Lock()
	file, before := r.file, r.kept
	r.mu.Unlock()
	from := file.From()
	if from == (agents.From{}) {
		r.note("", time.Time{})
		return true
	}
	got, err := bridge.ReadRoster(ctx, file, ends.slack, ends.gitlab)
	now := keptRoster{From: from, Roster: got}
	if err == nil && !reflect.DeepEqual(now, before) {
		err = r.keep(ctx, now)
	}
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		r.log.Warn().Err(err).Str("from", source(from)).Msg("agents cannot be read from their group, the last good answer stays")
		r.note(fmt.Sprintf("agents: the %s cannot be read, what it said last stays: %v", source(from), err), r.state().read)
		return false
	}
	r.note("", time.Now())
	r.report(before, now, tell)
	if team := r.take(now, set); team != nil {
		warm(team)
	}
	return true
}

// take puts in force what the group says now, and gives the new team; nil if nothing is new.
func (r *roster) take(now keptRoster, set func(*agents.File)) *agents.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.merged().Hash()
	r.kept = now
	team := r.merged()
	if team.Hash() == old {
		return nil
	}
	set(team)
	return team
}

// note keeps how it went to read the group.
func (r *roster) note(fault string, read time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault, r.read = fault, read
}

// rosterState is how the group of agents_from stands, for the metrics.
type rosterState struct {
	read      time.Time // when it was last read; zero: not since the start, or there is none
	stale     bool      // the last try failed
	unmatched int       // members who are no agents
}

func (r *roster) state() rosterState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := rosterState{read: r.read, stale: r.fault != ""}
	if r.kept.From == r.file.From() {
		s.unmatched = len(r.kept.Roster.Unmatched)
	}
	return s
}

func (r *roster) keep(ctx context.Context, k keptRoster) error {
	c := r.store.Change()
	c.Put(keptRosterKey, k)
	return r.store.Commit(ctx, c)
}

// report tells what is new: who came and went, and who cannot be matched.
func (r *roster) report(before, now keptRoster, tell func(string)) {
	var old []agents.Agent
	if before.From == now.From {
		old = before.Roster.Agents
	}
	came, went := lacking(now.Roster.Agents, old), lacking(old, now.Roster.Agents)
	for _, a := range came {
		r.log.Info().Str("slack", a.SlackID).Str("gitlab", a.GitLabUsername).Str("from", source(now.From)).Msg("agent came")
	}
	for _, a := range went {
		r.log.Info().Str("slack", a.SlackID).Str("gitlab", a.GitLabUsername).Str("from", source(now.From)).Msg("agent went")
	}
	if len(came)+len(went) > 0 {
		tell(fmt.Sprintf("The agents from the %s changed: %d came, %d went.", source(now.From), len(came), len(went)))
	}
	for _, u := range now.Roster.Unmatched {
		if before.From != now.From || !slices.Contains(before.Roster.Unmatched, u) {
			r.log.Warn().Str("member", u.ID).Str("from", source(now.From)).Str("why", u.Why).Str("remedy", unmatchedRemedy).Msg("member is no agent")
		}
	}
}

const unmatchedRemedy = "add them to agents in the agents file, or have them show their work address as public e-mail on their GitLab profile"

// lacking gives those of a who are not in b.
func lacking(a, b []agents.Agent) []agents.Agent {
	return slices.DeleteFunc(slices.Clone(a), func(x agents.Agent) bool {
		return slices.ContainsFunc(b, func(y agents.Agent) bool { return x.SlackID == y.SlackID && x.GitLabUsername == y.GitLabUsername })
	})
}

// warnings are what a person should look at.
func (r *roster) warnings() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	if r.fault != "" {
		all = append(all, r.fault)
	}
	if n := len(r.kept.Roster.Unmatched); n > 0 && r.kept.From == r.file.From() {
		all = append(all, fmt.Sprintf("agents: %s of the %s cannot be matched: slack-gitlab-bridge doctor names them", count(n, "member", "members"), source(r.kept.From)))
	}
	return all
}
