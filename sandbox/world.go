package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// DefaultAddr is where the page is served if [Options] names nothing else.
const DefaultAddr = "127.0.0.1:8090"

// Options say where a World is served.
type Options struct {
	// Addr is host:port of the one listener; DefaultAddr if empty. Port 0 takes a free one.
	Addr string
}

// World is both imitations, the people in them, and the page. All its methods may be used concurrently.
type World struct {
	slack  *fakeslack.Server
	gitlab *fakegitlab.Server
	cast   cast
	feed   feed
	orders orders

	listener net.Listener
	server   *http.Server
	url      string
	unwatch  []func()

	done    chan struct{} // closed by Close: event streams end
	closing sync.Once
	wg      sync.WaitGroup // goroutines of the feed
}

// New makes a World with people, channels and a few messages in it, and listens; requests are answered once Serve runs. It fails if the
// address cannot be listened on.
func New(o Options) (*World, error) {
	if o.Addr == "" {
		o.Addr = DefaultAddr
	}
	l, err := net.Listen("tcp", o.Addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: the address is in use, perhaps by another sandbox; choose another one with --addr, for instance --addr 127.0.0.1:0 for any free port", o.Addr)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w; choose another address with --addr", o.Addr, err)
	}
	w := &World{listener: l, url: pageURL(l.Addr()), done: make(chan struct{})}
	w.slack = fakeslack.New(fakeslack.Config{
		BotUser: "GitLab Bridge", BotToken: "xoxb-sandbox", AppToken: "xapp-sandbox",
		BaseURL: w.url, PermalinkBase: w.url,
	})
	w.gitlab = fakegitlab.New(fakegitlab.Config{BaseURL: w.url})
	w.people()
	w.history(time.Now())
	w.watch()
	w.server = &http.Server{Handler: w.routes(), ReadHeaderTimeout: 10 * time.Second}
	return w, nil
}

// pageURL is how a browser on the same machine reaches the listener.
func pageURL(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return "http://" + a.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// Serve answers requests until ctx ends or Close is called, and returns nil then. Open event streams are ended, not waited for.
func (w *World) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, w.Close)
	defer stop()
	err := w.server.Serve(w.listener)
	w.Close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the sandbox: %w", err)
}

// Close ends Serve and every connection. It may be called again.
func (w *World) Close() {
	w.closing.Do(func() {
		close(w.done)
		for _, stop := range w.unwatch {
			stop()
		}
		w.orders.stop()
		w.slack.Close()
		_ = w.server.Close()   // connections are local and nothing on them is worth waiting for
		_ = w.listener.Close() // closed by the server already, if that ran
		w.wg.Wait()
	})
}

// URL is the page's address.
func (w *World) URL() string { return w.url + "/" }

// SlackAPIURL is the base address of the imitated Web API, with a slash at the end.
func (w *World) SlackAPIURL() string { return w.url + "/api/" }

// GitLabURL is the address of the imitated GitLab, without /api/v4.
func (w *World) GitLabURL() string { return w.url }

// BotToken is the app's xoxb token.
func (w *World) BotToken() string { return w.slack.Config().BotToken }

// AppToken is the app's xapp token, for Socket Mode.
func (w *World) AppToken() string { return w.slack.Config().AppToken }

// GitLabToken is the token of the account that a bridge writes with: scope api, Developer in both projects.
func (w *World) GitLabToken() string { return gitlabToken }

// Slack is the imitated workspace.
func (w *World) Slack() *fakeslack.Server { return w.slack }

// GitLab is the imitated GitLab.
func (w *World) GitLab() *fakegitlab.Server { return w.gitlab }
