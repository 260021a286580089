package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/store"
)

// someJobs is a queue.
type someJobs struct{}

func (someJobs) Stats() store.Stats { return store.Stats{Oldest: time.Unix(1700000000, 0)} }

func (someJobs) StatsBy(group func(key string) string) map[string]store.Stats {
	return map[string]store.Stats{group("C1/1.5/note/1.6"): {Waiting: 3, Begun: 2}, group("C1/1.5/card"): {Parked: 1}, group("?"): {Waiting: 1}}
}

// used gives metrics on which everything was counted once.
func used() *metrics {
	m := newMetrics()
	m.watch(someJobs{}, func() slackside.State { return slackside.State{Connected: 2, Others: 3} }, func() int { return 7 },
		func() (time.Time, string) { return time.Unix(1600000000, 0), "502" })
	m.watchRole(func() bool { return true })
	m.watchRoster(func() rosterState { return rosterState{read: time.Unix(1650000000, 0), stale: true, unmatched: 2} })
	m.watchStore(func() int { return 1 }, func() uint64 { return 5 })
	m.Event(bridge.MessagePosted, "recorded")
	m.Action("create issue", "done")
	m.Waited("create issue", 90*time.Second)
	m.Acknowledged("C1", "team::Ops", time.Minute)
	m.Resolved("C1", "", time.Hour)
	m.Swept(4)
	m.CaughtUp(time.Minute, map[bridge.EventKind]int{bridge.ReactionAdded: 2, bridge.MessageEdited: 1})
	m.CaughtUp(0, nil)
	m.received.WithLabelValues("message", "accepted").Inc()
	m.requests.WithLabelValues("gitlab", "POST projects/:id/issues", "201").Observe(0.2)
	m.reloads.WithLabelValues("accepted").Inc()
	return m
}

func TestMetricsAreWellFormed(t *testing.T) {
	problems, err := testutil.GatherAndLint(used().registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v; want none", problems, err)
	}
}

func TestMetricLabelsNameNobody(t *testing.T) {
	families, err := used().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	closed := []string{"kind", "result", "type", "vendor", "call", "code", "state", "version", "channel", "team"}
	own := 0
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), namespace) {
			continue
		}
		own++
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if !slices.Contains(closed, l.GetName()) {
					t.Errorf("%s has the label %s, want only those of %q: others could name a person or a thread", f.GetName(), l.GetName(), closed)
				}
			}
		}
	}
	if own < 10 {
		t.Errorf("%d metrics of our own, want at least 10", own)
	}
}

func TestMetricValues(t *testing.T) {
	m := used()
	for name, want := range map[string]float64{
		"gaps_total": 1, "gap_seconds_total": 60, "gap_recovered_total": 3, "sweep_looks_total": 4, "slack_connections": 2, "slack_other_connections": 3, "slack_last_frame_timestamp_seconds": 0,
		"oldest_job_timestamp_seconds": 1700000000, "agents_file_current": 1, "agents_group_current": 0, "agents_group_read_timestamp_seconds": 1650000000, "agents_group_unmatched": 2, "jobs": 7,
		"rate_limit_waits_total": 1, "rate_limit_wait_seconds_total": 90, "acknowledge_seconds": 1, "resolve_seconds": 1, "sweeps_total": 1, "outages": 7,
		"gitlab_silent_since_timestamp_seconds": 1600000000,
		"working":                               1,
		"store_open_reads":                      1, "store_slow_reads_total": 5,
	} {
		if got := sum(t, m.registry, name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

// However many channels and labels there are, the series do not grow without end.
func TestTeamsAreBounded(t *testing.T) {
	m := newMetrics()
	for i := range 3 * mostTeams {
		for range 2 {
			m.Acknowledged("C1", fmt.Sprint("team::", i), time.Minute)
			m.Resolved("C1", fmt.Sprint("team::", i), time.Minute)
		}
	}
	for _, name := range []string{"acknowledge_seconds", "resolve_seconds"} {
		n, err := testutil.GatherAndCount(m.registry, namespace+"_"+name)
		if err != nil || n != mostTeams+1 {
			t.Errorf("%s has %d series, %v, want %d", name, n, err, mostTeams+1)
		}
		if got := sum(t, m.registry, name); got != 6*mostTeams {
			t.Errorf("%s has %v samples, want %d", name, got, 6*mostTeams)
		}
	}
}

// What happened last is told by its time.
func TestMetricTimes(t *testing.T) {
	m := newMetrics()
	m.Event(bridge.MessagePosted, "ignored")
	for _, name := range []string{"last_event_timestamp_seconds", "last_sweep_timestamp_seconds"} {
		if got := sum(t, m.registry, name); got != 0 {
			t.Errorf("%s = %v before any, want 0", name, got)
		}
	}
	before := float64(time.Now().Unix())
	m.Event(bridge.MessagePosted, "recorded")
	m.Swept(0)
	for _, name := range []string{"last_event_timestamp_seconds", "last_sweep_timestamp_seconds"} {
		if got := sum(t, m.registry, name); got < before {
			t.Errorf("%s = %v, want now, at least %v", name, got, before)
		}
	}
}

// sum adds up one of our metrics over its labels.
func sum(t *testing.T, r *prometheus.Registry, name string) (total float64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != namespace+"_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return total
}

func TestCallName(t *testing.T) {
	tests := []struct{ vendor, method, url, want string }{
		{"slack", "POST", "https://slack.com/api/chat.postMessage", "chat.postMessage"},
		{"slack", "POST", "https://slack.com/api/conversations.replies?cursor=x", "conversations.replies"},
		{"slack", "GET", "https://files.slack.com/files-pri/T1-F1/download/who.is.fired.pdf", "file"},
		{"slack", "POST", "https://slack.com/api/", "file"},
		{"gitlab", "GET", "https://gitlab.com/api/v4/user", "GET user"},
		{"gitlab", "GET", "https://gitlab.com/api/v4/users?username=ada", "GET users"},
		{"gitlab", "GET", "https://gitlab.com/api/v4/projects/group%2Fsub%2Fapp", "GET projects/:id"},
		{"gitlab", "GET", "https://gitlab.com/api/v4/projects/group%2Fapp/labels?page=2", "GET projects/:id/labels"},
		{"gitlab", "POST", "https://example.com/gitlab/api/v4/projects/12/issues", "POST projects/:id/issues"},
		{"gitlab", "PUT", "https://gitlab.com/api/v4/projects/12/issues/7", "PUT projects/:id/issues/:id"},
		{"gitlab", "GET", "https://gitlab.com/api/v4/projects/12/repository/files/agents%2Ejson?ref=main", "GET projects/:id/repository/files/:id"},
		{"gitlab", "GET", "https://gitlab.com/api/v4/projects/12/members/all/34", "GET projects/:id/members/all/:id"},
		{"gitlab", "POST", "https://gitlab.com/api/v4/projects/12/issues/7/discussions/0123456789abcdef0123456789abcdef/notes", "POST projects/:id/issues/:id/discussions/:id/notes"},
	}
	for _, test := range tests {
		if got := callName(test.vendor, httptest.NewRequest(test.method, test.url, nil)); got != test.want {
			t.Errorf("callName(%s, %s %s) = %q, want %q", test.vendor, test.method, test.url, got, test.want)
		}
	}
}

func TestRequestsAreMeasured(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	m := newMetrics()
	client := &http.Client{Transport: m.transport("gitlab", system)}
	for range 2 {
		resp, err := client.Get(server.URL + "/api/v4/version")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body) // the connection is used again
		resp.Body.Close()
	}
	server.Close()
	if resp, err := client.Get(server.URL + "/api/v4/version"); err == nil {
		resp.Body.Close()
		t.Fatal("GET from a closed server succeeded")
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, f := range families {
		if f.GetName() != namespace+"_request_duration_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			got[strings.Join(labels, " ")] += m.GetHistogram().GetSampleCount()
		}
	}
	if len(got) != 2 || got["GET version 418 gitlab"] != 2 || got["GET version 0 gitlab"] != 1 {
		t.Errorf("requests counted = %v, want 2 with 418 and 1 without an answer (0)", got)
	}
}
