package agents

import "testing"

// TestPatternsStayCheap counts what a start pays for the schema: no pattern is worth more than a few hundred allocations, least of all the one
// that repeats all small letters there are.
func TestPatternsStayCheap(t *testing.T) {
	const most = 1000
	for name := range judgeOnce().patterns {
		text := judgeOnce().root.get("$defs").get(name).get("pattern").text
		got := testing.AllocsPerRun(1, func() {
			if _, err := compilePattern(text); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("compilePattern(%q) makes %v allocations, want at most %d", text, got, most)
		}
	}
}
