// Command imitations serves the imitated Slack and GitLab on a free port of this machine, with nothing between them, for clients that
// others wrote. Its first line says where, and with which tokens, as JSON. It ends when it is told to.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

const (
	channel     = "C0REQUESTS"
	gitlabToken = "glpat-clients"
	project     = "acme/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "imitations:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	url := "http://" + l.Addr().String()
	slack, gitlab := workspace(url), instance(url)
	defer slack.Close()

	mux := http.NewServeMux()
	mux.Handle("/", slack.Handler())
	mux.Handle("/api/v4/", gitlab.Handler())
	mux.Handle("POST /act/{what}", acts{slack, gitlab})
	server := &http.Server{Handler: mux} //nolint:gosec // known clients on this machine
	unplug := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer unplug()

	about := map[string]string{
		"url": url, "slack": url + "/api/", "botToken": slack.Config().BotToken, "appToken": slack.Config().AppToken, "channel": channel,
		"gitlabToken": gitlabToken, "project": project,
	}
	if err := json.NewEncoder(os.Stdout).Encode(about); err != nil {
		return fmt.Errorf("say where: %w", err)
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// workspace is a Slack with its true limits and with pages so short that every list has several.
func workspace(url string) *fakeslack.Server {
	s := fakeslack.New(fakeslack.Config{
		BaseURL: url, PermalinkBase: url, RateLimits: true, MaxPage: 2,
		Limits:       map[string]int{"apps.connections.open": 20}, // Slack's is 1, and a minute is long
		QueueOffline: true, RetryDelays: []time.Duration{0, 5 * time.Second, 5 * time.Second},
		CloseGrace: time.Second,
	})
	members := []string{s.Config().BotUserID}
	for _, id := range []string{"U0ADA", "U0BOB", "U0EVE"} {
		members = append(members, s.AddUser(fakeslack.User{ID: id, Name: id[2:], RealName: id[2:], Email: id[2:] + "@acme.example"}))
	}
	s.AddChannel(fakeslack.Channel{ID: channel, Name: "requests", Members: members})
	s.AddChannel(fakeslack.Channel{ID: "C0FOREIGN", Name: "foreign", Private: true, Members: []string{"U0EVE"}})
	return s
}

// instance is a GitLab with one project, written to with a Developer's token.
func instance(url string) *fakegitlab.Server {
	g := fakegitlab.New(fakegitlab.Config{BaseURL: url, Premium: true})
	bot := g.AddUser(fakegitlab.User{Username: "bridge", Name: "Bridge", Bot: true})
	ada := g.AddUser(fakegitlab.User{Username: "ada", Name: "Ada"})
	id := g.AddProject(fakegitlab.Project{Path: project, Name: "App"})
	for _, user := range []int{bot, ada} {
		g.AddMember(id, user, fakegitlab.Developer)
	}
	g.AddLabel(id, "team::ops", "#217645")
	g.AddProject(fakegitlab.Project{Path: "acme/secret"})
	g.AddToken(fakegitlab.Token{Name: "clients", Value: gitlabToken, User: bot, Scopes: []string{"api"}})
	g.AddToken(fakegitlab.Token{Name: "read", Value: gitlabToken + "-read", User: bot, Scopes: []string{"read_api"}})
	g.AddToken(fakegitlab.Token{Name: "old", Value: gitlabToken + "-revoked", User: bot, Revoked: true})
	return g
}

// acts do what people do, and what no client can: POST /act/WHAT with JSON.
type acts struct {
	slack  *fakeslack.Server
	gitlab *fakegitlab.Server
}

func (a acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User, Text, Thread, TS, Emoji string
		Scopes                        []string // none: all
		Limit                         int
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	if err == nil {
		switch r.PathValue("what") {
		case "post":
			in.TS, err = a.slack.Post(channel, in.User, in.Text, fakeslack.Options{ThreadTS: in.Thread})
		case "edit":
			err = a.slack.Edit(channel, in.TS, in.Text, fakeslack.Options{})
		case "delete":
			err = a.slack.Delete(channel, in.TS)
		case "react":
			err = a.slack.React(channel, in.TS, in.User, in.Emoji)
		case "unreact":
			err = a.slack.Unreact(channel, in.TS, in.User, in.Emoji)
		case "refresh":
			a.slack.SendDisconnect(fakeslack.All, "refresh_requested", nil)
		case "break":
			a.slack.KillConnections(fakeslack.All)
		case "scopes":
			if in.Scopes == nil {
				in.Scopes = fakeslack.DefaultScopes
			}
			a.slack.SetScopes(in.Scopes...)
		case "limit-notes":
			a.gitlab.SetLimits(fakegitlab.Limits{Notes: in.Limit})
		default:
			err = errors.New("no such act")
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"ts": in.TS}) // a client that has gone is no fault of ours
}
