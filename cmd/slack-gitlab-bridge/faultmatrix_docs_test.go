package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var updateFaults = flag.Bool("update-faults", false, "rewrite the tables in docs/faults.md; read the difference before committing it")

const (
	faultsDoc   = "../../docs/faults.md"
	faultsBegin = "<!-- what follows is written by go test ./cmd/slack-gitlab-bridge -run TestFaultsDoc -update-faults -->\n"
)

// TestFaultsDoc holds docs/faults.md against the table that the matrix is held against.
func TestFaultsDoc(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(faultsDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, have, found := strings.Cut(string(raw), faultsBegin)
	if !found {
		t.Fatalf("%s has no line %q", faultsDoc, faultsBegin)
	}
	want := faultTables()
	if *updateFaults {
		if err := os.WriteFile(faultsDoc, []byte(head+faultsBegin+want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if have != want {
		t.Errorf("%s is not what the table of kinds says: run this test with -update-faults", faultsDoc)
	}
	for _, m := range misfortunes {
		if !strings.Contains(head, "| "+m.name+" | ") {
			t.Errorf("%s does not explain %q", faultsDoc, m.name)
		}
	}
}

// TestFaultTableIsWhole wants the table to say of each kind and misfortune exactly once what happens, and to have no rows without calls.
func TestFaultTableIsWhole(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		if !slices.ContainsFunc(outwards(), func(c outward) bool { return c.kind == k.name }) {
			t.Errorf("no call is of the kind %q", k.name)
		}
		for _, m := range misfortunes {
			if _, once := expected(k.name, m.name); !once {
				t.Errorf("%s, %s: the table does not say once what happens", k.name, m.name)
			}
		}
		for _, e := range k.expect {
			for _, name := range e.of {
				if !slices.ContainsFunc(misfortunes, func(m misfortune) bool { return m.name == name }) {
					t.Errorf("%s: there is no misfortune %q", k.name, name)
				}
			}
		}
	}
}

// faultTables are the tables of the document: one for each kind, misfortunes of one outcome in one row.
func faultTables() string {
	var b strings.Builder
	for _, k := range kinds {
		var calls []string
		for _, c := range outwards() {
			if c.kind == k.name {
				calls = append(calls, c.name)
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\nCalls: %s.\n\n| goes wrong | the work | what happens |\n|---|---|---|\n", k.name, strings.Join(calls, "; "))
		for _, e := range k.expect {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(e.of, "<br>"), e.upshot, e.words)
		}
	}
	return b.String()
}
