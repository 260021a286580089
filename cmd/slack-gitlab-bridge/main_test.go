package main

import (
	"fmt"
	"strings"
	"testing"
)

// fmtConfig prints a configuration for comparison.
func fmtConfig(c config) string { return fmt.Sprintf("%+v", c) }

func TestExecute(t *testing.T) {
	tests := []struct {
		args         string
		status       int
		out, problem string // contained
	}{
		{"--help", 0, "Usage: slack-gitlab-bridge <command>", ""},
		{"jobs --help", 0, "jobs retry", ""},
		{"version", 0, "slack-gitlab-bridge ", ""},
		{"manifest", 0, "socket_mode_enabled: true", ""},
		{"frobnicate", 2, "", "frobnicate"},
		{"run --frobnicate", 2, "", "--frobnicate"},
		{"completion tcsh", 2, "", "bash"},
		{"explain", 2, "", "permalink"},
		{"jobs drop", 2, "", "<id>"},
		{"jobs retry", 2, "", "one ID, or --all"},
		{"jobs retry ID --all", 2, "", "one ID, or --all"},
		{"explain https://acme.slack.com/archives/C1", 2, "", "not a link to a Slack message"},
		{"", 2, "", "SLACK_APP_TOKEN is missing"}, // run is the default
	}
	for _, test := range tests {
		status, out, problems := try(t, nil, strings.Fields(test.args)...)
		if status != test.status || !strings.Contains(out, test.out) || !strings.Contains(problems, test.problem) {
			t.Errorf("slack-gitlab-bridge %s = %d, out %q, err %q; want %d, %q and %q", test.args, status, out, problems, test.status, test.out, test.problem)
		}
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	_, out, _ := try(t, nil, "--help")
	wantIn(t, "--help", out, "run", "sandbox", "doctor", "plan", "explain", "jobs", "manifest", "healthcheck", "version")
}

func TestWrongTokenEndsTheStart(t *testing.T) {
	for _, variable := range []string{"SLACK_BOT_TOKEN=xoxb-stale", "SLACK_APP_TOKEN=xapp-stale", "GITLAB_TOKEN=glpat-stale"} {
		t.Run(variable, func(t *testing.T) {
			_, environ := newTestStage(t, stageAgents)
			status, _, problems := try(t, append(environ, variable, "LOG_LEVEL=error"), "run")
			name, value, _ := strings.Cut(variable, "=")
			if status != 1 || strings.Count(strings.TrimSpace(problems), "\n") != 0 {
				t.Errorf("run with %s = %d, %q; want 1 and one line", name, status, problems)
			}
			wantIn(t, "run", problems, name)
			wantNotIn(t, "run", problems, value)
		})
	}
}
