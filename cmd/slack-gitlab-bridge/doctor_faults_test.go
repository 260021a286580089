package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// finds is a finding that is to be made: its reason and its remedy hold these.
type finds struct{ state, what, reason, remedy string }

// planted is something wrong, and what doctor is to find: that and nothing else.
type planted struct {
	name   string
	agents string // the agents file
	plant  func(*testing.T, *stage) (environ []string)
	want   []finds
}

// stageWith is the stage's agents file with one thing changed.
func stageWith(from, to string) string { return strings.Replace(stageAgents, from, to, 1) }

// quietly makes a plant of what can fail only by the test's own fault, and changes no variable.
func quietly(do func(*stage) error) func(*testing.T, *stage) []string {
	return func(t *testing.T, s *stage) []string {
		t.Helper()
		if err := do(s); err != nil {
			t.Fatal(err)
		}
		return nil
	}
}

// simply is quietly for what cannot fail.
func simply(do func(*stage)) func(*testing.T, *stage) []string {
	return quietly(func(s *stage) error { do(s); return nil })
}

// answers has a vendor answer requests of that route so.
func answers(d *faults.Desk, route string, status int, answer string) {
	d.Order(faults.Fault{Route: regexp.MustCompile(route), Times: -1, Status: status, Answer: answer, Header: http.Header{"Content-Type": {"application/json"}}})
}

const (
	reinstall = "paste what slack-gitlab-bridge manifest prints"
	inMembers = "in the project, Manage, Members: "
)

// plantedInSlack are faults of the Slack end.
func plantedInSlack() []planted {
	return []planted{
		{"bot token revoked", stageAgents, simply(func(s *stage) { answers(s.slack.Desk(), "auth.test", 200, `{"ok":false,"error":"token_revoked"}`) }),
			[]finds{{"fault", "slack bot token", "token_revoked", "into SLACK_BOT_TOKEN"}}},
		{"bot token wrong", stageAgents, func(*testing.T, *stage) []string { return []string{"SLACK_BOT_TOKEN=xoxb-secret-not"} },
			[]finds{{"fault", "slack bot token", "invalid_auth", "into SLACK_BOT_TOKEN"}}},
		{"app token wrong", stageAgents, func(*testing.T, *stage) []string { return []string{"SLACK_APP_TOKEN=xapp-secret-not"} },
			[]finds{{"fault", "slack app token", "invalid_auth", "with the scope connections:write into SLACK_APP_TOKEN"}}},
		{"app token without its scope", stageAgents, simply(func(s *stage) {
			answers(s.slack.Desk(), "apps.connections.open", 200, `{"ok":false,"error":"missing_scope","needed":"connections:write","provided":"authorizations:read"}`)
		}), []finds{{"fault", "slack app token", "missing_scope (connections:write)", "with the scope connections:write into SLACK_APP_TOKEN"}}},
		{"tokens of two apps", stageAgents, simply(func(s *stage) { s.slack.SetSocketApp("A0OTHER") }),
			[]finds{{"fault", "slack app token", "SLACK_BOT_TOKEN is of the app A00000001, SLACK_APP_TOKEN of the app A0OTHER", "https://api.slack.com/apps/A00000001"}}},
		{"sockets closed by a proxy", stageAgents, quietly(func(s *stage) error {
			answers(s.slack.Desk(), "apps.connections.open", 200, `{"ok":true,"url":"ws://`+strings.TrimPrefix(s.elsewhere.URL, "http://")+`/link/?ticket=secret"}`)
			return nil
		}), []finds{{"fault", "slack socket", "bad handshake", "let this machine open WebSockets (wss) to *.slack.com"}}},
		{"Slack not to be reached", stageAgents, func(*testing.T, *stage) []string { return []string{"SLACK_API_URL=http://127.0.0.1:1/api/"} }, []finds{
			{"fault", "slack app token", "connection refused", "check SLACK_API_URL"}, {"fault", "slack bot token", "connection refused", "check SLACK_API_URL"}}},
		{"scopes missing", stageAgents, simply(func(s *stage) {
			s.slack.SetScopes("channels:history", "chat:write", "emoji:read", "channels:read", "users:read", "reactions:read")
		}), []finds{{"fault", "slack scope groups:history", "missing", reinstall}, {"fault", "slack scope groups:read", "missing", reinstall},
			{"fault", "slack scope usergroups:read", "missing", reinstall}, {"warn", "slack scope files:read", "linked", reinstall},
			{"warn", "slack scope reactions:write", "no reactions", reinstall}}},
		{"optional scopes missing", stageAgents, simply(func(s *stage) { s.slack.SetScopes(slackside.BotScopes...) }),
			[]finds{{"warn", "slack scope files:read", "linked", reinstall}, {"warn", "slack scope reactions:write", "no reactions", reinstall}}},
		{"custom emoji misspelt", stageWith(`"ops"`, `"opz"`), nil, []finds{{"fault", "emoji opz", "none of that name", "did you mean ops"}}},
		{"standard emoji misspelt", stageWith(`"white_check_mark"`, `"white_chek_mark"`), nil,
			[]finds{{"fault", "emoji white_chek_mark", "none of that name", "did you mean white_check_mark?"}}},
		{"emoji unheard of", stageWith(`"ops"`, `"qqqqqqqqqqqqqq"`), nil, []finds{{"fault", "emoji qqqqqqqqqqqqqq", "none of that name", "correct it in the agents file, or add it to the workspace"}}},
		{"emoji by another name", stageWith(`"ops"`, `"ops-team"`), simply(func(s *stage) { s.slack.AddEmoji("ops-team", "alias:ops") }), nil},
		{"two names of one emoji", stageWith(`"ops"`, `"looking"`), simply(func(s *stage) { s.slack.AddEmoji("looking", "alias:eyes") }),
			[]finds{{"fault", "emoji looking", "the same emoji as eyes, so it cannot be told whether somebody means acknowledged", "choose another emoji for one of them"}}},
		{"channel unknown", stageWith("C0HELP0001", "C0NONE0001"), nil, []finds{{"fault", "channel C0NONE0001", "channel_not_found", "check the channel's ID in the agents file"}}},
		{"bot not in the channel", stageWith("C0HELP0001", "C0OTHER001"), simply(func(s *stage) { s.slack.AddChannel(fakeslack.Channel{ID: "C0OTHER001", Name: "other"}) }),
			[]finds{{"fault", "channel C0OTHER001 #other", "the bot is not in it", "write in that channel: /invite @gitlab-bridge"}}},
		{"channel archived", stageAgents, quietly(func(s *stage) error { return s.slack.SetArchived(stageChannel, userID("ada"), true) }),
			[]finds{{"fault", "channel C0HELP0001 #help", "archived", "unarchive it, or take it out"}}},
		{"bot not in the ops channel", stageAgents, func(_ *testing.T, s *stage) []string {
			s.slack.AddChannel(fakeslack.Channel{ID: "C0OTHER001", Name: "other"})
			return []string{"OPS_CHANNEL=C0OTHER001"}
		}, []finds{{"fault", "channel C0OTHER001 (OPS_CHANNEL)", "not in it", "/invite @gitlab-bridge"}}},
		{"ops channel unknown", stageAgents, func(*testing.T, *stage) []string { return []string{"OPS_CHANNEL=C0NONE0001"} },
			[]finds{{"fault", "channel C0NONE0001 (OPS_CHANNEL)", "channel_not_found", "set OPS_CHANNEL to the ID of a channel that the bot is in"}}},
		{"agent unknown in Slack", stageWith("U0TWO", "U0NOBODY01"), nil, []finds{{"fault", "agent in slack U0NOBODY01", "nobody of that ID (@two)", "copy the member ID"}}},
		{"agent deactivated in Slack", stageAgents, quietly(func(s *stage) error {
			return s.slack.UpdateUser(fakeslack.User{ID: "U0ONE", Name: "one", Deleted: true})
		}), []finds{{"warn", "agent in slack U0ONE", "deactivated (Agent One)", "take the person out"}}},
		{"agent is a bot", stageWith("U0TWO", "U0000BOT1"), nil, []finds{{"fault", "agent in slack U0000BOT1", "reactions of bots do not count", "give a person's member ID"}}},
		{"another instance, as the daemon tells", stageAgents, func(t *testing.T, s *stage) []string {
			serveAs(t, s.socket(), `{"ready":true,"warnings":["`+otherInstance+`"]}`)
			return nil
		}, []finds{{"warn", "other instance", "another instance listens with this app token, and takes a part", "stop it, or give it a Slack app of its own"}}},
		{"another instance, without a daemon", stageAgents, func(t *testing.T, s *stage) []string {
			runDaemon(t, s, append(s.environ(), "GITLAB_URL="+s.gitlabHTTP.URL))
			return []string{"STORE=" + filepath.Join(s.dir, "other.db"), "ADMIN_SOCKET=" + filepath.Join(s.dir, "o")}
		}, []finds{{"warn", "other instance", "open with this app token, though no daemon answers", "stop any second one, or give it a Slack app of its own"}}},
	}
}

// serveAs answers on a daemon's socket: its readiness, and that its store is empty.
func serveAs(t *testing.T, socket, ready string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(ready)) })
	mux.HandleFunc("GET /store", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(mux)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
}

// plantedInGitLab are faults of the GitLab end.
func plantedInGitLab() []planted {
	app := func(change string) func(*testing.T, *stage) []string {
		return simply(func(s *stage) {
			answers(s.gitlab.Desk(), `^GET /api/v4/projects/1$`, 200, `{"id":1,"path_with_namespace":"acme/app","visibility":"private",`+change+`}`)
		})
	}
	return []planted{
		{"token wrong", stageAgents, func(*testing.T, *stage) []string { return []string{"GITLAB_TOKEN=glpat-other"} },
			[]finds{{"fault", "gitlab token", "401 Unauthorized", "set GITLAB_TOKEN to a valid token with the scope api"}}},
		{"token revoked", stageAgents, simply(func(s *stage) {
			s.gitlab.AddToken(fakegitlab.Token{Value: gitlabSecret, User: s.bot(), Revoked: true})
		}), []finds{{"fault", "gitlab token", "401 Unauthorized: invalid_token", "set GITLAB_TOKEN to a valid token"}}},
		{"token without the scope", stageAgents, simply(func(s *stage) { s.token([]string{"read_api"}, time.Time{}) }),
			[]finds{{"fault", "gitlab token", "its scopes are read_api", "give GITLAB_TOKEN the scope api"}}},
		{"token expires soon", stageAgents, simply(func(s *stage) { s.token([]string{"api"}, time.Now().Add(10*24*time.Hour)) }),
			[]finds{{"warn", "gitlab token expiry", "in 9 days", "put it into GITLAB_TOKEN before that day"}}},
		{"token expires later", stageAgents, simply(func(s *stage) { s.token([]string{"api"}, time.Now().Add(100*24*time.Hour)) }), nil},
		{"account blocked", stageAgents, quietly(func(s *stage) error { return s.gitlab.SetUserState(s.bot(), "blocked") }),
			[]finds{{"fault", "gitlab token", "403 Forbidden", "have the account of GITLAB_TOKEN unblocked"}}},
		{"no GitLab there", stageAgents, simply(func(s *stage) { answers(s.gitlab.Desk(), ".", 502, "<html>Bad Gateway</html>") }),
			[]finds{{"fault", "gitlab token", "502", "check GITLAB_URL"}}},
		{"former account mistyped", stageAgents, func(*testing.T, *stage) []string { return []string{"GITLAB_FORMER_ACCOUNTS=lena,nobdy"} },
			[]finds{{"warn", "former account @nobdy", "nobody of that username", "correct GITLAB_FORMER_ACCOUNTS"}}},
		{"project unknown", stageWith("acme/app", "acme/none"), nil, []finds{{"fault", "project acme/none", "404", "correct the path in the agents file"}}},
		{"project not to be read", stageWith("acme/app", "acme/vault"), nil, []finds{{"fault", "project acme/vault", "404", "make the account of GITLAB_TOKEN a member"}}},
		{"project archived", stageAgents, app(`"archived":true`), []finds{{"fault", "project acme/app", "archived", "unarchive it"}}},
		{"issues turned off", stageAgents, app(`"issues_access_level":"disabled"`), []finds{{"fault", "project acme/app", "its issues are turned off", "turn its issues on"}}},
		{"own role too low", stageAgents, simply(func(s *stage) { s.gitlab.AddMember(s.project, s.bot(), fakegitlab.Guest) }),
			[]finds{{"fault", "role in acme/app", "@bridge may not label", inMembers + "give @bridge the role Reporter or more"}}},
		{"own role too low to choose numbers", stageAgents, func(*testing.T, *stage) []string { return []string{"GITLAB_FENCE=iid"} },
			[]finds{{"fault", "fence in acme/app", "@bridge is no Owner", inMembers + "give @bridge the role Owner"}}},
		{"own role high enough to choose numbers", stageAgents, func(_ *testing.T, s *stage) []string {
			s.gitlab.AddMember(s.project, s.bot(), fakegitlab.Owner)
			return []string{"GITLAB_FENCE=iid"}
		}, nil},
		{"own account no member", stageAgents, quietly(func(s *stage) error {
			s.gitlab.AddMember(s.project, s.bot(), 0)
			return s.gitlab.SetVisibility(s.project, "internal")
		}), []finds{{"warn", "role in acme/app", "@bridge is no member", inMembers + "give @bridge the role Reporter or more"}}},
		{"label of another case", stageWith("team::Ops", "team::ops"), nil,
			[]finds{{"fault", `label "team::ops" in acme/app`, `spelled "team::Ops"`, `write "team::Ops" in the agents file`}}},
		{"label missing", stageWith("flow::new", "flow::fresh"), nil, []finds{{"warn", `label "flow::fresh" in acme/app`, "not there yet", "correct its spelling"}}},
		{"second agent on Free", stageWith(`"labels"`, `"second_agent": "add", "labels"`), nil,
			[]finds{{"warn", "gitlab tier", `"second_agent": "add" in C0HELP0001 replaces`, `set "second_agent": "wait" or "take_over"`}}},
		{"agent unknown", stageWith(`"two"`, `"nobody"`), nil, []finds{{"fault", "agent @nobody", "nobody of that username", "correct the username in the agents file"}}},
		{"agent blocked", stageAgents, quietly(func(s *stage) error { return s.gitlab.SetUserState(s.users["two"], "blocked") }),
			[]finds{{"fault", "agent @two", "the account is blocked", "have it made active again"}}},
		{"agent deactivated", stageAgents, quietly(func(s *stage) error { return s.gitlab.SetUserState(s.users["two"], "deactivated") }),
			[]finds{{"fault", "agent @two", "the account is deactivated", "have it made active again"}}},
		{"agent no member", stageAgents, simply(func(s *stage) { s.gitlab.AddMember(s.project, s.users["two"], 0) }),
			[]finds{{"fault", "agent @two", "no member of acme/app, so issues there cannot be assigned", inMembers + "invite @two"}}},
		{"agent may not read confidential issues", stageWith(`"labels"`, `"confidential": true, "labels"`), simply(func(s *stage) { s.gitlab.AddMember(s.project, s.users["two"], fakegitlab.Guest) }),
			[]finds{{"warn", "agent @two", "only a guest in acme/app", inMembers + "give @two the role Planner or more"}}},
		{"assignee unknown", stageWith(`"team::Ops"`, `{"labels": ["team::Ops"], "assignees": ["lead"]}`), nil,
			[]finds{{"fault", "assignee @lead of :ops:", "nobody of that username", "correct the username in the agents file"}}},
		{"project wider than the channel", stageAgents, quietly(func(s *stage) error { return s.gitlab.SetVisibility(s.project, "public") }),
			[]finds{{"warn", "audience of C0HELP0001", "public, so wider than the channel: issues will be confidential", "make the project private"}}},
		{"private project with more members than the private channel", stageAgents, quietly(func(s *stage) error {
			for _, name := range []string{"ada", "bob", "eve"} {
				if err := s.slack.Leave(stageChannel, userID(name)); err != nil {
					return err
				}
			}
			return s.slack.SetPrivate(stageChannel, userID("one"), true)
		}), []finds{{"warn", "audience of C0HELP0001", "has 5 members and the channel 3", `set "confidential": true`}}},
	}
}

// plantedHere are faults of the machine that the bridge is on.
func plantedHere() []planted {
	return []planted{
		{"agents_from", stageWith(`"agents":`, `"agents_from": {"slack_usergroup": "S0123456789"}, "agents":`), nil,
			[]finds{{"fault", "group of agents (Slack user group S0123456789)", "no_such_subteam", "correct slack_usergroup"}}},
		{"no folder for the store", stageAgents, func(*testing.T, *stage) []string { return []string{"STORE=/nonexistent/bridge.db"} },
			[]finds{{"fault", "store", "none can be made: open /nonexistent", "STORE must be a path on a local disk"}}},
		{"store held by another", stageAgents, func(t *testing.T, s *stage) []string {
			engine, err := bolt.Open(filepath.Join(s.dir, "bridge.db"), bolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { engine.Close() })
			return nil
		}, []finds{{"fault", "store", "bridge.db is in use", "docker exec CONTAINER slack-gitlab-bridge doctor"}}},
		{"store damaged", stageAgents, func(t *testing.T, s *stage) []string {
			writeFile(t, filepath.Join(s.dir, "bridge.db"), strings.Repeat("this is no store ", 1000))
			return nil
		}, []finds{{"fault", "store", "store damaged", "put the last backup in its place"}}},
		{"jobs given up", stageAgents, func(t *testing.T, s *stage) []string {
			withStoreAt(t, filepath.Join(s.dir, "bridge.db"), func(st *store.Store) {
				putJob(t, st, store.Job{Key: "C0HELP0001/1.5/card", Lane: "C0HELP0001/1.5", Parked: "refused"})
			})
			return nil
		}, []finds{{"warn", "jobs", "1 job was given up", "slack-gitlab-bridge jobs"}}},
		{"jobs given up beside the daemon", stageAgents, func(t *testing.T, s *stage) []string {
			d := runDaemon(t, s, append(s.environ(), "GITLAB_URL="+s.gitlabHTTP.URL))
			for _, key := range []string{"C0HELP0001/1.5/card", "C0HELP0001/2.5/card"} {
				putJob(t, d.store, store.Job{Key: key, Lane: key, Parked: "refused"})
			}
			return nil
		}, []finds{{"warn", "jobs", "2 jobs were given up", "slack-gitlab-bridge jobs"}}},
		{"daemon in trouble", stageAgents, func(t *testing.T, s *stage) []string {
			serveAdmin(t, prepare(t, append(s.environ(), "GITLAB_URL="+s.gitlabHTTP.URL)), s.socket())
			return nil
		}, []finds{{"fault", "daemon", "slack: no connection is open", "troubleshooting.md"}, {"fault", "daemon", "gitlab: has not answered yet", "troubleshooting.md"}}},
		{"clock behind", stageAgents, func(t *testing.T, s *stage) []string {
			return []string{"GITLAB_URL=" + dated(t, s.gitlab.Handler(), 5*time.Minute), "SLACK_API_URL=" + dated(t, s.slack.Handler(), 5*time.Minute) + "/api/"}
		}, []finds{{"fault", "clock", "behind GitLab's", "timedatectl set-ntp true"}, {"fault", "clock", "behind Slack's", "timedatectl set-ntp true"}}},
		{"GitLab's clock behind", stageAgents, func(t *testing.T, s *stage) []string {
			return []string{"GITLAB_URL=" + dated(t, s.gitlab.Handler(), -5*time.Minute)}
		}, []finds{{"fault", "clock", "ahead of GitLab's", "have GitLab's set"}}},
	}
}

// dated serves what is said to be served at another time.
func dated(t *testing.T, h http.Handler, ahead time.Duration) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestDoctorFaults plants one fault after the other, and wants just that found, with its remedy.
func TestDoctorFaults(t *testing.T) {
	for _, all := range [][]planted{plantedInSlack(), plantedInGitLab(), plantedHere()} {
		for _, p := range all {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				s, environ := newTestStage(t, p.agents)
				if p.plant != nil {
					environ = append(environ, p.plant(t, s)...)
				}
				wantExactly(t, environ, "", p.want)
			})
		}
	}
}

// TestDoctorTier holds what is said of labels of one scope, which GitLab Free lets stand side by side: a hint, since the bridge sees to them.
func TestDoctorTier(t *testing.T) {
	for _, test := range []struct {
		name, agents  string
		premium       bool
		state, reason string
	}{
		{"scoped labels on Free", stageAgents, false, stateHint, `GitLab Free lets labels of one scope, as "flow::new", stand side by side`},
		{"no scoped labels on Free", strings.ReplaceAll(stageAgents, "::", "-"), false, stateOK, "Free, and nothing asks for more"},
		{"scoped labels on Premium", stageAgents, true, stateOK, "not surely Free"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, environ := newTestStage(t, test.agents)
			if test.premium {
				s.fillGitLab(true)
				environ = append(environ, "GITLAB_URL="+s.gitlabHTTP.URL)
			}
			status, found := examine(t, environ)
			if status != 0 {
				t.Errorf("doctor = %d, %+v; want 0", status, states(found, stateFault))
			}
			wantFinding(t, found, test.state, "gitlab tier", test.reason)
		})
	}
}

// TestDoctorDisks names each kind of disk that a store should not be on.
func TestDoctorDisks(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	const local = "set STORE to a path on a local disk"
	for kind, want := range map[string]finds{
		"nfs": {"fault", "disk", "on a network file system (nfs)", local}, "cifs": {"fault", "disk", "on a network file system (cifs)", local},
		"tmpfs": {"warn", "disk", "lost at the next restart of the machine", local}, "fuse": {"warn", "disk", "may be one of a network", local},
		"overlay": {"warn", "disk", "a container's own layer", "mount a volume"},
	} {
		t.Run(kind, func(t *testing.T) { wantExactly(t, environ, kind, []finds{want}) })
	}
}

// wantExactly runs doctor and wants these warnings and faults and no others, and the exit status that follows from them.
func wantExactly(t *testing.T, environ []string, disk string, want []finds) {
	t.Helper()
	status, found := examineOn(t, disk, environ)
	bad, wantStatus := append(states(found, stateFault), states(found, stateWarn)...), 0
	for _, w := range want {
		matched := false
		for _, f := range bad {
			matched = matched || f.State == w.state && f.What == w.what && strings.Contains(f.Reason, w.reason) && strings.Contains(f.Remedy, w.remedy)
		}
		if !matched {
			t.Errorf("doctor found %+v, want among it %+v", bad, w)
		}
		if w.state == stateFault {
			wantStatus = 1
		}
	}
	if len(bad) != len(want) || status != wantStatus {
		t.Errorf("doctor = %d, %+v; want %d and no more than %+v", status, bad, wantStatus, want)
	}
}
