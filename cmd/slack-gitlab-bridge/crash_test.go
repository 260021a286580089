package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fewPoints is how many named points a whole run has to have hit at least: as many failpoints as etcd's robustness suite has.
const fewPoints = 36

// TestCrash kills the real binary again and again, each time once more during the start that follows, and demands that what is left in both
// imitations is what a run without any crash leaves. CRASHES is how many deaths there are at least; 300 and more make the whole matrix.
// With -short it dies at requests alone. CRASH_SEED repeats what was left to chance.
func TestCrash(t *testing.T) {
	var all crashTally
	least, err := strconv.Atoi(cmp.Or(os.Getenv("CRASHES"), "40"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("CRASH_SEED"), strconv.FormatInt(time.Now().Unix(), 10)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("CRASH_SEED=%d", seed)
	whole := least >= 300
	runs := crashRuns(whole, least, seed)
	t.Run("deaths", func(t *testing.T) {
		for name, run := range runs {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if run.call != "" {
					needStrace(t)
				}
				p := newTheatre(t, run.seed, run.call)
				p.rise()
				p.settled(false)
				for i, step := range run.steps {
					run.play(p, i, step)
				}
				p.settled(true)
				t.Logf("%s: %d deaths", name, p.deaths)
				all.add(name, run, p)
			})
		}
	})
	if t.Failed() {
		return
	}
	for name, end := range all.ends {
		calm, played := all.ends[runs[name].like]
		if !played {
			t.Errorf("%s: the run %s has to be played too, for comparison", name, runs[name].like)
		} else if err := sameEnd(end, calm); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	all.report(t)
	if len(all.points) < fewPoints && whole {
		t.Errorf("%d named points, want %d", len(all.points), fewPoints)
	}
	if whole && all.deaths < least {
		t.Errorf("%d deaths, want %d", all.deaths, least)
	}
}

// seenFromOutside are the instants that the imitations see, seenAtCommits those that strace sees.
var (
	seenFromOutside = []string{requestSent, workDone, answerRead}
	seenAtCommits   = []string{beforeQueued, afterQueued, beforeResult, afterResult}
)

// crashRun is one way to play the steps of a story.
type crashRun struct {
	steps []crashStep
	like  string // the run with the same steps and without any crash
	call  string // that strace stops the daemon after; empty: none
	seed  uint64
	play  func(p *theatre, i int, step crashStep)
}

const (
	// mostSyncs and mostSends are how often a step makes the daemon call fdatasync and write to a socket, with something to spare.
	mostSyncs = 20
	mostSends = 14
	// deathsElsewhere and deathsAnywhere are how many deaths there surely are in all other runs, and in one that dies anywhere.
	deathsElsewhere = 750
	deathsAnywhere  = 30
)

// crashRuns gives all runs by name. In the whole matrix each run dies at one instant, otherwise at one after the other.
func crashRuns(whole bool, least int, seed uint64) map[string]crashRun {
	const calm, busy = "calm", "busy"
	calmly := func(p *theatre, _ int, step crashStep) { p.live(step) }
	runs := map[string]crashRun{calm: {steps: crashSteps(), like: calm, play: calmly}, busy: {steps: busySteps(), like: busy, play: calmly}}
	dying := func(name, call string, play func(*theatre, int, crashStep)) {
		runs[name] = crashRun{crashSteps(), calm, call, seed + uint64(len(runs)), play}
	}
	instants := func(name, call string, in []string) {
		dying(name, call, func(p *theatre, i int, step crashStep) { p.dieIn(step, in[i%len(in)]) })
	}
	// At the first fsync of a step the event is not recorded yet.
	syncs, sends, anywhere := 1, 0, 1
	if whole {
		syncs, sends, anywhere = mostSyncs, mostSends, max(4, (least-deathsElsewhere)/deathsAnywhere)
		for _, instant := range seenFromOutside {
			instants(instant, "", []string{instant})
		}
		for _, instant := range seenAtCommits {
			instants(instant, "fdatasync", []string{instant})
		}
	} else {
		instants("requests", "", seenFromOutside)
		instants("commits", "fdatasync", seenAtCommits)
	}
	if testing.Short() {
		syncs, sends, anywhere = 0, 0, 0
		delete(runs, "commits")
		delete(runs, busy)
	}
	for n := range syncs {
		dying(fmt.Sprintf("fsync %d", n+1), "fdatasync", func(p *theatre, _ int, step crashStep) { p.dieAt(step, n+1) })
	}
	for n := range sends {
		dying(fmt.Sprintf("send %d", n+1), "write", func(p *theatre, _ int, step crashStep) { p.dieAt(step, n+1) })
	}
	for n := range anywhere {
		runs[fmt.Sprintf("anywhere %d", n+1)] = crashRun{busySteps(), busy, "", seed + uint64(n), func(p *theatre, _ int, step crashStep) { p.dieAnywhere(step) }}
	}
	return runs
}

// crashTally counts over all runs.
type crashTally struct {
	mu     sync.Mutex
	deaths int
	points map[string]int
	places map[string]int // by system call, at how many of them
	ends   map[string]ending
}

func (a *crashTally) add(name string, run crashRun, p *theatre) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deaths += p.deaths
	if a.places == nil {
		a.places = map[string]int{}
	}
	a.places[run.call] += p.places
	if a.points == nil {
		a.points, a.ends = map[string]int{}, map[string]ending{}
	}
	for _, name := range p.points {
		a.points[name]++
	}
	a.ends[name] = p.end()
}

// report prints what was counted.
func (a *crashTally) report(t *testing.T) {
	t.Helper()
	t.Logf("%d deaths in %d runs; at %d fsyncs and %d sends, one after the other; at %d named points:\n%s", a.deaths, len(a.ends),
		a.places["fdatasync"], a.places["write"], len(a.points), strings.Join(slices.Sorted(maps.Keys(a.points)), "\n"))
}
