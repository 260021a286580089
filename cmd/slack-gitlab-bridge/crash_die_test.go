package main

import (
	"slices"
	"strings"

	"slack-gitlab-bridge/store"
)

// dieIn has the daemon die at that instant in the life of the step's action, die again during the next start, and end the work after one more.
func (p *theatre) dieIn(step crashStep, instant string) {
	p.t.Helper()
	switch {
	case step.kind == "":
		p.tap.watch("", "")
	case p.tracer != nil:
		p.tap.watch(step.kind, "")
		p.tracer.ask(p.commits(step.kind, instant))
	default:
		p.tap.watch(step.kind, instant)
	}
	if err := step.do(p.stage); err != nil {
		p.t.Fatal(err)
	}
	if step.kind == "" {
		p.settled(step.back)
		return
	}
	if !p.fall(stagePatience) {
		_, _, last := p.tap.progress()
		p.t.Errorf("%s, %s: not reached; last was: %s", step.kind, instant, last)
	} else {
		p.points = append(p.points, step.kind+": "+instant)
	}
	p.fallEarly()
	p.tap.watch("", "")
	p.rise()
	p.settled(step.back)
}

// begetters are the actions in whose commit others are queued; all else is queued by a look.
var begetters = map[string]string{"note": "create", "card": "create", "attach": "copy"}

// commits says, at each stop of a daemon, whether it is at that instant in the life of the action.
func (p *theatre) commits(kind, instant string) func() bool {
	job, _, _ := strings.Cut(kind, " ")
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
			return !there && !received && (kind == "look" || waits && before)
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
		return len(parts) > 2 && parts[2] == kind
	})
}
