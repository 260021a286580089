package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

type runCommand struct{}

// Run runs the daemon until it is told to stop.
func (runCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ, "slack", "gitlab", "agents")
	if err != nil {
		return err
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP) // from now on: before anybody listens it must not end the process
	defer signal.Stop(reload)
	return runWith(ctx, c, w, reload)
}

// runWith runs a daemon with that configuration until ctx ends. What comes from reload has it look at the agents file at once.
func runWith(ctx context.Context, c config, w world, reload <-chan os.Signal) error {
	log := newLog(c, w.err)
	agents, team, err := startAgents(ctx, c, log)
	if errors.Is(err, context.Canceled) {
		return nil
	} else if err != nil {
		return err
	}
	d, err := open(ctx, c, agents, team, log, system)
	if err != nil {
		return err
	}
	defer d.close()
	d.reload = reload
	go giveBackLoop(ctx, debug.FreeOSMemory)
	return d.run(ctx)
}

// newLog makes the logger: JSON lines, or lines for people on a terminal.
func newLog(c config, out io.Writer) zerolog.Logger {
	if c.LogFormat == "console" || (c.LogFormat == "auto" && isTerminal(out)) {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly}
	}
	level, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel // loadConfig has refused anything else
	}
	return zerolog.New(newMask(c).writer(out)).Level(level).Hook(zerolog.HookFunc(stamp))
}

// stamp puts the time on a line, to the nanosecond: zerolog's own way to say so is one variable for all loggers.
func stamp(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().Format(time.RFC3339Nano))
}

// network is how the daemon reaches others and is reached: replaced in tests that simulate time.
type network struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	listen func(network, address string) (net.Listener, error)
	most   int64 // bytes of one answer that are read; 0: as many as each end finds right
	// heard, if given, is told of each vendor's answers: when the request was sent, and the Date header.
	heard func(vendor string, sent time.Time, date string)
}

// system is the network of this machine.
var system = network{dial: (&net.Dialer{Timeout: callTimeout}).DialContext, listen: listen}

// takingBack dials connections that take back what has not arrived when they are closed, as that of a request that is given up is. Otherwise the system
// goes on sending it for minutes, also after our end: a request would come after it was looked for, and was sent again.
func takingBack(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
			if err := tcp.SetLinger(0); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
		}
		return conn, err
	}
}

// daemon is the bridge with everything around it, wired.
type daemon struct {
	config  config
	network network
	log     zerolog.Logger
	metrics *metrics
	agents  *agentsFile
	reload  <-chan os.Signal // nil: never
	engine  store.Engine
	store   *store.Store
	slack   *slackside.Slack
	gitlab  *gitlabside.GitLab
	bridge  *bridge.Bridge                // what is heard goes to it
	working atomic.Pointer[bridge.Bridge] // the one that works, of a replica that was elected
	untold  untold
	roster  *roster
	clocks  clocks
	// replicas is how many there are, this one included, as far as they are known.
	replicas atomic.Int64
}

// lockWait is how long another process may hold the store before the start fails.
const lockWait = 5 * time.Second

// open opens the store and wires both ends to the bridge. It makes no request.
func open(ctx context.Context, c config, agents *agentsFile, team *agents.File, log zerolog.Logger, n network) (*daemon, error) {
	d := &daemon{config: c, network: n, log: log, metrics: newMetrics(), agents: agents}
	var err error
	d.engine, err = openShared(ctx, c, bolt.Options{Timeout: lockWait, OnSlowRead: func(open time.Duration) {
		log.Warn().Dur("open", open).Msg("a read holds the store for long")
	}})
	switch {
	case isHeld(err):
		return nil, fmt.Errorf("%w: stop the other daemon, or set STORE to another path", err)
	case err != nil && c.clustered(), errors.Is(err, store.ErrDamaged):
		return nil, err // which names the remedy
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, storeRemedy)
	}
	if d.store, err = store.Open(ctx, d.engine); err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	if n.heard == nil && c.clustered() {
		n.heard = d.clocks.heard
	}
	d.slack, d.gitlab, err = ends(c, d.metrics, log, n, listeners{d.tellOthers, d.otherReplicas})
	if err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	if d.roster, err = openRoster(ctx, d.store, team, log); err != nil {
		return nil, errors.Join(err, d.engine.Close())
	}
	if agents.remote != nil {
		agents.remote.gitlab, agents.remote.store = d.gitlab, d.store
	}
	d.bridge = d.bridgeOver(d.store, d.roster.team(), nil)
	d.metrics.watchRole(func() bool { return d.role() != roleListening })
	d.metrics.watchRoster(d.roster.state)
	if file, ok := d.engine.(*bolt.Engine); ok {
		d.metrics.watchStore(file.OpenReads, file.SlowReads)
	}
	d.metrics.watch(d.store, d.slack.State, d.outages, d.gitlab.Silence)
	return d, nil
}

// callTimeout bounds one request to a vendor.
const callTimeout = 30 * time.Second

// listeners is who else listens with the app token. Both may be nil.
type listeners struct {
	others   func(sockets int) // is called when the sockets of another instance turn up, or are gone
	replicas func() int        // how many share the work with this one
}

// ends makes the Slack and the GitLab end.
func ends(c config, m *metrics, log zerolog.Logger, n network, beside listeners) (*slackside.Slack, *gitlabside.GitLab, error) {
	gitlab, err := gitlabEnd(c, m, n)
	if err != nil {
		return nil, nil, err
	}
	slack := slackside.New(slackside.Config{BotToken: c.SlackBotToken, AppToken: c.SlackAppToken, APIURL: c.SlackAPIURL, Log: log,
		HTTP: &http.Client{Timeout: callTimeout, Transport: m.transport("slack", n)},
		Dial: n.dial, MaxAnswer: n.most,
		OnEvent:  func(kind, result string) { m.received.WithLabelValues(kind, result).Inc() },
		OnOthers: beside.others, Replicas: beside.replicas})
	return slack, gitlab, nil
}

// gitlabEnd makes the GitLab end.
func gitlabEnd(c config, m *metrics, n network) (*gitlabside.GitLab, error) {
	g, err := gitlabside.New(gitlabside.Config{URL: c.GitLabURL, Token: c.GitLabToken, FormerAccounts: c.GitLabFormerAccounts, MaxAnswer: n.most,
		HTTP: &http.Client{Timeout: callTimeout, Transport: m.transport("gitlab", n)}})
	if err != nil {
		return nil, &wrongUse{err}
	}
	return g, nil
}

func (d *daemon) close() {
	if err := d.engine.Close(); err != nil {
		d.log.Error().Err(err).Msg("store cannot be closed")
	}
}

// run starts everything, in the order in which it depends on each other, and waits for its end.
func (d *daemon) run(ctx context.Context) error {
	slackAnswered, gitlabAnswered, err := d.checkTokens(ctx)
	if err == nil && gitlabAnswered {
		err = d.recognize(ctx)
	}
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	if err := d.serve(ctx, g); err != nil {
		return err
	}
	d.agents.keep(ctx, d.log)
	g.Go(func() error { d.attend(ctx); return nil })
	g.Go(func() error { d.agents.watch(ctx, d.reload, d.log, d.metrics, d.tellOps, d.use); return nil })
	g.Go(func() error {
		if !gitlabAnswered && !d.greet(ctx, "gitlab", d.gitlab.Start) {
			return nil
		}
		if !gitlabAnswered {
			if err := d.recognize(ctx); err != nil {
				d.log.Error().Err(err).Msg("store cannot be read or written")
			}
		}
		d.warm(d.bridge.AgentsFile())
		return nil
	})
	g.Go(func() error {
		if !slackAnswered && !d.greet(ctx, "slack", d.slack.Start) {
			return nil
		}
		d.log.Info().Str("version", version()).Str("slack", d.slack.Identity().Team).Str("gitlab", d.config.GitLabURL).Msg("started")
		g.Go(func() error { return d.work(ctx) })
		g.Go(func() error {
			ends := directories{slack: d.slack.Directory(), gitlab: d.gitlab.Directory(), changed: d.slack.GroupsChanged()}
			d.roster.follow(ctx, ends, d.setAgentsFile, d.warm, d.tellOps)
			return nil
		})
		return d.slack.Listen(ctx, d.bridge.Accept, d.gap)
	})
	err = g.Wait()
	d.log.Info().Msg("stopped")
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// checkTokens asks both vendors once. A refused token ends the start; a vendor that cannot be reached does not: it is waited for.
func (d *daemon) checkTokens(ctx context.Context) (slackAnswered, gitlabAnswered bool, err error) {
	slack := d.slack.Start(ctx)
	if slack == nil {
		slack = d.slack.CheckAppToken(ctx)
	}
	gitlab := d.gitlab.Start(ctx)
	var refused error
	for _, err := range []error{slack, gitlab} {
		if _, outage := errors.AsType[*bridge.Outage](err); outage {
			refused = errors.Join(refused, err)
		} else if err != nil && ctx.Err() == nil {
			d.log.Warn().Err(err).Msg("a vendor does not answer yet")
		}
	}
	if refused != nil {
		return false, false, refused
	}
	return slack == nil, gitlab == nil, nil
}

// recognize has the marks of all accounts count that the bridge ever had with this store.
func (d *daemon) recognize(ctx context.Context) error {
	all, err := bridge.Accounts(ctx, d.store, d.gitlab.Identity().Username)
	d.gitlab.AddFormer(all)
	return err
}

// greetAgain is how long a vendor that did not answer is left alone.
const greetAgain = 5 * time.Second

// greet waits until a vendor has told who we are there. It reports false if it was stopped before that.
func (d *daemon) greet(ctx context.Context, vendor string, start func(context.Context) error) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(greetAgain):
		}
		err := start(ctx)
		if err == nil {
			d.log.Info().Str("vendor", vendor).Msg("answers")
			return true
		}
		if ctx.Err() == nil {
			d.log.Warn().Str("vendor", vendor).Err(err).Msg("does not answer yet")
		}
	}
}

// use puts an agents file in force, with the people of its group, and reads once what its projects and people are in GitLab.
func (d *daemon) use(file *agents.File) {
	d.warm(d.roster.replace(file, d.setAgentsFile))
}

// warm reads once what the projects and people of an agents file are in GitLab.
func (d *daemon) warm(team *agents.File) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	for _, c := range team.Channels() {
		var names []string
		for _, a := range team.Agents() {
			if _, ok := team.Agent(a.SlackID, c.ID); ok {
				names = append(names, a.GitLabUsername)
			}
		}
		if err := d.gitlab.Warm(ctx, c.Project, names); err != nil {
			d.log.Warn().Err(err).Str("channel", c.ID).Msg("project cannot be read")
		}
		if _, err := d.slack.Channel(ctx, c.ID); err != nil {
			d.log.Warn().Err(err).Str("channel", c.ID).Msg("channel cannot be read")
		}
	}
}

// socketPath is the longest path of a Unix socket that every system takes.
const socketPath = 100

// serve starts the HTTP server and the socket that commands talk to.
func (d *daemon) serve(ctx context.Context, g *errgroup.Group) error {
	if err := d.config.checkSocket(); err != nil {
		return err
	}
	// The store is ours, so nobody is copying it any more.
	if err := removeCopies(d.config.copies()); err != nil {
		d.log.Warn().Err(err).Msg("unfinished copies of the store cannot be removed")
	}
	// Nor does anybody answer on a socket that is left over.
	if err := os.Remove(d.config.AdminSocket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("admin socket: %w", err)
	}
	admin, err := d.network.listen("unix", d.config.AdminSocket)
	if err != nil {
		return fmt.Errorf("admin socket in %s: %w", filepath.Dir(d.config.AdminSocket), err)
	}
	serveHTTP(ctx, g, admin, d.adminHandler())
	if d.config.HTTPAddr == "off" {
		return nil
	}
	public, err := d.network.listen("tcp", d.config.HTTPAddr)
	if err != nil {
		return fmt.Errorf("HTTP_ADDR: %w: choose another address, or off", err)
	}
	serveHTTP(ctx, g, public, d.httpHandler())
	return nil
}
