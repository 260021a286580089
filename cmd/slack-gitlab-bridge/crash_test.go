package main

import (
	"cmp"
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
// imitations is what a run without any crash leaves. CRASHES is how many deaths there are at least; 200 and more make the whole matrix.
// CRASH_SEED repeats what was left to chance.
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
	whole := least >= 200
	t.Run("deaths", func(t *testing.T) {
		t.Run("none", func(t *testing.T) {
			t.Parallel()
			all.calm = playCalmly(t, crashSteps()).end()
		})
		for name, instants := range crashRows(whole) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				traced := !slices.Contains(seenFromOutside, instants[0])
				if traced {
					needStrace(t)
				}
				p := newTheatre(t, seed, traced)
				p.rise()
				p.settled(false)
				for i, step := range crashSteps() {
					p.dieIn(step, instants[i%len(instants)])
				}
				p.settled(true)
				all.add(p)
			})
		}
	})
	if t.Failed() {
		return
	}
	for name, end := range all.ends {
		if err := sameEnd(end, all.calm); err != nil {
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

// seenFromOutside are the instants that the imitations see; the others lie at commits, which strace sees.
var seenFromOutside = []string{requestSent, workDone, answerRead}

// crashRows gives by name the instants at which the daemon dies in one run of the steps, in turn.
func crashRows(whole bool) map[string][]string {
	commits := []string{beforeQueued, afterQueued, beforeResult, afterResult}
	if !whole {
		return map[string][]string{"requests": seenFromOutside, "commits": commits}
	}
	rows := map[string][]string{}
	for _, instant := range append(commits, seenFromOutside...) {
		rows[instant] = []string{instant}
	}
	return rows
}

// crashTally counts over all runs.
type crashTally struct {
	mu     sync.Mutex
	deaths int
	points map[string]int
	calm   ending // without any death
	ends   map[string]ending
}

func (a *crashTally) add(p *theatre) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deaths += p.deaths
	if a.points == nil {
		a.points, a.ends = map[string]int{}, map[string]ending{}
	}
	for _, name := range p.points {
		a.points[name]++
	}
	a.ends[p.t.Name()] = p.end()
}

// report prints what was counted.
func (a *crashTally) report(t *testing.T) {
	t.Helper()
	t.Logf("%d deaths, %d named points:\n%s", a.deaths, len(a.points), strings.Join(slices.Sorted(maps.Keys(a.points)), "\n"))
}

// playCalmly plays the steps without any crash.
func playCalmly(t *testing.T, steps []crashStep) *theatre {
	t.Helper()
	p := newTheatre(t, 0, false)
	p.rise()
	p.settled(false)
	for _, step := range steps {
		if err := step.do(p.stage); err != nil {
			t.Fatal(err)
		}
		p.settled(step.back)
	}
	p.settled(true)
	return p
}
