package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// figure is one thing that a contest measures, of each subject.
type figure struct {
	name, unit string
	// judge, if given, gives the bridge's row its goal, or another row beside it. bolt is nil if that is not there.
	judge func(bridge row, bolt *row) []row
}

// contest measures every subject in turn, round after round, so that whatever the machine does meanwhile hits all alike. It gives the medians.
func (b *bench) contest(ctx context.Context, rounds int, figures []figure, f func(context.Context, subject) ([]float64, error)) ([]row, error) {
	subjects := b.subjects()
	got := map[string][][]float64{} // by subject, then by figure
	for range b.size(rounds, 1) {
		for _, s := range subjects {
			values, err := f(ctx, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if got[s.name] == nil {
				got[s.name] = make([][]float64, len(figures))
			}
			var said []string
			for i, figure := range figures {
				got[s.name][i] = append(got[s.name][i], values[i])
				said = append(said, fmt.Sprintf("%s %s %s", figure.name, number(values[i]), figure.unit))
			}
			b.note("  %s: %s", s.name, strings.Join(said, ", "))
		}
	}
	var rows []row
	for i, figure := range figures {
		var own, bolt *row
		for _, s := range subjects {
			r := row{name: figure.name, subject: s.name, value: median(got[s.name][i]), unit: figure.unit}
			switch s.name {
			case "bridge":
				own = &r
				continue // it comes behind the others, with its goal
			case "bolt":
				bolt = &r
			}
			rows = append(rows, r)
		}
		switch {
		case own == nil:
		case figure.judge == nil:
			rows = append(rows, *own)
		default:
			rows = append(rows, figure.judge(*own, bolt)...)
		}
	}
	return rows, nil
}

// median sorts the values.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// timesShorter wants the bridge to take at most a part of what bolt takes.
func timesShorter(least float64) func(row, *row) []row {
	return func(bridge row, bolt *row) []row {
		if bolt == nil {
			return []row{bridge}
		}
		return []row{bridge, row{name: bridge.name + ", bolt's to it", subject: bridge.subject, value: bolt.value / bridge.value, unit: "times"}.atLeast(least, "")}
	}
}

// timesMore wants the bridge to do a multiple of what bolt does.
func timesMore(least float64) func(row, *row) []row {
	return func(bridge row, bolt *row) []row {
		if bolt == nil {
			return []row{bridge}
		}
		return []row{bridge, row{name: bridge.name + ", to bolt's", subject: bridge.subject, value: bridge.value / bolt.value, unit: "times"}.atLeast(least, "")}
	}
}

// noMoreThan wants the bridge to stay below a bound of its own.
func noMoreThan(most float64) func(row, *row) []row {
	return func(bridge row, _ *row) []row { return []row{bridge.atMost(most, "")} }
}
