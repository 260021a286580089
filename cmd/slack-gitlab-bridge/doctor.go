package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/store/etcd"
)

type doctorCommand struct {
	JSON    bool `name:"json" help:"Print JSON."`
	Offline bool `help:"Check only the environment and the agents file: no network, no token, no store."`
}

// How a check ended.
const (
	stateOK    = "ok"
	stateHint  = "hint"  // nothing is wrong, but it is worth knowing
	stateWarn  = "warn"  // it works, but not as somebody will expect, or not for long
	stateFault = "fault" // something does not work
)

// The checks, in their order. docs/troubleshooting.md has each.
const (
	checkEnvironment   = "environment"
	checkAgentsFile    = "agents file"
	checkBranch        = "branch"
	checkGroup         = "group of agents"
	checkAppToken      = "slack app token"
	checkBotToken      = "slack bot token"
	checkSlackScope    = "slack scope"
	checkSlackSocket   = "slack socket"
	checkOtherInstance = "other instance"
	checkDelayedEvents = "delayed events"
	checkEmoji         = "emoji"
	checkChannel       = "channel"
	checkSlackAgent    = "agent in slack"
	checkGitLabToken   = "gitlab token"
	checkGitLabScope   = "gitlab scope"
	checkExpiry        = "gitlab token expiry"
	checkFormer        = "former account"
	checkProject       = "project"
	checkRole          = "role"
	checkFence         = "fence"
	checkLabel         = "label"
	checkTier          = "gitlab tier"
	checkAgent         = "agent"
	checkAssignee      = "assignee"
	checkAudience      = "audience"
	checkClock         = "clock"
	checkDaemon        = "daemon"
	checkStore         = "store"
	checkEtcdMember    = "etcd member"
	checkHistory       = "etcd history"
	checkReplica       = "replica"
	checkDisk          = "disk"
	checkJobs          = "jobs"
)

// finding is the outcome of one check.
type finding struct {
	State  string `json:"state"`
	Check  string `json:"check"` // its name
	What   string `json:"what"`  // which it was, for people: the name and what it was about
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"` // to do or to paste
}

// checkup goes through the whole chain and gathers what it finds.
type checkup struct {
	config  config
	team    *agents.File // nil: the agents file is broken
	slack   *slackside.Slack
	gitlab  *gitlabside.GitLab
	clocks  clocks
	daemon  daemonState
	cluster *etcd.Engine   // nil: the store lies in none, or clusterErr says why it cannot be opened
	present []etcd.Present // the replicas

	clusterErr error
	mounted    func(folder string) string
	note       func(finding)

	channels map[string]bridge.ChannelInfo // by ID, those that were read
	projects map[string]bridge.Project     // by the name in the agents file, those that were read
}

// Run checks everything that can be checked, with or without a running daemon, and changes nothing.
func (d doctorCommand) Run(ctx context.Context, w world) error {
	found := []finding{}
	shown := newSheet(w.out, w.environ)
	shown.out = environMask(w.environ).writer(w.out)
	note := func(f finding) {
		if ctx.Err() != nil {
			return // it says no more than that somebody does not want to wait
		}
		found = append(found, f)
		if d.JSON {
			shown.counts[f.State]++
		} else {
			shown.add(f)
		}
	}
	c := &checkup{note: note, mounted: w.mounted, channels: map[string]bridge.ChannelInfo{}, projects: map[string]bridge.Project{}}
	if c.mounted == nil {
		c.mounted = mounted
	}
	var wrong bool
	if d.Offline {
		wrong = c.diagnoseOffline(w.environ)
	} else {
		wrong = c.diagnose(ctx, w.environ)
	}
	switch {
	case d.JSON:
		if err := printJSON(shown.out, found); err != nil {
			return err
		}
	case ctx.Err() != nil:
		shown.rest()
	default:
		shown.end()
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: not everything was checked")
	}
	if shown.counts[stateFault] == 0 {
		return nil
	}
	err := errors.New(shown.summary())
	if wrong {
		err = &wrongUse{err}
	}
	return err
}

// diagnose runs all checks. It reports whether the configuration itself is wrong.
func (d *checkup) diagnose(ctx context.Context, environ []string) (wrong bool) {
	if !d.checkEnvironment(environ, "slack", "gitlab", "agents") {
		return true
	}
	d.ok(checkEnvironment, "", "complete")
	wrong = d.checkAgentsFile()
	n := system
	n.heard = d.clocks.heard
	var err error
	if d.slack, d.gitlab, err = ends(d.config, newMetrics(), zerolog.Nop(), n, listeners{}); err != nil {
		d.failed(checkEnvironment, "", err)
		return true
	}
	d.askDaemon(ctx)
	if d.config.clustered() {
		defer d.joinCluster(ctx)()
	}
	slackReached := d.checkSlack(ctx)
	if slackReached && d.team != nil {
		d.checkEmojis(ctx)
		d.checkChannels(ctx)
		d.checkSlackPeople(ctx)
	}
	reached := d.checkGitLab(ctx)
	if reached && d.config.AgentsGitLab != "" {
		d.checkAgentsBranch(ctx)
	}
	if reached && slackReached && d.team != nil {
		d.checkRoster(ctx)
	}
	if reached && d.team != nil {
		d.checkProjects(ctx)
		d.checkPeople(ctx)
	}
	if d.team != nil {
		d.checkAudience(ctx)
	}
	d.checkClocks()
	d.checkDaemon(ctx)
	return wrong
}

// checkEnvironment reads the configuration with these groups of variables, and notes every fault of it.
func (d *checkup) checkEnvironment(environ []string, needs ...string) bool {
	c, err := loadConfig(environ, needs...)
	if bad, ok := errors.AsType[*configError](err); ok {
		for _, f := range bad.faults {
			reason, remedy := f, "correct the variable"
			if at := strings.LastIndex(f, ": "); at >= 0 { // the reason may be that of the system, with colons of its own
				reason, remedy = f[:at], f[at+2:]
			}
			d.fault(checkEnvironment, "", reason, remedy)
		}
		return false
	}
	d.config = c
	return true
}

func (d *checkup) ok(check, of, format string, args ...any) {
	d.found(stateOK, check, of, fmt.Sprintf(format, args...), "")
}

func (d *checkup) hint(check, of, reason, remedy string) {
	d.found(stateHint, check, of, reason, remedy)
}

func (d *checkup) warn(check, of, reason, remedy string) {
	d.found(stateWarn, check, of, reason, remedy)
}

func (d *checkup) fault(check, of, reason, remedy string) {
	d.found(stateFault, check, of, reason, remedy)
}

func (d *checkup) found(state, check, of, reason, remedy string) {
	d.note(finding{state, check, strings.TrimSpace(check + " " + of), reason, remedy})
}

// failed notes that a check could not be made, with the remedy that the error carries.
func (d *checkup) failed(check, of string, err error) {
	var outage *bridge.Outage
	var never *bridge.Never
	switch {
	case errors.As(err, &outage):
		d.fault(check, of, outage.Err.Error(), outage.Remedy)
	case errors.As(err, &never):
		d.fault(check, of, never.Err.Error(), never.Remedy)
	default:
		d.fault(check, of, err.Error(), "try again; if it stays so, see to the network, any proxy in between, and whether the vendor is up")
	}
}

// unreachable is failed, for the first call to a vendor.
func (d *checkup) unreachable(check, variable string, err error) {
	if _, ok := errors.AsType[*bridge.Outage](err); ok {
		d.failed(check, "", err)
		return
	}
	d.fault(check, "", err.Error(), "check "+variable+", the network, and any proxy in between")
}

// checkAgentsFile parses the agents file and notes every fault of it. It reports whether the file, or where it is said to be, is wrong: that
// GitLab does not give it, for now or to this token, says nothing of it.
func (d *checkup) checkAgentsFile() (wrong bool) {
	_, team, err := loadAgents(d.config)
	var refused *agents.Error
	switch {
	case errors.As(err, &refused):
		for _, f := range refused.Faults {
			d.fault(checkAgentsFile, "", fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.What), f.Remedy)
		}
		if refused.More > 0 {
			d.fault(checkAgentsFile, "", count(refused.More, "further fault", "further faults"), "correct those above first")
		}
		return true
	case err != nil && d.config.AgentsGitLab != "":
		d.failed(checkAgentsFile, "", errors.Unwrap(err))
		return misplaced(err)
	case err != nil:
		const remedy = "correct AGENTS_JSON or AGENTS_JSON_FILE"
		d.fault(checkAgentsFile, "", strings.TrimSuffix(strings.TrimPrefix(err.Error(), "agents file: "), ": "+remedy), remedy+", or mount the file")
		return true
	}
	d.team = team
	d.ok(checkAgentsFile, "", "%s, %s", count(len(team.Channels()), "channel", "channels"), count(len(team.Agents()), "agent", "agents"))
	return false
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
