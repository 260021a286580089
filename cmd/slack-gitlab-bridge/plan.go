package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store/bolt"
	"slack-gitlab-bridge/store/etcd"
)

type planCommand struct {
	Since    span `default:"7d" help:"How far back to look: 7d, 36h."`
	ExitCode bool `help:"Exit 3 if anything would change."`
	JSON     bool `name:"json" help:"Print JSON."`
}

// span is a length of time, in days too.
type span time.Duration

// UnmarshalText reads a Go duration, or a number of days with d behind it. It fails on what is not positive, and on more than ten years.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(min(n, 1e5) * 24 * float64(time.Hour))
	}
	if err != nil || d <= 0 || d > 10*365*24*time.Hour {
		return fmt.Errorf("%q is no length of time up to ten years: write it like 7d or 36h", text)
	}
	*s = span(d)
	return nil
}

// wouldChange says that a plan is not empty: exit status 3.
type wouldChange struct{ n int }

func (e *wouldChange) Error() string { return count(e.n, "thread", "threads") + " would change" }

// Run tells what the bridge would do now with the agents file that the environment names.
func (p planCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ, "agents")
	if err != nil {
		return err
	}
	plan, stored, err := p.plan(ctx, w, c)
	if err != nil {
		return err
	}
	if p.JSON {
		err = printJSON(w.out, plan)
	} else {
		err = printPlan(w.out, plan, stored)
	}
	switch {
	case err != nil:
		return err
	case len(plan.Unread) > 0:
		return fmt.Errorf("%s could not be read", count(len(plan.Unread), "channel", "channels"))
	case p.ExitCode && len(plan.Threads) > 0:
		return &wouldChange{len(plan.Threads)}
	}
	return nil
}

// plan asks the running daemon, or looks itself without one. stored reports whether a store told what was done already.
func (p planCommand) plan(ctx context.Context, w world, c config) (plan bridge.Plan, stored bool, err error) {
	file, team, err := loadAgents(c)
	if err != nil {
		return plan, false, err
	}
	if err := c.checkSocket(); err != nil {
		return plan, false, err
	}
	form := url.Values{"agents": {string(file.text)}, "since": {time.Duration(p.Since).String()}}
	err = ask(ctx, c.AdminSocket, "POST", "/plan", form, &plan) // as long as it takes: Slack is read at the pace that it allows
	if !errors.Is(err, errNoDaemon) {
		return plan, true, err
	}
	if c, err = loadConfig(w.environ, "bot", "gitlab", "agents"); err != nil {
		return plan, false, err
	}
	folder, err := os.MkdirTemp("", "plan")
	if err != nil {
		return plan, false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if stored, err = copyStore(ctx, c, filepath.Join(folder, "plan.db")); err != nil {
		return plan, stored, err
	}
	c.Store = filepath.Join(folder, "plan.db")
	d, err := open(ctx, c, file, team, zerolog.Nop(), system)
	if err != nil {
		return plan, stored, err
	}
	defer d.close()
	gitlab := d.gitlab.Start(ctx)
	if slices.Contains(d.gitlab.Identity().Scopes, "read_api") {
		gitlab = nil // too little for the daemon, enough for this
	}
	if err := errors.Join(d.slack.Start(ctx), gitlab, d.recognize(ctx)); err != nil {
		return plan, stored, err
	}
	plan, err = d.bridge.Plan(ctx, d.roster.over(team), time.Duration(p.Since))
	return plan, stored, err
}

// copyStore copies the store, if there is one, so that nothing of it is held or changed while the plan is made.
func copyStore(ctx context.Context, c config, to string) (there bool, err error) {
	if _, err := os.Stat(c.Store); !c.clustered() && errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	engine, err := openExisting(ctx, c, bolt.Options{Timeout: commandLockWait})
	if errors.Is(err, etcd.ErrNone) {
		return false, nil
	}
	if err != nil {
		return false, heldElsewhere(c, "plan", err)
	}
	return true, errors.Join(copyEngine(ctx, engine, to), engine.Close())
}

// printPlan prints a plan for people, like a diff.
func printPlan(out io.Writer, p bridge.Plan, stored bool) error {
	var b strings.Builder
	made := 0
	for _, t := range p.Threads {
		fmt.Fprintf(&b, "%s  %s\n  # %s\n", t.Permalink, cmp.Or(t.Issue, "no issue"), t.Reason)
		for _, s := range t.Steps {
			sign := '~'
			if s.New {
				sign = '+'
			}
			fmt.Fprintf(&b, "  %c %s\n", sign, s)
			if s.Kind == "create" {
				made++
			}
		}
		b.WriteString("\n")
	}
	for _, u := range p.Unread {
		fmt.Fprintf(&b, "! %s\n", u)
	}
	fmt.Fprintf(&b, "Plan: %s to create, %s to change, %s unchanged.\n", count(made, "issue", "issues"), count(len(p.Threads)-made, "other thread", "other threads"),
		count(p.Same, "thread", "threads"))
	if p.Old > 0 {
		fmt.Fprintf(&b, "%s from before the channel was listed: left alone until somebody touches them, or with BACKFILL.\n", count(p.Old, "acknowledged thread", "acknowledged threads"))
	}
	if p.Marked > 0 {
		fmt.Fprintf(&b, "%s an issue by the mark in GitLab; what else would be done there only the daemon's store tells.\n", count(p.Marked, "thread has", "threads have"))
	}
	if !stored && made > 0 {
		b.WriteString("No daemon and no store here: a daemon looks at a channel that is new to it only as far back as BACKFILL says.\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}
