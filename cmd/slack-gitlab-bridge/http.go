package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
)

// listen opens a listener; the socket of the commands is for this user alone.
func listen(network, address string) (net.Listener, error) {
	if network == "unix" {
		return listenPrivate(address)
	}
	return net.Listen(network, address)
}

// serveHTTP serves until ctx ends, then gives requests under way a second.
func serveHTTP(ctx context.Context, g *errgroup.Group, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	g.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := s.Shutdown(last); err != nil {
			return s.Close()
		}
		return nil
	})
}

// httpHandler serves health, metrics, the status page and, with a secret, GitLab's webhook. Nothing here changes anything.
func (d *daemon) httpHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, alive{true}) })
	mux.HandleFunc("GET /readyz", d.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(d.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /{$}", d.statusPage)
	if d.config.GitLabWebhookSecret != "" {
		mux.HandleFunc("POST /webhooks/gitlab", d.webhook)
	}
	return mux
}

// webhook has GitLab asked for changes at once. What the hook says is not read: the poll finds it, and nobody can make it up.
func (d *daemon) webhook(w http.ResponseWriter, r *http.Request) {
	given := sha256.Sum256([]byte(r.Header.Get("X-Gitlab-Token")))
	secret := sha256.Sum256([]byte(d.config.GitLabWebhookSecret))
	if subtle.ConstantTimeCompare(given[:], secret[:]) != 1 {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "the secret token is not that of GITLAB_WEBHOOK_SECRET"})
		return
	}
	d.worker().Poll()
	w.WriteHeader(http.StatusNoContent)
}

// alive is the answer of /healthz. It does not speak of readiness, which is another thing.
type alive struct {
	Alive bool `json:"alive"`
}

// readiness is what /readyz answers.
type readiness struct {
	Ready   bool     `json:"ready"`
	Role    string   `json:"role,omitempty"`    // of a replica: working or listening
	Reasons []string `json:"reasons,omitempty"` // each with its remedy
	// Warnings are what a person should look at although everything works, each with its remedy.
	Warnings []string `json:"warnings,omitempty"`
}

func (d *daemon) readyz(w http.ResponseWriter, r *http.Request) {
	answer := d.ready(r.Context())
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, answer)
}

// silentLong is how long GitLab may be silent before that is a reason.
const silentLong = time.Minute

// ready tells whether Slack is connected, GitLab answers, the store can be written and the agents file is the current one.
func (d *daemon) ready(ctx context.Context) readiness {
	var reasons, warnings []string
	s := d.slack.State()
	if s.Connected == 0 {
		reason := "slack: no connection is open"
		if s.Fault != "" {
			reason += ": " + s.Fault
		}
		reasons = append(reasons, reason)
	}
	if s.Others > 0 {
		warnings = append(warnings, otherInstance)
	}
	if many := tooMany(int(d.replicas.Load())); many != "" {
		warnings = append(warnings, many)
	}
	warnings = append(warnings, d.roster.warnings()...)
	if d.gitlab.Identity().Username == "" {
		reasons = append(reasons, "gitlab: has not answered yet: check GITLAB_URL and the network")
	}
	if since, why := d.gitlab.Silence(); !since.IsZero() && time.Since(since) >= silentLong {
		reasons = append(reasons, fmt.Sprintf("gitlab: no usable answer since %s: %s", since.UTC().Format("2006-01-02 15:04:05 UTC"), why))
	}
	if refused := d.agents.Refused(); refused != "" {
		reasons = append(reasons, refused)
	}
	reasons = append(reasons, d.bridge.Ready(ctx)...)
	if w := d.working.Load(); w != nil { // over the same store
		reasons = append(reasons, w.Held()...)
	}
	return readiness{Ready: len(reasons) == 0, Role: d.role(), Reasons: reasons, Warnings: warnings}
}

// otherInstance says that another program takes a part of the events.
const otherInstance = "slack: another instance listens with this app token: events are shared with it: stop it, or give it a Slack app of its own"

// tellOthers tells ops when another instance turns up, and when it is gone.
func (d *daemon) tellOthers(sockets int) {
	if sockets > 0 {
		d.tellOps(otherInstance)
	} else {
		d.tellOps("slack: no other instance listens with this app token any more")
	}
}

// writeJSON answers with v. A client that has gone is no fault.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
