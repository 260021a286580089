package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
)

//go:embed status.html
var statusText string

//go:embed status.css
var statusStyle string

var statusCSS = template.CSS(statusStyle) //nolint:gosec // G203: the program's own file, which the policy's hash is made of

// statusTemplate is the page; its times are told relative to the moment of the request, and with their zone.
var statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
	"at":       func(t, now time.Time) moment { return moment{t, now} },
	"distance": distance,
	"stamp":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"utc":      func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	"count":    count,
}).Parse(statusText))

// moment is a time, and the one from which it is seen.
type moment struct{ At, Now time.Time }

// statusPolicy lets the page show its own style sheet, which it carries, and nothing else: no script, no picture, no frame, no form.
var statusPolicy = func() string {
	sum := sha256.Sum256([]byte(statusStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

const (
	statusShown  = 12             // waiting jobs that the page lists: there may be thousands, and more are told by what they wait for
	statusGroups = 8              // of those
	statusParked = 10             // jobs given up that the page lists
	storeIsNews  = 24 * time.Hour // how long a new store is something to look at
)

// statusView is what the page shows. It has no text of a message and no title.
type statusView struct {
	Now       time.Time
	Style     template.CSS
	Version   string
	Hash      string // of the agents file in force
	Ready     readiness
	Slack     slackside.State
	Workspace string
	Account   string // in GitLab; empty: it has not answered yet
	GitLabURL string
	// GitLabGone says that GitLab answered once, and now gives no answer that can be used.
	GitLabGone bool
	bridge.Status
	StoreNews    bool             // the store is new or a copy, and not for long
	Waiting      []bridge.Waiting // the first of those that are not parked
	Hidden       int              // how many more there are
	Groups       []statusGroup    // if there are more
	ParkedHidden int              // how many more were given up
}

// Doing is the word for an instance with which all is well.
func (v statusView) Doing() string {
	if v.Ready.Role == roleListening {
		return "Listening, another replica works"
	}
	return "Working"
}

// statusPage answers / for a person: how things stand.
func (d *daemon) statusPage(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", statusPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if d.config.StatusPage != "on" && !isLocal(r) {
		http.Error(w, "The status page is shown on the bridge's own machine only; STATUS_PAGE=on shows it to others too.", http.StatusForbidden)
		return
	}
	view, err := d.statusView(r.Context())
	var page bytes.Buffer
	if err == nil {
		err = statusTemplate.Execute(&page, view)
	}
	if err != nil {
		d.log.Error().Err(err).Msg("status page cannot be made")
		http.Error(w, "The state cannot be read; the log says why.", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = page.WriteTo(w) // a client that has gone is no fault
}

// isLocal reports whether a request was made on this machine, to it, and by no proxy for somebody else. The name asked for counts
// too: a page from elsewhere may have had its own name lead here.
func isLocal(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && address.IsLoopback())
}

// statusView gathers what the page shows.
func (d *daemon) statusView(ctx context.Context) (v statusView, err error) {
	v = statusView{
		Now: time.Now(), Style: statusCSS, Version: version(), Hash: d.bridge.AgentsFile().Hash(), Ready: d.ready(ctx),
		Slack: d.slack.State(), Workspace: d.slack.Identity().Team, Account: d.gitlab.Identity().Username, GitLabURL: d.config.GitLabURL,
	}
	if v.Status, err = d.worker().Status(ctx); err != nil {
		return v, err
	}
	since, _ := d.gitlab.Silence()
	v.GitLabGone = !since.IsZero() && v.Now.Sub(since) >= silentLong ||
		slices.ContainsFunc(v.Down, func(o bridge.Down) bool { return o.Scope == bridge.ScopeGitLab })
	v.StoreNews = v.Now.Sub(v.Store.Since) < storeIsNews
	v.Parked, v.ParkedHidden = first(v.Parked, statusParked)
	if v.Queue.Waiting+v.Queue.Begun == 0 {
		return v, nil
	}
	jobs, err := d.worker().Jobs(ctx)
	v.Waiting = slices.DeleteFunc(jobs, func(w bridge.Waiting) bool { return w.State == "parked" })
	if len(v.Waiting) > statusShown {
		v.Groups = statusGrouped(v.Waiting)
	}
	v.Waiting, v.Hidden = first(v.Waiting, statusShown)
	return v, err
}

// first gives at most n of a list, and how many more it has.
func first[T any](list []T, n int) (some []T, more int) {
	n = min(n, len(list))
	return list[:n], len(list) - n
}

// statusGroup is jobs of one kind that wait for the same.
type statusGroup struct {
	Kind, For string
	Count     int
	Oldest    time.Time
}

// statusGrouped puts jobs, given from the oldest on, into groups, the largest first. What is in none of the largest is one group.
func statusGrouped(jobs []bridge.Waiting) []statusGroup {
	var groups []statusGroup
	at := map[[2]string]int{}
	for _, w := range jobs {
		reason := cmp.Or(w.Reason, "waits for its turn")
		if strings.HasPrefix(reason, bridge.Behind) {
			reason = bridge.Behind + "another job of its thread"
		}
		i, ok := at[[2]string{w.Kind, reason}]
		if !ok {
			i = len(groups)
			at[[2]string{w.Kind, reason}] = i
			groups = append(groups, statusGroup{Kind: w.Kind, For: reason, Oldest: w.Since})
		}
		groups[i].Count++
	}
	slices.SortStableFunc(groups, func(a, b statusGroup) int { return b.Count - a.Count })
	if len(groups) <= statusGroups {
		return groups
	}
	rest := statusGroup{Kind: "others", For: "each for a reason of its own"}
	for _, g := range groups[statusGroups-1:] {
		rest.Count += g.Count
		if rest.Oldest.IsZero() || g.Oldest.Before(rest.Oldest) {
			rest.Oldest = g.Oldest
		}
	}
	return append(groups[:statusGroups-1], rest)
}
