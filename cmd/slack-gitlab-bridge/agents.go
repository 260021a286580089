package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
)

// reloadEvery is how often the agents file is compared with the one in force.
const reloadEvery = 2 * time.Second

// agentsFile is the agents file in force and what became of its last change.
type agentsFile struct {
	name    string // as messages call it
	path    string // on disk; empty: it is not from there
	remote  *remoteAgents
	every   time.Duration // how often it is looked at
	text    []byte        // the last text that was looked at, accepted or not
	gone    bool          // it could not be read at the last look
	refused atomic.Pointer[string]
}

// loadAgents reads and parses the agents file, from wherever it is kept. A broken one is an error that lists every fault; it counts as
// wrong configuration.
func loadAgents(c config) (*agentsFile, *agents.File, error) {
	if c.AgentsGitLab != "" {
		return loadRemoteAgents(context.Background(), c)
	}
	name, text := c.agentsFile()
	f := &agentsFile{name: name, text: []byte(text), every: reloadEvery}
	if text == "" {
		f.path = name
		var err error
		if f.text, err = os.ReadFile(name); err != nil {
			return nil, nil, wrongUsef("agents file: %w: correct AGENTS_JSON or AGENTS_JSON_FILE", err)
		}
	}
	team, err := f.parse()
	return f, team, err
}

// parse reads the text. Its error lists every fault.
func (f *agentsFile) parse() (*agents.File, error) {
	team, err := agents.Parse(f.name, f.text)
	if err != nil {
		return nil, wrongUsef("agents file refused\n%w", err)
	}
	return team, nil
}

// Refused says why the file where it is kept is not the one in force; empty: it is.
func (f *agentsFile) Refused() string {
	if p := f.refused.Load(); p != nil {
		return *p
	}
	return ""
}

// watch puts each good change in force, at once when told to reload, until ctx ends. A bad one is refused whole and the last good one stays.
func (f *agentsFile) watch(ctx context.Context, reload <-chan os.Signal, log zerolog.Logger, m *metrics, tell func(string), use func(*agents.File)) {
	if f.path == "" && f.remote == nil {
		f.stay(ctx, reload, log)
		return
	}
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	if f.remote != nil {
		// What is in force may be from the store.
		f.compare(ctx, log, m, tell, use)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
		case <-tick.C:
		}
		f.compare(ctx, log, m, tell, use)
	}
}

// stay answers whoever wants a text of the environment reloaded, until ctx ends.
func (f *agentsFile) stay(ctx context.Context, reload <-chan os.Signal, log zerolog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
			log.Warn().Msg("agents file cannot be reloaded: AGENTS_JSON holds its text, which changes with the next start")
		}
	}
}

// read gives the file as it is now.
func (f *agentsFile) read(ctx context.Context) ([]byte, error) {
	if f.remote != nil {
		return f.remote.read(ctx)
	}
	return os.ReadFile(f.path)
}

// compare reads the file and acts if it changed.
func (f *agentsFile) compare(ctx context.Context, log zerolog.Logger, m *metrics, tell func(string), use func(*agents.File)) {
	text, err := f.read(ctx)
	if ctx.Err() != nil || (f.remote != nil && f.remote.bearable(err, log)) {
		return
	}
	if (err != nil && f.gone) || (err == nil && !f.gone && bytes.Equal(text, f.text)) {
		return
	}
	f.gone = err != nil
	var team *agents.File
	if err == nil {
		f.text = text
		team, err = agents.Parse(f.name, text)
	}
	if err != nil {
		reason := "agents file refused, the last good one stays: " + err.Error()
		f.refused.Store(&reason)
		m.current.Set(0)
		m.reloads.WithLabelValues("refused").Inc()
		log.Error().Err(err).Msg("agents file refused, the last good one stays")
		tell("The agents file was refused, the last good one stays in force:\n" + err.Error())
		return
	}
	f.refused.Store(nil)
	m.current.Set(1)
	m.reloads.WithLabelValues("accepted").Inc()
	log.Info().Str("hash", team.Hash()).Str("from", f.name+f.by()).Msg("agents file changed")
	tell(fmt.Sprintf("The agents file was changed%s; the new one is in force.", f.by()))
	use(team)
	f.keep(ctx, log)
}
