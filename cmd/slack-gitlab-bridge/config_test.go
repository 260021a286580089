package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// complete is an environment with nothing but what is required.
var complete = []string{"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1", "GITLAB_TOKEN=glpat-1", "AGENTS_JSON=agents.json"}

func TestLoadConfigDefaults(t *testing.T) {
	c, err := loadConfig(complete, "slack", "gitlab", "agents")
	if err != nil {
		t.Fatalf("loadConfig(complete) = %v, want nil", err)
	}
	want := config{
		SlackAppToken: "xapp-1", SlackBotToken: "xoxb-1", SlackAPIURL: "https://slack.com/api/", GitLabToken: "glpat-1", GitLabURL: "https://gitlab.com",
		GitLabSettle: 75 * time.Second, AgentsJSON: "agents.json", Store: "bridge.db", StoreLease: 15 * time.Second, AdminSocket: "bridge.db.sock", HTTPAddr: "127.0.0.1:8080",
		StatusPage: "auto", SweepInterval: 10 * time.Minute, SweepWindow: 168 * time.Hour, PollInterval: 15 * time.Second,
		UndoWindow: 2 * time.Minute, MaxFileSize: 10_000_000, LogLevel: "info", LogFormat: "auto",
	}
	if c.GitLabFormerAccounts != nil {
		t.Errorf("GitLabFormerAccounts = %q, want none", c.GitLabFormerAccounts)
	}
	if got, want := fmtConfig(c), fmtConfig(want); got != want {
		t.Errorf("loadConfig(complete) = %s\nwant %s", got, want)
	}
}

func TestLoadConfigFaults(t *testing.T) {
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "empty"), "\n")
	tests := []struct {
		name    string
		environ []string
		want    []string // beginnings, in order
	}{
		{"nothing", nil, []string{"SLACK_APP_TOKEN is missing: ", "SLACK_BOT_TOKEN is missing: ", "GITLAB_TOKEN is missing: ", "AGENTS_JSON is missing: "}},
		{"empty", []string{"SLACK_APP_TOKEN=", "SLACK_BOT_TOKEN= ", "GITLAB_TOKEN=\t", "AGENTS_JSON="},
			[]string{"SLACK_APP_TOKEN is missing: ", "SLACK_BOT_TOKEN is missing: ", "GITLAB_TOKEN is missing: ", "AGENTS_JSON is missing: "}},
		{"empty file", append(rest("GITLAB_TOKEN"), "GITLAB_TOKEN_FILE="+filepath.Join(folder, "empty")), []string{"GITLAB_TOKEN is missing: "}},
		{"no such file", append(rest("GITLAB_TOKEN"), "GITLAB_TOKEN_FILE="+filepath.Join(folder, "none")), []string{"GITLAB_TOKEN_FILE: open "}},
		{"both forms", slices.Concat(complete, []string{"GITLAB_TOKEN_FILE=" + filepath.Join(folder, "empty")}), []string{"GITLAB_TOKEN and GITLAB_TOKEN_FILE are both set: "}},
		{"tokens in quotes, or two lines", append(rest("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "GITLAB_TOKEN"), `SLACK_APP_TOKEN="xapp-TOPSECRET"`, "SLACK_BOT_TOKEN=xoxb-TOPSECRET 2", "GITLAB_TOKEN=glpat-TOPSECRET\nglpat-TOPSECRET"),
			[]string{"SLACK_APP_TOKEN holds ", "SLACK_BOT_TOKEN holds ", "GITLAB_TOKEN holds "}},
		{"tokens swapped", append(rest("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"), "SLACK_APP_TOKEN=xoxb-TOPSECRET", "SLACK_BOT_TOKEN=xapp-TOPSECRET"),
			[]string{"SLACK_APP_TOKEN does not start with xapp-: ", "SLACK_BOT_TOKEN does not start with xoxb-: "}},
		{"agents twice", slices.Concat(complete, []string{"AGENTS_JSON_FILE=agents.json"}), []string{"AGENTS_JSON and AGENTS_JSON_FILE are both set: "}},
		{"agents in GitLab too", slices.Concat(complete, []string{"AGENTS_GITLAB=a/b:c.json@main"}), []string{"AGENTS_GITLAB is set beside AGENTS_JSON or AGENTS_JSON_FILE: "}},
		{"agents in GitLab without a branch", append(rest("AGENTS_JSON"), "AGENTS_GITLAB=a/b:c.json"), []string{"AGENTS_GITLAB is no file on a branch: "}},
		{"all the rest malformed", slices.Concat(complete, []string{"SLACK_API_URL=slack.com", "GITLAB_URL=https://", "GITLAB_SETTLE=75", "SWEEP_INTERVAL=often",
			"SWEEP_WINDOW=-1h", "BACKFILL=-1s", "LOG_LEVEL=loud", "LOG_FORMAT=xml", "STATUS_PAGE=maybe", "GITLAB_FENCE=idd", "HTTP_ADDR=8080", "STORE=etcd://a:2379"}),
			[]string{"GITLAB_SETTLE is not a duration: ", "SWEEP_INTERVAL is not a duration: ", "SLACK_API_URL is not an address: ", "GITLAB_URL is not an address: ",
				"SWEEP_WINDOW is not positive: ", "GITLAB_FENCE is not iid: ", "BACKFILL is negative: ", "LOG_LEVEL is none of ", "LOG_FORMAT is none of ", "STATUS_PAGE is none of ",
				"HTTP_ADDR is not an address to listen on: ", "STORE is no address of an etcd cluster: "}},
		{"each named once", slices.Concat(complete, []string{"POLL_INTERVAL=often", "MAX_FILE_SIZE=lots", "OPS_CHANNEL=#ops", "UNDO_WINDOW=-1s"}),
			[]string{"POLL_INTERVAL is not a duration: ", "MAX_FILE_SIZE is not a size ", "UNDO_WINDOW is negative: ", "OPS_CHANNEL is no channel's ID: "}},
		{"a file with a cluster's variables", slices.Concat(complete, []string{"STORE_USER=u", "STORE_PASSWORD=TOPSECRET", "STORE_CA_FILE=ca.pem"}),
			[]string{"STORE_USER is set, but STORE is a file: ", "STORE_PASSWORD is set, but STORE is a file: ", "STORE_CA_FILE is set, but STORE is a file: "}},
		{"a cluster, by halves", slices.Concat(complete, []string{"STORE=etcds://h/p", "STORE_PASSWORD=TOPSECRET", "STORE_CERT_FILE=c.pem"}),
			[]string{"STORE_USER is missing: ", "STORE_KEY_FILE is missing: "}},
		{"a cluster without TLS", slices.Concat(complete, []string{"STORE=etcd://h/p", "STORE_CA_FILE=ca.pem"}), []string{"STORE_CA_FILE is set, but STORE begins with etcd://: "}},
		{"a cluster with the password in its address", slices.Concat(complete, []string{"STORE=etcd://u:TOPSECRET@h/p"}), []string{"STORE is no address of an etcd cluster: it holds a user"}},
		{"negative and short", slices.Concat(complete, []string{"GITLAB_SETTLE=-1s", "SWEEP_INTERVAL=10ms"}), []string{"SWEEP_INTERVAL is shorter than 1s: ", "GITLAB_SETTLE is negative: "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadConfig(test.environ, "slack", "gitlab", "agents")
			var faults *configError
			if !errors.As(err, &faults) {
				t.Fatalf("loadConfig(%q) = %v, want a configError", test.environ, err)
			}
			for _, want := range test.want {
				if !slices.ContainsFunc(faults.faults, func(f string) bool { return strings.HasPrefix(f, want) }) {
					t.Errorf("loadConfig(%q): faults %q, want one that begins with %q", test.environ, faults.faults, want)
				}
			}
			if !strings.HasPrefix(test.name, "all") && len(faults.faults) != len(test.want) {
				t.Errorf("loadConfig(%q): %d faults %q, want %d", test.environ, len(faults.faults), faults.faults, len(test.want))
			}
			wantNotIn(t, "faults", err.Error(), "TOPSECRET")

			status, out, problems := try(t, test.environ, "run")
			if status != 2 || out != "" || strings.TrimSpace(problems) != err.Error() {
				t.Errorf("run = %d, out %q, err %q; want 2 and every fault on its own line", status, out, problems)
			}
		})
	}
}

// rest is complete without some variables.
func rest(without ...string) []string {
	return slices.DeleteFunc(slices.Clone(complete), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(without, name)
	})
}

func TestLoadConfigFromFiles(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		writeFile(t, path, text)
		return path
	}
	c, err := loadConfig([]string{
		"SLACK_APP_TOKEN_FILE=" + file("app", "xapp-file\n"), "SLACK_BOT_TOKEN_FILE=" + file("bot", " xoxb-file \r\n"), "SLACK_API_URL=http://127.0.0.1:1/api",
		"GITLAB_TOKEN_FILE=" + file("gitlab", "glpat-file"), "GITLAB_FORMER_ACCOUNTS_FILE=" + file("former", "old-bot,older-bot\n"),
		"AGENTS_JSON_FILE=" + file("agents", "{}"), "SWEEP_INTERVAL_FILE=" + file("sweep", "1h\n"), "STORE_FILE=" + file("store", "/data/x.db\n"),
	}, "slack", "gitlab", "agents")
	if err != nil {
		t.Fatal(err)
	}
	path, text := c.agentsFile()
	got := []string{c.SlackAppToken, c.SlackBotToken, c.SlackAPIURL, c.GitLabToken, strings.Join(c.GitLabFormerAccounts, " "), path, text, c.SweepInterval.String(), c.Store, c.AdminSocket}
	want := []string{"xapp-file", "xoxb-file", "http://127.0.0.1:1/api/", "glpat-file", "old-bot older-bot", filepath.Join(folder, "agents"), "", "1h0m0s", "/data/x.db", "/data/x.db.sock"}
	if !slices.Equal(got, want) {
		t.Errorf("loadConfig(files) = %q, want %q", got, want)
	}
}

func TestLoadConfigStoreOnly(t *testing.T) {
	c, err := loadConfig([]string{"STORE=/data/b.db", "SLACK_BOT_TOKEN=nonsense", "SWEEP_INTERVAL=never", "GITLAB_TOKEN_FILE=/none"})
	if err != nil || c.Store != "/data/b.db" || c.AdminSocket != "/data/b.db.sock" || c.SlackBotToken != "" {
		t.Errorf("loadConfig(store only) = %s, %v; want /data/b.db, its socket, and nothing else looked at", fmtConfig(c), err)
	}
}

func TestAgentsFileForms(t *testing.T) {
	for _, test := range []struct {
		c          config
		path, text string
	}{
		{config{AgentsJSON: `{"channels": []}`}, "AGENTS_JSON", `{"channels": []}`},
		{config{AgentsJSON: "a.json"}, "a.json", ""},
		{config{AgentsJSONFile: "b.json"}, "b.json", ""},
	} {
		if path, text := test.c.agentsFile(); path != test.path || text != test.text {
			t.Errorf("agentsFile(%q, %q) = %q, %q; want %q, %q", test.c.AgentsJSON, test.c.AgentsJSONFile, path, text, test.path, test.text)
		}
	}
}

func TestVariablesAreDescribed(t *testing.T) {
	for _, v := range variables() {
		if v.Name == "" || !strings.HasSuffix(v.Help, ".") {
			t.Errorf("variable %+v: want a name, and a sentence that says what it is", v)
		}
		if v.Need != "" && remedies[v.Name] == "" {
			t.Errorf("variable %s is required, want a remedy for its absence", v.Name)
		}
	}
}

func TestBrokenAgentsFileIsWrongConfiguration(t *testing.T) {
	folder := t.TempDir()
	broken := filepath.Join(folder, "agents.json")
	writeFile(t, broken, "{\n  \"acknowledged_emojis\": \"eyes\",\n  \"channels\": 7\n}\n")
	status, _, problems := try(t, append(rest("AGENTS_JSON"), "AGENTS_JSON_FILE="+broken, "STORE="+filepath.Join(folder, "b.db")), "run")
	if status != 2 {
		t.Errorf("run with a broken agents file: exit status %d, want 2", status)
	}
	wantIn(t, "run with a broken agents file", problems, broken+":2:", broken+":3:")
	status, _, problems = try(t, append(rest("AGENTS_JSON"), "AGENTS_JSON_FILE="+filepath.Join(folder, "none")), "run")
	if status != 2 {
		t.Errorf("run without an agents file: exit status %d, want 2", status)
	}
	wantIn(t, "run without an agents file", problems, "no such file", "AGENTS_JSON_FILE")
}

func TestSocketPathTooLong(t *testing.T) {
	long := "/" + strings.Repeat("x", 120)
	for _, args := range [][]string{{"jobs"}, {"healthcheck"}, {"explain", "C1/1700000000.000100"}} {
		status, _, problems := try(t, []string{"ADMIN_SOCKET=" + long}, args...)
		if status != 2 || !strings.Contains(problems, "ADMIN_SOCKET") {
			t.Errorf("%q with a long socket path = %d, %q; want 2 and ADMIN_SOCKET named", args, status, problems)
		}
	}
}

func TestAgentsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"acme/ops:agents.json@main": "acme/ops agents.json main", "a/b/c.d:x/y-z.json@release/1.0": "a/b/c.d x/y-z.json release/1.0",
		"": "", "acme:agents.json@main": "", "acme/ops:agents.json": "", "acme/ops@main": "", "acme/ops:@main": "", "acme/ops:agents.json@": "",
		"acme/ops:/agents.json@main": "", "acme/ops:../agents.json@main": "", "acme/ops:a//b.json@main": "", "acme/ops:a b.json@main": "",
		"https://gitlab.com/acme/ops:agents.json@main": "", "acme/ops:agents.json@a@b": "",
	} {
		at, ok := agentsPlace(text)
		if got := strings.TrimSpace(at.Project + " " + at.Path + " " + at.Branch); got != want || ok != (want != "") {
			t.Errorf("agentsPlace(%q) = %q, %t; want %q", text, got, ok, want)
		}
	}
}
