package etcdtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// What the engine promises to several processes, in the fewest words: records that change in one order that all agree on, each commit whole and only if
// its guards hold then; and a commit with a term only while that is the holder's. A history of what was asked and answered either fits that or not.

// registers is how many records there are to claim.
const registers = 4

// values is what the records hold; 0: there is none; untouched: it does not matter.
type values [registers]int64

const untouched = -1

type kind int

const (
	read kind = iota
	commit
	campaign
	resign
)

type asked struct {
	kind          kind
	guards, write values
	term          int64 // of a commit: 0 for none
}

type outcome int

const (
	done outcome = iota
	conflict
	fenced
	unknown // it has happened, or never will
)

type answered struct {
	outcome outcome
	seen    values // by a read
	term    int64  // won by a campaign
}

// cell is the state of all: comparable, as the checker wants it.
type cell struct {
	values  values
	holder  int64 // the term now; 0: nobody's
	highest int64 // of all terms
}

// claimsModel is the sequential specification: what the state may be after each answer.
var claimsModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{cell{}} },
	Step: func(state, input, output any) (after []any) {
		now, in, out := state.(cell), input.(asked), output.(answered)
		legal := now
		switch in.kind {
		case read:
			if out.seen != now.values {
				return nil
			}
		case campaign:
			if out.term <= now.highest {
				return nil
			}
			legal.holder, legal.highest = out.term, out.term
		case resign:
			if now.holder == in.term {
				legal.holder = 0
			}
		default:
			return now.commit(in, out.outcome)
		}
		if out.outcome == unknown {
			return []any{legal, now}
		}
		return []any{legal}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}).ToModel()

func (c cell) commit(in asked, o outcome) (after []any) {
	ruled, guarded, written := in.term == 0 || in.term == c.holder, true, c
	for i := range registers {
		guarded = guarded && (in.guards[i] == untouched || in.guards[i] == c.values[i])
		if in.write[i] != untouched {
			written.values[i] = in.write[i]
		}
	}
	switch {
	case o == done && ruled && guarded:
		return []any{written}
	case o == conflict && ruled && !guarded, o == unknown && !(ruled && guarded):
		return []any{c}
	case o == unknown:
		return []any{c, written}
	case o == fenced && in.term != 0:
		if in.term == c.holder { // its lease has ended, and never comes back
			c.holder = 0
		}
		return []any{c}
	}
	return nil
}

// checkLimit is more than checking takes.
const checkLimit = 2 * time.Minute

// The checker refuses histories that no cluster in order could bring about, and none that one could.
func TestClaimsAreChecked(t *testing.T) {
	t.Parallel()
	none := values{untouched, untouched, untouched, untouched}
	only := func(i int, v int64) values { all := none; all[i] = v; return all }
	claim := func(i int, expect, v, term int64) asked { return asked{commit, only(i, expect), only(i, v), term} }
	elected, resigned := asked{kind: campaign}, func(term int64) asked { return asked{kind: resign, term: term} }
	type event struct {
		in        asked
		out       answered
		from, end int64
	}
	for name, tt := range map[string]struct {
		history []event
		want    porcupine.CheckResult
	}{
		"one claim wins":                     {[]event{{claim(0, 0, 1, 0), answered{}, 1, 3}, {claim(0, 0, 2, 0), answered{outcome: conflict}, 2, 4}}, porcupine.Ok},
		"two claims win":                     {[]event{{claim(0, 0, 1, 0), answered{}, 1, 3}, {claim(0, 0, 2, 0), answered{}, 2, 4}}, porcupine.Illegal},
		"a claim of what is free is refused": {[]event{{claim(0, 0, 1, 0), answered{outcome: conflict}, 1, 3}}, porcupine.Illegal},
		"a read sees what was overwritten": {[]event{{claim(0, 0, 1, 0), answered{}, 1, 2}, {claim(0, 1, 2, 0), answered{}, 3, 4},
			{asked{kind: read}, answered{seen: values{1}}, 5, 6}}, porcupine.Illegal},
		"a read sees half of a commit": {[]event{{asked{commit, none, values{1, 1, untouched, untouched}, 0}, answered{}, 1, 3},
			{asked{kind: read}, answered{seen: values{1}}, 2, 4}}, porcupine.Illegal},
		"a commit of which nobody knew comes late": {[]event{{claim(0, 0, 1, 0), answered{outcome: unknown}, 1, 9}, {asked{kind: read}, answered{}, 2, 3},
			{asked{kind: read}, answered{seen: values{1}}, 4, 5}}, porcupine.Ok},
		"a commit of which nobody knew comes twice": {[]event{{claim(0, 0, 1, 0), answered{outcome: unknown}, 1, 9}, {asked{kind: read}, answered{seen: values{1}}, 2, 3},
			{claim(0, 1, 0, 0), answered{}, 4, 5}, {asked{kind: read}, answered{seen: values{1}}, 6, 7}}, porcupine.Illegal},
		"a holder commits": {[]event{{elected, answered{term: 7}, 1, 2}, {claim(0, 0, 1, 7), answered{}, 3, 4}}, porcupine.Ok},
		"one that was a holder commits": {[]event{{elected, answered{term: 7}, 1, 2}, {elected, answered{term: 8}, 3, 4}, {claim(0, 0, 1, 7), answered{}, 5, 6}},
			porcupine.Illegal},
		"one that was a holder is fenced": {[]event{{elected, answered{term: 7}, 1, 2}, {elected, answered{term: 8}, 3, 4},
			{claim(0, 0, 1, 7), answered{outcome: fenced}, 5, 6}}, porcupine.Ok},
		"one that resigned commits": {[]event{{elected, answered{term: 7}, 1, 2}, {resigned(7), answered{}, 3, 4}, {claim(0, 0, 1, 7), answered{}, 5, 6}}, porcupine.Illegal},
		"one that was fenced commits": {[]event{{elected, answered{term: 7}, 1, 2}, {claim(0, 0, 1, 7), answered{outcome: fenced}, 3, 4},
			{claim(0, 0, 1, 7), answered{}, 5, 6}}, porcupine.Illegal},
		"terms fall": {[]event{{elected, answered{term: 8}, 1, 2}, {elected, answered{term: 7}, 3, 4}}, porcupine.Illegal},
	} {
		t.Run(name, func(t *testing.T) {
			var history []porcupine.Operation
			for _, e := range tt.history {
				history = append(history, porcupine.Operation{Input: e.in, Call: e.from, Output: e.out, Return: e.end})
			}
			if got := porcupine.CheckOperationsTimeout(claimsModel, history, checkLimit); got != tt.want {
				t.Errorf("the check says %s, want %s", got, tt.want)
			}
		})
	}
}
