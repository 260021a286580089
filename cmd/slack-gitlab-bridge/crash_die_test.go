package main

import (
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
)

// live has nothing happen to the daemon in the step.
func (p *theatre) live(step crashStep) {
	p.t.Helper()
	if err := p.lines(step.do); err != nil {
		p.t.Fatal(err)
	}
	p.settled(step.back)
}

// dieIn has the daemon die at that instant in the life of the step's action, die again during the next start, and end the work after one more.
func (p *theatre) dieIn(step crashStep, instant string) {
	p.t.Helper()
	if step.kind == "" {
		p.live(step)
		return
	}
	if p.tracer != nil {
		p.tap.watch(step.kind, "")
		p.tracer.ask(p.commits(step.kind, instant))
	} else {
		p.tap.watch(step.kind, instant)
	}
	if err := p.lines(step.do); err != nil {
		p.t.Fatal(err)
	}
	if !p.fall(stagePatience) {
		_, _, last := p.tap.progress()
		p.t.Errorf("%s, %s: not reached; last was: %s", step.kind, instant, last)
	} else {
		p.points = append(p.points, step.kind+": "+instant)
	}
	p.again()
	p.settled(step.back)
}

// again starts the daemon, has it die during that start, and starts it once more.
func (p *theatre) again() {
	p.t.Helper()
	p.fallEarly()
	p.tap.watch("", "")
	p.rise()
}

// dieAt has the daemon die at the nth stop of its tracer since the step was done, if it has so many, and again during the next start.
func (p *theatre) dieAt(step crashStep, n int) {
	p.t.Helper()
	p.tracer.at(n)
	if err := p.lines(step.do); err != nil {
		p.t.Fatal(err)
	}
	if !p.settled(step.back) && p.tracer.disarm() {
		return
	}
	p.fall(stagePatience)
	p.places++
	p.again()
	p.settled(step.back)
}

// dieAnywhere has the daemon die at random instants while people do what they do, also while it is not there.
func (p *theatre) dieAnywhere(step crashStep) {
	p.t.Helper()
	dies := func(within time.Duration) {
		p.fall(time.Duration(p.random.Int64N(int64(within))))
		p.again()
	}
	for line := range strings.Lines(step.do) {
		if p.random.IntN(4) == 0 {
			dies(30 * time.Millisecond)
		}
		if err := p.lines(line); err != nil {
			p.t.Fatal(err)
		}
	}
	dies(150 * time.Millisecond)
	p.settled(step.back)
}

// begetters are the actions in whose commit others are queued; empty: what is queued without one. All else is queued by a look.
var begetters = map[string]string{"look": "", "twin": "", "twin close": "twin", "note": "create", "card": "create", "attach": "copy"}

// commits says, at each stop of a daemon, whether it is at that instant in the life of the action.
func (p *theatre) commits(kind, instant string) func() bool {
	job := kind
	if kind != "twin close" { // which is a job of its own
		job, _, _ = strings.Cut(kind, " ")
	}
	begetter := "look"
	if other, ok := begetters[kind]; ok {
		begetter = other
	}
	waited := false // the begetter was there at the stop before
	return func() bool {
		received, answered, _ := p.tap.progress()
		jobs := p.jobs()
		there, waits := holds(jobs, job), holds(jobs, begetter)
		before := waited
		waited = waits
		switch instant {
		case beforeQueued:
			return !there && !received && (begetter == "" || waits && before)
		case afterQueued:
			return there && !received
		case beforeResult:
			return answered && there
		}
		return answered && !there
	}
}

// holds reports whether there is a job of that kind.
func holds(jobs []store.Job, kind string) bool {
	return slices.ContainsFunc(jobs, func(j store.Job) bool {
		parts := strings.SplitN(j.Key, "/", 4)
		if len(parts) == 4 && strings.HasSuffix(parts[3], "/close") {
			parts[2] += " close"
		}
		return len(parts) > 2 && parts[2] == kind
	})
}
