package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// measure is one thing that is measured.
type measure struct {
	name string // on the command line
	what string // in a few words
	// run measures. The rows that it has until an error are shown.
	run func(context.Context, *bench) ([]row, error)
}

// row is a line of the table.
type row struct {
	name    string
	subject string // whose; empty: it is a matter of the machine
	value   float64
	unit    string
	goal    string // in words; empty: there is none
	met     bool
}

// atMost gives the row a goal that is an upper bound in its unit.
func (r row) atMost(most float64, why string) row {
	r.goal, r.met = fmt.Sprintf("≤ %s %s", number(most), cmp.Or(why, r.unit)), r.value <= most
	return r
}

// atLeast gives the row a goal that is a lower bound in its unit.
func (r row) atLeast(least float64, why string) row {
	r.goal, r.met = fmt.Sprintf("≥ %s %s", number(least), cmp.Or(why, r.unit)), r.value >= least
	return r
}

// measures lists all there are, in the order of the table.
func measures() []measure {
	return []measure{
		{"disk", "what the disk gives: one fsync, one commit of bbolt", measureDisk},
		{"idle", "memory of a program that has nothing to do", measureIdle},
		{"memory", "memory and start of the bridge with many linked threads", measureMemory},
		{"store", "bytes of a linked thread and of a mirrored message", measureStore},
		{"ack", "how long an event waits for its acknowledgement", measureAck},
		{"start", "from the start to the first issue", measureStart},
		{"burst", "thousands of events at once", measureBurst},
		{"faults", "what is lost and doubled", measureFaults},
		{"requests", "requests by the length of a thread, and for a storm", measureRequests},
		{"notes", "notes for many replies", measureNotes},
		{"sustained", "how many events are acknowledged in a second", measureSustained},
		{"issue", "from 👀 to the issue, and what of it is not the vendors'", measureIssue},
		{"recovery", "a crash with thousands of threads waiting", measureRecovery},
		{"gap", "a time without Slack, made good", measureGap},
		{"refresh", "events while Slack has its sockets replaced", measureRefresh},
	}
}

// choose gives the measures of those names; all if there are none.
func choose(names []string) ([]measure, error) {
	all := measures()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []measure
	for _, name := range names {
		i := slices.IndexFunc(all, func(m measure) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no measure %q: -h lists them", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
