package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
)

type jobsCommand struct {
	List  jobsListCommand  `cmd:"" default:"withargs" help:"List what is waiting or was given up, and why (default)."`
	Retry jobsRetryCommand `cmd:"" help:"Try a job again now, or with --all every job that was given up."`
	Drop  jobsDropCommand  `cmd:"" help:"Take a job off the queue; it is not done, unless what Slack shows asks for it again."`
}

type jobsListCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the jobs, a line each, the ID first.
func (l jobsListCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	jobs := []bridge.Waiting{}
	err = fromDaemon(ctx, c, "GET", "/jobs", nil, &jobs)
	if errors.Is(err, errNoDaemon) {
		err = offline(ctx, c, "jobs", func(s *store.Store) (err error) {
			jobs, err = bridge.Jobs(ctx, s)
			return err
		})
	}
	if err != nil {
		return err
	}
	if l.JSON {
		return printJSON(w.out, jobs)
	}
	if len(jobs) == 0 {
		_, err := fmt.Fprintln(w.out, "Nothing is waiting, and nothing was given up.")
		return err
	}
	now := time.Now()
	for _, j := range jobs {
		if _, err := fmt.Fprintln(w.out, waitingLine(j, now)); err != nil {
			return err
		}
	}
	return nil
}

// waitingLine tells a job to a person on one line, the ID first.
func waitingLine(j bridge.Waiting, now time.Time) string {
	parts := []string{fmt.Sprintf("%s, queued %s", j.State, distance(j.Since, now))}
	switch {
	case j.State == "parked":
	case j.Due.After(now):
		parts = append(parts, "due "+distance(j.Due, now))
	default:
		parts = append(parts, "due now")
	}
	if j.Tries > 0 {
		parts = append(parts, count(j.Tries, "failed try", "failed tries"))
	}
	text := j.ID + "  " + j.Kind + "  " + strings.Join(parts, ", ")
	if j.Reason != "" {
		text += ": " + strings.Join(strings.Fields(j.Reason), " ")
	}
	return text
}

type jobsRetryCommand struct {
	ID  string `arg:"" optional:"" help:"As jobs lists it."`
	All bool   `help:"Every job that was given up."`
}

// Run makes one job, or all that were given up, due now.
func (r jobsRetryCommand) Run(ctx context.Context, w world) error {
	if (r.ID == "") == !r.All {
		return wrongUsef("jobs retry takes one ID, or --all")
	}
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	n := 0
	err = fromDaemon(ctx, c, "POST", "/jobs/retry", url.Values{"id": {r.ID}}, &n)
	later := ""
	if errors.Is(err, errNoDaemon) {
		later = ", as soon as the daemon runs"
		err = offline(ctx, c, strings.TrimSpace("jobs retry "+r.what()), func(s *store.Store) (err error) {
			n, err = bridge.Retry(ctx, s, r.ID)
			return err
		})
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s will be tried again%s.\n", count(n, "job", "jobs"), later)
	return err
}

func (r jobsRetryCommand) what() string {
	if r.All {
		return "--all"
	}
	return r.ID
}

type jobsDropCommand struct {
	ID string `arg:"" help:"As jobs lists it."`
}

// Run takes one job off the queue.
func (d jobsDropCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	n := 0
	err = fromDaemon(ctx, c, "POST", "/jobs/drop", url.Values{"id": {d.ID}}, &n)
	if errors.Is(err, errNoDaemon) {
		err = offline(ctx, c, "jobs drop "+d.ID, func(s *store.Store) error { return bridge.Drop(ctx, s, d.ID) })
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s was dropped. It is not done, unless what Slack shows asks for it again.\n", d.ID)
	return err
}
