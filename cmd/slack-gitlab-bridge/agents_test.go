package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
)

// reloading is an agents file under test, and what was put in force.
type reloading struct {
	*agentsFile
	path    string
	metrics *metrics
	log     bytes.Buffer
	inForce []*agents.File
	told    []string // to ops
}

func newReloading(t *testing.T) *reloading {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agents.json")
	writeFile(t, path, stageAgents)
	f, team, err := loadAgents(config{AgentsJSONFile: path})
	if err != nil {
		t.Fatal(err)
	}
	return &reloading{agentsFile: f, path: path, metrics: newMetrics(), inForce: []*agents.File{team}}
}

func (r *reloading) look(t *testing.T) {
	t.Helper()
	r.compare(t.Context(), zerolog.New(&r.log), r.metrics, func(text string) { r.told = append(r.told, text) }, func(team *agents.File) { r.inForce = append(r.inForce, team) })
}

func TestReload(t *testing.T) {
	r := newReloading(t)
	other := strings.Replace(stageAgents, `"acme/app"`, `"acme/other"`, 1)
	steps := []struct {
		name    string
		text    string // empty: the file is gone
		inForce int    // how many were put in force so far, the first included
		refused string // contained in the reason
		reloads float64
	}{
		{"unchanged", stageAgents, 1, "", 0},
		{"broken", "{", 1, "the last good one stays", 1},
		{"broken still", "{", 1, "the last good one stays", 1},
		{"broken otherwise", `{"channels": 7}`, 1, ":1:", 2},
		{"gone", "", 1, "no such file", 3},
		{"gone still", "", 1, "no such file", 3},
		{"good and new", other, 2, "", 4},
		{"gone again", "", 2, "no such file", 5},
		{"back as it was", other, 3, "", 6},
	}
	for _, step := range steps {
		if step.text == "" {
			if err := os.Remove(r.path); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		} else {
			writeFile(t, r.path, step.text)
		}
		r.look(t)
		if got := r.Refused(); !strings.Contains(got, step.refused) || (step.refused == "" && got != "") {
			t.Errorf("%s: Refused() = %q, want %q in it", step.name, got, step.refused)
		}
		if len(r.told) != int(step.reloads) {
			t.Errorf("%s: ops were told %q, want once a change", step.name, r.told)
		}
		current := 1.0
		if step.refused != "" {
			current = 0
		}
		if got := sum(t, r.metrics.registry, "agents_file_current"); got != current {
			t.Errorf("%s: agents_file_current = %v, want %v", step.name, got, current)
		}
		if got := sum(t, r.metrics.registry, "agents_file_reloads_total"); got != step.reloads {
			t.Errorf("%s: %v reloads counted, want %v", step.name, got, step.reloads)
		}
		if len(r.inForce) != step.inForce {
			t.Errorf("%s: %d agents files were in force so far, want %d", step.name, len(r.inForce), step.inForce)
		}
	}
	if project := r.inForce[len(r.inForce)-1].Channels()[0].Project; project != "acme/other" {
		t.Errorf("project in force = %q, want acme/other", project)
	}
	wantIn(t, "log", r.log.String(), "agents file refused, the last good one stays", "agents file changed")
}

func TestReloadOnSignal(t *testing.T) {
	r := newReloading(t)
	r.every = time.Hour // so that only the signal can be the reason
	ctx, stop := context.WithCancel(t.Context())
	done, used, reload := make(chan struct{}), make(chan *agents.File, 1), make(chan os.Signal)
	go func() {
		defer close(done)
		r.watch(ctx, reload, zerolog.Nop(), r.metrics, func(string) {}, func(team *agents.File) { used <- team })
	}()
	writeFile(t, r.path, strings.Replace(stageAgents, `"acme/app"`, `"acme/other"`, 1))
	reload <- syscall.SIGHUP
	if project := (<-used).Channels()[0].Project; project != "acme/other" {
		t.Errorf("project in force after SIGHUP = %q, want acme/other", project)
	}
	stop()
	<-done
}

func TestTextCannotChange(t *testing.T) {
	f, _, err := loadAgents(config{AgentsJSON: stageAgents})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	reload := make(chan os.Signal)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.watch(ctx, reload, zerolog.New(&log), newMetrics(), func(string) {}, func(*agents.File) { t.Error("an agents file from a variable was put in force anew") })
	}()
	reload <- syscall.SIGHUP
	stop()
	<-done
	wantIn(t, "log", log.String(), "agents file cannot be reloaded")
	if f.Refused() != "" {
		t.Errorf("Refused() = %q, want nothing", f.Refused())
	}
}

func TestRunningDaemonTakesNewAgentsFile(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	d := runDaemon(t, s, environ)
	before := d.bridge.AgentsFile().Hash()
	writeFile(t, d.agents.path, "{")
	if err := s.ready([]string{"agents file refused"}); err != nil {
		t.Fatal(err)
	}
	if got := d.bridge.AgentsFile().Hash(); got != before {
		t.Errorf("a broken agents file: %s in force, want %s as before", got, before)
	}
	writeFile(t, d.agents.path, strings.Replace(stageAgents, `"two"`, `"one"`, 1))
	if err := s.ready([]string{"yes"}); err != nil {
		t.Fatal(err)
	}
	if got := d.bridge.AgentsFile().Hash(); got == before {
		t.Errorf("a new good agents file: %s still in force", got)
	}
}
