package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
	"slack-gitlab-bridge/bridge/slackside"
)

type doctorCommand struct {
	JSON    bool `name:"json" help:"Print JSON."`
	Offline bool `help:"Check only the environment and the agents file: no network, no token, no store."`
}

// finding is the outcome of one check.
type finding struct {
	State  string `json:"state"` // ok, warn or fault
	What   string `json:"what"`
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"` // to do or to paste
}

// checkup goes through the whole chain and gathers what it finds.
type checkup struct {
	config config
	team   *agents.File // nil: the agents file is broken
	slack  *slackside.Slack
	gitlab *gitlabside.GitLab
	note   func(finding)

	channels map[string]bridge.ChannelInfo // by ID, those that were read
	projects map[string]bridge.Project     // by the name in the agents file, those that were read
}

// Run checks everything that can be checked, with or without a running daemon, and changes nothing.
func (d doctorCommand) Run(ctx context.Context, w world) error {
	found := []finding{}
	faults := 0
	note := func(f finding) {
		found = append(found, f)
		if f.State == "fault" {
			faults++
		}
		if !d.JSON {
			printFinding(w.out, f)
		}
	}
	var wrong bool
	if d.Offline {
		wrong = diagnoseOffline(w.environ, note)
	} else {
		wrong = diagnose(ctx, w.environ, note)
	}
	if d.JSON {
		if err := printJSON(w.out, found); err != nil {
			return err
		}
	}
	if faults == 0 {
		return nil
	}
	err := fmt.Errorf("%s found", count(faults, "fault", "faults"))
	if wrong {
		err = &wrongUse{err}
	}
	return err
}

// printFinding prints a check on a line, and the remedy on one of its own, where it is easy to copy.
func printFinding(out io.Writer, f finding) {
	fmt.Fprintf(out, "%-5s  %s: %s\n", f.State, f.What, f.Reason)
	if f.Remedy != "" {
		fmt.Fprintf(out, "       → %s\n", f.Remedy)
	}
}

// diagnose runs all checks. It reports whether the configuration itself is wrong.
func diagnose(ctx context.Context, environ []string, note func(finding)) (wrong bool) {
	c, err := loadConfig(environ, "slack", "gitlab", "agents")
	if noteFaults(err, note) {
		return true
	}
	note(finding{State: "ok", What: "environment", Reason: "complete"})
	d := &checkup{config: c, note: note, channels: map[string]bridge.ChannelInfo{}, projects: map[string]bridge.Project{}}
	wrong = !d.checkAgentsFile()
	if d.slack, d.gitlab, err = ends(c, newMetrics(), zerolog.Nop(), system, nil); err != nil {
		d.failed("environment", err)
		return true
	}
	if d.checkSlack(ctx) && d.team != nil {
		d.checkEmojis(ctx)
		d.checkChannels(ctx)
		d.checkSlackPeople(ctx)
	}
	reached := d.checkGitLab(ctx)
	if reached && c.AgentsGitLab != "" {
		d.checkAgentsBranch(ctx)
	}
	if reached && d.team != nil {
		d.checkProjects(ctx)
		d.checkPeople(ctx)
	}
	if d.team != nil {
		d.checkAudience()
	}
	d.checkDaemon(ctx)
	return wrong
}

// noteFaults notes each fault of the environment, if err is of such faults, and reports whether it is.
func noteFaults(err error, note func(finding)) bool {
	bad, ok := errors.AsType[*configError](err)
	if !ok {
		return false
	}
	for _, f := range bad.faults {
		reason, remedy, _ := strings.Cut(f, ": ")
		note(finding{"fault", "environment", reason, remedy})
	}
	return true
}

func (d *checkup) ok(what, format string, args ...any) {
	d.note(finding{State: "ok", What: what, Reason: fmt.Sprintf(format, args...)})
}

func (d *checkup) warn(what, reason, remedy string) { d.note(finding{"warn", what, reason, remedy}) }

func (d *checkup) fault(what, reason, remedy string) { d.note(finding{"fault", what, reason, remedy}) }

// failed notes that a check could not be made, with the remedy that the error carries.
func (d *checkup) failed(what string, err error) {
	var outage *bridge.Outage
	var never *bridge.Never
	switch {
	case errors.As(err, &outage):
		d.fault(what, outage.Err.Error(), outage.Remedy)
	case errors.As(err, &never):
		d.fault(what, never.Err.Error(), never.Remedy)
	default:
		d.fault(what, err.Error(), "")
	}
}

// unreachable is failed, for the first call to a vendor.
func (d *checkup) unreachable(what, variable string, err error) {
	if _, ok := errors.AsType[*bridge.Outage](err); ok {
		d.failed(what, err)
		return
	}
	d.fault(what, err.Error(), "check "+variable+", the network, and any proxy in between")
}

// checkAgentsFile parses the agents file and notes every fault of it.
func (d *checkup) checkAgentsFile() bool {
	_, team, err := loadAgents(d.config)
	var refused *agents.Error
	switch {
	case errors.As(err, &refused):
		for _, f := range refused.Faults {
			d.fault("agents file", fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.What), f.Remedy)
		}
		if refused.More > 0 {
			d.fault("agents file", count(refused.More, "further fault", "further faults"), "correct those above first")
		}
		return false
	case err != nil && d.config.AgentsGitLab != "":
		d.failed("agents file", errors.Unwrap(err))
		return false
	case err != nil:
		d.fault("agents file", strings.TrimPrefix(err.Error(), "agents file: "), "")
		return false
	}
	d.team = team
	d.ok("agents file", "%s, %s", count(len(team.Channels()), "channel", "channels"), count(len(team.Agents()), "agent", "agents"))
	if team.From() != (agents.From{}) {
		d.warn("agents file", "agents_from is not read by this version", "list those people under agents")
	}
	return true
}

const (
	patienceTries = 5
	patienceMost  = time.Minute
)

// patient repeats a reading call as often as the vendor asks for a pause, within limits.
func patient[T any](ctx context.Context, call func() (T, error)) (T, error) {
	for try := 1; ; try++ {
		v, err := call()
		var later *bridge.Later
		if !errors.As(err, &later) || later.After > patienceMost || try == patienceTries {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(later.After):
		}
	}
}
