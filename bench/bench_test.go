package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, c := range []struct {
		all     []time.Duration
		percent float64
		want    time.Duration
	}{
		{nil, 50, 0}, {[]time.Duration{7}, 99, 7}, {[]time.Duration{7}, 0, 7}, {[]time.Duration{3, 1, 2}, 50, 2},
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 99.5, 100}, {hundred, 100, 100},
	} {
		if got := percentile(c.all, c.percent); got != c.want {
			t.Errorf("percentile(%v, %v) = %d, want %d", c.all, c.percent, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01234: "0.0123", 1: "1", 1.5: "1.5", 12.345: "12.3", 999.6: "1000", 123456.7: "123457", -2.5: "-2.5"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	m := measure{name: "m"}
	all := table{machine: machine{cpu: "A processor", cores: 2}}
	all.add(m, []row{
		row{name: "one", subject: "bridge", value: 2, unit: "ms"}.atMost(3, ""),
		row{name: "two", value: 2, unit: "per s"}.atLeast(3, "of something"),
		{name: "three", value: 1, unit: "B"},
	})
	var out bytes.Buffer
	if err := all.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"A processor, 2 cores", "| m | one | bridge | 2 | ms | ≤ 3 ms | yes |", "| m | two |  | 2 | per s | ≥ 3 of something | NO |", "| m | three |  | 1 | B |  |  |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

func TestChoose(t *testing.T) {
	all, err := choose(nil)
	if err != nil || len(all) != len(measures()) {
		t.Errorf("choose() = %d measures, %v; want all %d", len(all), err, len(measures()))
	}
	if one, err := choose([]string{all[0].name}); err != nil || len(one) != 1 || one[0].name != all[0].name {
		t.Errorf("choose(%s) = %v, %v; want that one", all[0].name, one, err)
	}
	if _, err := choose([]string{"none such"}); err == nil {
		t.Error("choose(none such): no error, want one")
	}
}
