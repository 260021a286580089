package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A merge request's pipeline has neither tokens nor a store: what can be judged without them is.
func TestDoctorOffline(t *testing.T) {
	const good = `{"channels":[{"id":"C0HELP0001","project":"acme/app"}],"agents":[{"slack_id":"U0ONE00001","gitlab_username":"one"}]}`
	tests := []struct {
		name    string
		agents  string
		environ []string
		status  int
		want    finding // its reason is a part of what is said
	}{
		{"no tokens", good, nil, 0, finding{State: "ok", What: "environment", Reason: "without SLACK_APP_TOKEN, SLACK_BOT_TOKEN, GITLAB_TOKEN, which run needs"}},
		{"a good file", good, nil, 0, finding{State: "ok", What: "agents file", Reason: "1 channel, 1 agent"}},
		{"an unknown key", `{"channels":[],"agents":[],"chanels":[]}`, nil, 2, finding{State: "fault", What: "agents file", Reason: "agents.json:1:28"}},
		{"a token of another kind", good, []string{"SLACK_BOT_TOKEN=xoxp-1"}, 2, finding{State: "fault", What: "environment", Reason: "SLACK_BOT_TOKEN does not start with xoxb-"}},
		{"a secret's file that is not there", good, []string{"GITLAB_TOKEN_FILE=/nowhere/token"}, 2,
			finding{State: "fault", What: "environment", Reason: "GITLAB_TOKEN_FILE: open /nowhere/token: no such file or directory → mount the file or correct the path"}},
		{"no agents file there", good, []string{"AGENTS_JSON=", "AGENTS_JSON_FILE=/nowhere/agents.json"}, 2,
			finding{State: "fault", What: "agents file", Reason: "open /nowhere/agents.json: no such file or directory → correct AGENTS_JSON or AGENTS_JSON_FILE, or mount the file"}},
		{"a malformed setting", good, []string{"POLL_INTERVAL=often"}, 2, finding{State: "fault", What: "environment", Reason: "POLL_INTERVAL is not a duration"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "agents.json")
			if err := os.WriteFile(path, []byte(test.agents), 0o600); err != nil {
				t.Fatal(err)
			}
			status, out, problems := try(t, append([]string{"AGENTS_JSON=" + path, "STORE=/nowhere/bridge.db"}, test.environ...), "doctor", "--offline", "--json")
			var found []finding
			if err := json.Unmarshal([]byte(out), &found); status != test.status || err != nil {
				t.Fatalf("doctor --offline --json = %d, %q, %q; want %d and JSON", status, out, problems, test.status)
			}
			wantFinding(t, found, test.want.State, test.want.What, test.want.Reason)
		})
	}
	if status, _, problems := try(t, nil, "doctor", "--offline"); status != 2 {
		t.Errorf("doctor --offline without an agents file = %d, %q; want 2", status, problems)
	}
	status, out, _ := try(t, []string{"AGENTS_GITLAB=acme/ops:agents.json@main"}, "doctor", "--offline")
	if status != 2 || !strings.Contains(out, "cannot be read offline") {
		t.Errorf("doctor --offline with an agents file in GitLab = %d, %q; want 2 and the reason", status, out)
	}
}
