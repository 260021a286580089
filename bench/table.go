package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is what is printed in the end: Markdown, headed by the machine.
type table struct {
	machine machine
	parts   []part
}

type part struct {
	measure measure
	rows    []row
}

func (t *table) add(m measure, rows []row) { t.parts = append(t.parts, part{m, rows}) }

// print writes the table.
func (t *table) print(w io.Writer) error {
	var b strings.Builder
	b.WriteString(t.machine.String())
	b.WriteString("\n\n| measure | what | whose | value | unit | goal | met |\n|---|---|---|--:|---|---|---|\n")
	for _, p := range t.parts {
		for _, r := range p.rows {
			met := ""
			if r.goal != "" {
				met = map[bool]string{true: "yes", false: "NO"}[r.met]
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", p.measure.name, r.name, r.subject, number(r.value), r.unit, r.goal, met)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// number writes a value with three significant digits, and larger ones whole.
func number(v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// milliseconds is how durations are shown.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile gives the value that so many percent of all do not exceed; 0 of none. It sorts them.
func percentile(all []time.Duration, percent float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	i := int(math.Ceil(percent/100*float64(len(all)))) - 1
	return all[min(max(i, 0), len(all)-1)]
}
