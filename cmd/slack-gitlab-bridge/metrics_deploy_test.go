package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shownMetric is one metric as the registry tells it.
type shownMetric struct {
	kind, help string
	labels     []string
}

// allMetrics gives all metrics there are, each used once.
func allMetrics(t *testing.T) map[string]shownMetric {
	t.Helper()
	families, err := used().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]shownMetric{}
	for _, f := range families {
		m := shownMetric{kind: strings.ToLower(f.GetType().String()), help: f.GetHelp()}
		for _, l := range f.GetMetric()[0].GetLabel() {
			m.labels = append(m.labels, l.GetName())
		}
		if m.kind == "histogram" {
			m.labels = append(m.labels, "le")
		}
		all[f.GetName()] = m
	}
	return all
}

var (
	metricName  = regexp.MustCompile(`\b(?:` + namespace + `|process|go)_[a-z0-9_]+\b`)
	labelMatch  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"`)
	labelList   = regexp.MustCompile(`\b(?:by|without)\s*\(([^)]*)\)`)
	listedLabel = regexp.MustCompile(`[a-z_]+`)
	suffix      = regexp.MustCompile(`_(?:bucket|sum|count)$`)
)

// unknown lists the metrics of a query that do not exist, and the labels that none of its metrics has.
func unknown(query string, all map[string]shownMetric) (out []string) {
	var labels []string
	found := metricName.FindAllString(query, -1)
	for _, name := range found {
		m, ok := all[name]
		if histogram, cut := all[suffix.ReplaceAllString(name, "")]; !ok && cut && histogram.kind == "histogram" {
			m, ok = histogram, true
		}
		if !ok {
			out = append(out, name)
		}
		labels = append(labels, m.labels...)
	}
	if len(found) == 0 {
		out = append(out, "no metric")
	}
	var named []string
	for _, m := range labelMatch.FindAllStringSubmatch(query, -1) {
		named = append(named, m[1])
	}
	for _, m := range labelList.FindAllStringSubmatch(query, -1) {
		named = append(named, listedLabel.FindAllString(m[1], -1)...)
	}
	for _, l := range named {
		if !slices.Contains(labels, l) {
			out = append(out, "label "+l)
		}
	}
	return out
}

func TestUnknownInQueries(t *testing.T) {
	all := map[string]shownMetric{namespace + "_h_seconds": {kind: "histogram", labels: []string{"team", "le"}}, namespace + "_c_total": {kind: "counter", labels: []string{"kind"}}}
	for query, want := range map[string]string{
		`sum by (team, le) (rate(slack_gitlab_bridge_h_seconds_bucket[5m]))`:    "[]",
		`slack_gitlab_bridge_c_total{kind="a"} / slack_gitlab_bridge_h_seconds`: "[]",
		`slack_gitlab_bridge_c_total_count`:                                     "[slack_gitlab_bridge_c_total_count]",
		`sum without (kind) (slack_gitlab_bridge_d_total)`:                      "[slack_gitlab_bridge_d_total label kind]",
		`slack_gitlab_bridge_c_total{state=~"a"}`:                               "[label state]",
		`up == 0`: "[no metric]",
		`process_start_time_seconds and on (instance) slack_gitlab_bridge_c_total`: "[process_start_time_seconds]",
	} {
		if got := fmt.Sprint(unknown(query, all)); got != want {
			t.Errorf("unknown(%s) = %s, want %s", query, got, want)
		}
	}
}

// Each panel of the dashboard asks for what there is, and each metric of our own has its place there.
func TestDashboardQueries(t *testing.T) {
	text, err := os.ReadFile("../../deploy/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	all, queries, ids := allMetrics(t), "", map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q at %+v: its number is taken, it has no title, or it is too wide", p.ID, p.Title, p.GridPos)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			if bad := unknown(target.Expr, all); len(bad) > 0 {
				t.Errorf("panel %q asks for %q, which there is not: %s", p.Title, bad, target.Expr)
			}
			queries += target.Expr + "\n"
		}
	}
	for name := range all {
		if strings.HasPrefix(name, namespace) && !strings.Contains(queries, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// Each alert asks for what there is, and has a test in which it fires and one in which it does not.
func TestAlertQueries(t *testing.T) {
	rules, err := os.ReadFile("../../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("../../deploy/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := allMetrics(t)
	alerts := regexp.MustCompile(`- alert: (\w+)\n +expr: (.+)\n`).FindAllStringSubmatch(string(rules), -1)
	if want := strings.Count(string(rules), "alert:"); len(alerts) != want || want == 0 {
		t.Fatalf("read %d alerts of %d", len(alerts), want)
	}
	for _, a := range alerts {
		if bad := unknown(a[2], all); len(bad) > 0 {
			t.Errorf("alert %s asks for %q, which there is not: %s", a[1], bad, a[2])
		}
		if !regexp.MustCompile(`alertname: `+a[1]+`\n +exp_alerts:\n +- exp_labels`).Match(tests) || !strings.Contains(string(tests), "alertname: "+a[1]+", exp_alerts: []") {
			t.Errorf("alert %s has no test in which it fires, or none in which it does not", a[1])
		}
	}
	for _, name := range metricName.FindAllString(string(tests), -1) {
		if _, ok := all[name]; !ok {
			t.Errorf("the alerts' tests use %s, which there is not", name)
		}
	}
}

// docs/metrics.md lists all metrics as they are.
func TestMetricsDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	table := "| metric | type | labels | |\n|---|---|---|---|\n"
	all := allMetrics(t)
	var names []string
	for name := range all {
		if strings.HasPrefix(name, namespace) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		m := all[name]
		labels := slices.DeleteFunc(slices.Clone(m.labels), func(l string) bool { return l == "le" })
		table += fmt.Sprintf("| `%s` | %s | %s | %s |\n", strings.TrimPrefix(name, namespace+"_"), m.kind, strings.Join(labels, ", "), m.help)
	}
	if !strings.Contains(string(text), table) {
		t.Errorf("docs/metrics.md lacks this table:\n%s", table)
	}
	examples := regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) == 0 {
		t.Error("docs/metrics.md has no example of a query")
	}
	for _, e := range examples {
		if bad := unknown(e[1], all); len(bad) > 0 {
			t.Errorf("docs/metrics.md asks for %q, which there is not: %s", bad, e[1])
		}
	}
}
