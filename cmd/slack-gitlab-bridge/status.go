package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
)

//go:embed status.html
var statusText string

//go:embed status.css
var statusStyle string

var statusCSS = template.CSS(statusStyle) //nolint:gosec // G203: the program's own file, which the policy's hash is made of

// statusTemplate is the page; its times are told relative to the moment of the request.
var statusTemplate = template.Must(template.New("status").Funcs(template.FuncMap{
	"distance": distance,
	"stamp":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"count":    count,
}).Parse(statusText))

// statusPolicy lets the page show its own style sheet, which it carries, and nothing else: no script, no picture, no frame, no form.
var statusPolicy = func() string {
	sum := sha256.Sum256([]byte(statusStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// statusShown is how many waiting jobs the page lists. There may be thousands, and the first tell what is the matter.
const statusShown = 50

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
	bridge.Status
	Waiting []bridge.Waiting // the first of those that are not parked
	Hidden  int              // how many more there are
}

// statusPage answers / for a person: how things stand.
func (d *daemon) statusPage(w http.ResponseWriter, r *http.Request) {
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
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", statusPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
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
	if v.Status, err = d.bridge.Status(ctx); err != nil {
		return v, err
	}
	if v.Queue.Waiting+v.Queue.Begun == 0 {
		return v, nil
	}
	jobs, err := d.bridge.Jobs(ctx)
	v.Waiting = slices.DeleteFunc(jobs, func(w bridge.Waiting) bool { return w.State == "parked" })
	if len(v.Waiting) > statusShown {
		v.Waiting, v.Hidden = v.Waiting[:statusShown], len(v.Waiting)-statusShown
	}
	return v, err
}
