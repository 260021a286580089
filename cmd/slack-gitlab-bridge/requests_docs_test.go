package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateRequests = flag.Bool("update-requests", false, "rewrite the table of requests in docs/performance.md; read the difference before committing it")

const (
	performanceDoc = "../../docs/performance.md"
	requestsBegin  = "<!-- requests: written by go test ./cmd/slack-gitlab-bridge -run TestRequestsDoc -update-requests -->\n"
	requestsEnd    = "<!-- end of requests -->\n"
)

// TestRequestsDoc holds the table of docs/performance.md against what TestRequests counts.
func TestRequestsDoc(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(performanceDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := strings.Cut(string(raw), requestsBegin)
	have, tail, ends := strings.Cut(rest, requestsEnd)
	if !begins || !ends {
		t.Fatalf("%s has no lines %q and %q", performanceDoc, requestsBegin, requestsEnd)
	}
	want := requestsTable()
	if *updateRequests {
		if err := os.WriteFile(performanceDoc, []byte(head+requestsBegin+want+requestsEnd+tail), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if have != want {
		t.Errorf("%s is not what TestRequests counts: run this test with -update-requests", performanceDoc)
	}
}

// requestsTable is the table of the document, a row for each errand.
func requestsTable() string {
	var b strings.Builder
	b.WriteString("\n| what happens | Slack reads | Slack writes | GitLab reads | GitLab writes |\n|---|---|---|---|---|\n")
	for _, p := range allSeries() {
		for _, e := range p.errands {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", e.what, cell(e.slackReads), cell(e.slackWrites), cell(e.gitlabReads), cell(e.gitlabWrites))
		}
	}
	return b.String() + "\n"
}

func cell(calls string) string { return cmp.Or(strings.ReplaceAll(calls, ", ", "<br>"), "–") }
