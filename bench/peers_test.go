package main

import (
	"context"
	"io"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{7}, 7}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

// TestJudges has the bridge beside bolt, and without it.
func TestJudges(t *testing.T) {
	bridge, bolt := row{name: "x", subject: "bridge", value: 10}, row{name: "x", subject: "bolt", value: 400}
	for name, c := range map[string]struct {
		judge func(row, *row) []row
		bolt  *row
		rows  int
		value float64
		met   bool
	}{
		"takes a part":         {timesShorter(30), &bolt, 2, 40, true},
		"takes too much of it": {timesShorter(50), &bolt, 2, 40, false},
		"does too little":      {timesMore(5), &bolt, 2, 0.025, false},
		"nobody to compare":    {timesMore(5), nil, 1, 10, false},
		"below its bound":      {noMoreThan(10), nil, 1, 10, true},
		"above its bound":      {noMoreThan(9), &bolt, 1, 10, false},
	} {
		rows := c.judge(bridge, c.bolt)
		if len(rows) != c.rows {
			t.Errorf("%s: %d rows, want %d", name, len(rows), c.rows)
			continue
		}
		if last := rows[len(rows)-1]; last.value != c.value || last.met != c.met {
			t.Errorf("%s: %v, met %v; want %v, %v", name, last.value, last.met, c.value, c.met)
		}
	}
}

// TestContestWithoutSubjects measures nobody: no row, and nothing goes wrong.
func TestContestWithoutSubjects(t *testing.T) {
	b := &bench{only: []string{"none such"}, notes: io.Discard}
	rows, err := b.contest(t.Context(), 1, []figure{{name: "x", judge: noMoreThan(0)}}, func(context.Context, subject) ([]float64, error) { return nil, io.EOF })
	if err != nil || len(rows) != 0 {
		t.Errorf("contest() of nobody = %v, %v; want no rows", rows, err)
	}
}
