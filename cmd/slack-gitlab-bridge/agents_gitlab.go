package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

const (
	// remoteEvery is how often GitLab is asked for another agents file.
	remoteEvery = time.Minute
	// remotePatience is how long that may fail for now, as it does while GitLab is down, before the file counts as gone.
	remotePatience = 10 * time.Minute
)

// remoteAgents is an agents file on a branch in GitLab. It is read by one goroutine at a time.
type remoteAgents struct {
	at     gitlabside.Place
	origin string // the place and its GitLab: what is kept in the store of another one is not taken for it
	gitlab *gitlabside.GitLab
	store  *store.Store // where the last good one is kept; nil: nowhere
	last   gitlabside.RepositoryFile
	silent time.Time // since when it cannot be read for now; zero: it can
}

// placePattern is how AGENTS_GITLAB is written: group/project:path@branch.
var placePattern = regexp.MustCompile(`^([^\s:@]+/[^\s:@]+):([^\s@]+)@([^\s@]+)$`)

// agentsPlace reads AGENTS_GITLAB.
func agentsPlace(s string) (gitlabside.Place, bool) {
	m := placePattern.FindStringSubmatch(s)
	if m == nil || path.Clean("/"+m[2]) != "/"+m[2] {
		return gitlabside.Place{}, false
	}
	return gitlabside.Place{Project: m[1], Path: m[2], Branch: m[3]}, true
}

// newRemoteAgents prepares to read the file and sends nothing.
func newRemoteAgents(c config) (*agentsFile, error) {
	at, ok := agentsPlace(c.AgentsGitLab)
	if !ok {
		return nil, wrongUsef("%s", badPlace)
	}
	gitlab, err := gitlabEnd(c, newMetrics(), system)
	if err != nil {
		return nil, err
	}
	origin := strings.TrimRight(c.GitLabURL, "/") + " " + at.String()
	return &agentsFile{name: at.String(), every: remoteEvery, remote: &remoteAgents{at: at, origin: origin, gitlab: gitlab}}, nil
}

// loadRemoteAgents reads and parses the agents file that is in GitLab.
func loadRemoteAgents(ctx context.Context, c config) (*agentsFile, *agents.File, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	f, err := newRemoteAgents(c)
	if err != nil {
		return nil, nil, err
	}
	if f.text, err = f.remote.read(ctx); err != nil {
		err = fmt.Errorf("agents file: %w", err)
		if misplaced(err) {
			err = &wrongUse{err}
		}
		return nil, nil, err
	}
	team, err := f.parse()
	return f, team, err
}

func (r *remoteAgents) read(ctx context.Context) ([]byte, error) {
	got, err := r.gitlab.File(ctx, r.at, r.last)
	if err != nil {
		return nil, err
	}
	r.last = got
	return got.Text, nil
}

// forNow reports an error that says nothing about the file: GitLab did not answer, or said to come back later.
func forNow(err error) bool {
	_, outage := errors.AsType[*bridge.Outage](err)
	_, never := errors.AsType[*bridge.Never](err)
	return err != nil && !outage && !never
}

// misplaced reports an error that says that the file is not where it is said to be: neither does GitLab fail, nor refuse the token.
func misplaced(err error) bool {
	outage, is := errors.AsType[*bridge.Outage](err)
	return !forNow(err) && !(is && outage.Scope == bridge.ScopeGitLab)
}

// bearable reports whether a failed look counts for nothing so far.
func (r *remoteAgents) bearable(err error, log zerolog.Logger) bool {
	if !forNow(err) {
		r.silent = time.Time{}
		return false
	}
	if r.silent.IsZero() {
		r.silent = time.Now()
		log.Warn().Err(err).Msg("agents file cannot be read for now, the last good one stays")
	}
	return time.Since(r.silent) < remotePatience
}

// by words which commit changed the file last; empty if it is not from GitLab.
func (f *agentsFile) by() string {
	if f.remote == nil || f.remote.last.Commit == "" {
		return ""
	}
	commit := f.remote.last.Commit
	return " by commit " + commit[:min(len(commit), 12)]
}

// keptAgents is the record of the last good agents file that came from GitLab.
type keptAgents struct {
	Origin string `json:"origin"`
	Text   string `json:"text"`
}

const keptAgentsKey = "agents/gitlab"

// keep puts the file in force into the store, for a start while GitLab does not answer.
func (f *agentsFile) keep(ctx context.Context, log zerolog.Logger) {
	if f.remote == nil || f.remote.store == nil {
		return
	}
	c := f.remote.store.Change()
	c.Put(keptAgentsKey, keptAgents{Origin: f.remote.origin, Text: string(f.text)})
	if err := f.remote.store.Commit(ctx, c); err != nil {
		log.Warn().Err(err).Msg("agents file cannot be kept for a start while GitLab does not answer")
	}
}

// startAgents is loadAgents for a daemon: while the file in GitLab cannot be read or is a bad one, the last good one that the store keeps
// is in force. Without one it waits for GitLab, if that may help.
func startAgents(ctx context.Context, c config, log zerolog.Logger) (*agentsFile, *agents.File, error) {
	if c.AgentsGitLab == "" {
		return loadAgents(c)
	}
	for {
		f, team, err := loadRemoteAgents(ctx, c)
		if err == nil || ctx.Err() != nil {
			return f, team, errors.Join(err, ctx.Err())
		}
		if f, team := lastGoodAgents(ctx, c); team != nil {
			log.Warn().Err(err).Msg("agents file in GitLab cannot be used, the last good one is in force")
			return f, team, nil
		}
		if !forNow(err) || errors.As(err, new(*agents.Error)) {
			return nil, nil, err
		}
		log.Warn().Err(err).Msg("agents file cannot be read yet")
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(greetAgain):
		}
	}
}

// lastGoodAgents gives the agents file that the store keeps; no team if there is none, or one of another place, or one that this version
// does not understand. Nor if the store cannot be opened: opening it in earnest will say why.
func lastGoodAgents(ctx context.Context, c config) (*agentsFile, *agents.File) {
	f, err := newRemoteAgents(c)
	if err != nil || requireStore(ctx, c) != nil {
		return nil, nil
	}
	engine, err := openEngine(ctx, c, bolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, nil
	}
	var kept keptAgents
	s, err := store.Open(ctx, engine)
	if err == nil {
		_, err = s.Get(ctx, keptAgentsKey, &kept)
	}
	if errors.Join(err, engine.Close()) != nil || kept.Origin != f.remote.origin {
		return nil, nil
	}
	f.text = []byte(kept.Text)
	team, err := f.parse()
	if err != nil {
		return nil, nil
	}
	return f, team
}
