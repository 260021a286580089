package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// config is the environment: each variable, its default and its sentence. The README's table is checked against it.
type config struct {
	SlackAppToken        string        `env:"SLACK_APP_TOKEN" secret:"yes" need:"slack" help:"App-level token, xapp-…, with the scope connections:write."`
	SlackBotToken        string        `env:"SLACK_BOT_TOKEN" secret:"yes" need:"slack bot" help:"Bot token, xoxb-…, from the app's installation."`
	SlackAPIURL          string        `env:"SLACK_API_URL" envDefault:"https://slack.com/api/" help:"Where Slack's Web API is."`
	GitLabToken          string        `env:"GITLAB_TOKEN" secret:"yes" need:"gitlab" help:"Token with the scope api; project and group access tokens will do."`
	GitLabURL            string        `env:"GITLAB_URL" envDefault:"https://gitlab.com" help:"Where GitLab is."`
	GitLabFormerAccounts []string      `env:"GITLAB_FORMER_ACCOUNTS" help:"Usernames, separated by commas, whose marks still count after the token's account changed."`
	GitLabSettle         time.Duration `env:"GITLAB_SETTLE" envDefault:"75s" help:"How long GitLab may still carry out a request whose answer was lost."`
	GitLabFence          string        `env:"GITLAB_FENCE" help:"iid has GitLab itself refuse an issue that is asked for a second time, late; the token needs the role Owner. See docs/etcd.md."`
	AgentsJSON           string        `env:"AGENTS_JSON" need:"agents" help:"The agents file's text, or its path if it does not start with {."`
	AgentsJSONFile       string        `env:"AGENTS_JSON_FILE" help:"The agents file's path; give this or AGENTS_JSON. Only a file is reloaded when it changes."`
	AgentsGitLab         string        `env:"AGENTS_GITLAB" help:"Instead of these two: where the agents file is in GitLab, like acme/ops:agents.json@main. Asked for every minute; protect that branch."`
	Store                string        `env:"STORE" envDefault:"bridge.db" of:"store" help:"Path of the store, a bbolt file. Not on a network file system. Or etcd://host1:2379,host2:2379/prefix, with TLS etcds://: see docs/etcd.md."`
	StoreUser            string        `env:"STORE_USER" of:"store" help:"User of the etcd cluster."`
	StorePassword        string        `env:"STORE_PASSWORD" secret:"yes" of:"store" help:"Password of the etcd cluster."`
	StoreCAFile          string        `env:"STORE_CA_FILE" of:"store" help:"Path of the PEM file with the authorities of the etcd cluster; without it those of the system."`
	StoreCertFile        string        `env:"STORE_CERT_FILE" of:"store" help:"Path of the PEM file with the certificate that the etcd cluster asks for."`
	StoreKeyFile         string        `env:"STORE_KEY_FILE" of:"store" help:"Path of the PEM file with that certificate's key."`
	StoreLease           time.Duration `env:"STORE_LEASE" envDefault:"15s" of:"store" help:"How long a replica that is not heard of keeps the others from working. A request that must not be repeated has a second less."`
	AdminSocket          string        `env:"ADMIN_SOCKET" of:"store" help:"Where commands reach the running daemon; by default STORE with .sock added, for a store in etcd in the system's folder for such sockets."`
	HTTPAddr             string        `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080" help:"Where health, metrics and the status page are served; off for none."`
	StatusPage           string        `env:"STATUS_PAGE" envDefault:"auto" help:"on shows the status page to other machines too; auto to this one only."`
	SweepInterval        time.Duration `env:"SWEEP_INTERVAL" envDefault:"10m" help:"How often Slack's state is compared anew."`
	SweepWindow          time.Duration `env:"SWEEP_WINDOW" envDefault:"168h" help:"How far back that looks for first messages which nobody acknowledged yet."`
	PollInterval         time.Duration `env:"POLL_INTERVAL" envDefault:"15s" help:"How often GitLab is asked for changes."`
	GitLabWebhookSecret  string        `env:"GITLAB_WEBHOOK_SECRET" secret:"yes" help:"With it, POST /webhooks/gitlab is served: a GitLab webhook with this secret token makes the bridge look at once."`
	UndoWindow           time.Duration `env:"UNDO_WINDOW" envDefault:"2m" help:"How soon after its birth an issue is withdrawn when the acknowledgement is taken back; 0s for never."`
	MaxFileSize          byteSize      `env:"MAX_FILE_SIZE" envDefault:"10MB" help:"Larger files are linked, not copied."`
	OpsChannel           string        `env:"OPS_CHANNEL" help:"ID of a Slack channel that is told of gaps, changes of the agents file, and faults that stop everything."`
	Backfill             time.Duration `env:"BACKFILL" envDefault:"0s" help:"How far back a newly listed channel is looked at."`
	LogLevel             string        `env:"LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error."`
	LogFormat            string        `env:"LOG_FORMAT" envDefault:"auto" help:"json, console, or auto: console on a terminal, else json."`
}

// variable is one of config's fields as its tags describe it.
type variable struct{ Name, Default, Need, Of, Help string }

// variables lists the environment in config's order.
func variables() []variable {
	t := reflect.TypeFor[config]()
	out := make([]variable, t.NumField())
	for i := range out {
		tag := t.Field(i).Tag
		out[i] = variable{Name: tag.Get("env"), Default: tag.Get("envDefault"), Need: tag.Get("need"), Of: tag.Get("of"), Help: tag.Get("help")}
	}
	return out
}

// configError lists every fault of the environment, a line each.
type configError struct{ faults []string }

func (e *configError) Error() string { return strings.Join(e.faults, "\n") }

// loadConfig reads the environment. needs names the groups of variables that must be there: slack, or of it only bot, gitlab, agents; a command that needs
// none of them uses nothing but the store, and of the rest nothing is read or checked. All faults are returned at once, as a configError.
func loadConfig(environ []string, needs ...string) (config, error) {
	vars, faults := fromFiles(environ, len(needs) == 0)
	var c config
	if err := env.ParseWithOptions(&c, env.Options{Environment: vars}); err != nil {
		faults = append(faults, malformed(err)...)
	}
	for _, f := range append(c.missing(needs), c.invalid()...) {
		name, _, _ := strings.Cut(f, " ")
		// A value that could not be read is named already, and one fault of each is enough.
		if !slices.ContainsFunc(faults, func(said string) bool {
			return strings.HasPrefix(said, name+" ") || strings.HasPrefix(said, name+"_FILE: ")
		}) {
			faults = append(faults, f)
		}
	}
	if len(faults) > 0 {
		return c, &configError{faults}
	}
	c.AdminSocket = cmp.Or(c.AdminSocket, c.socketBeside())
	if !strings.HasSuffix(c.SlackAPIURL, "/") {
		c.SlackAPIURL += "/"
	}
	return c, nil
}

// fromFiles gives the variables by name, on demand only those of the store; X_FILE stands for the content of the file that it names.
func fromFiles(environ []string, storeOnly bool) (vars map[string]string, faults []string) {
	given := env.ToMap(environ)
	vars = map[string]string{}
	for _, v := range variables() {
		if storeOnly && v.Of != "store" {
			continue
		}
		// AGENTS_JSON_FILE is a variable of its own: it stays a path, so that the file can be reloaded.
		path := given[v.Name+"_FILE"]
		value, set := given[v.Name]
		if path == "" || v.Name == "AGENTS_JSON" {
			if set && strings.TrimSpace(value) != "" {
				vars[v.Name] = strings.TrimSpace(value)
			}
			continue
		}
		if set && value != "" {
			faults = append(faults, fmt.Sprintf("%s and %s_FILE are both set: keep one of them", v.Name, v.Name))
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s_FILE: %v: mount the file or correct the path", v.Name, err))
			continue
		}
		vars[v.Name] = strings.TrimSpace(string(text))
	}
	return vars, faults
}

// malformed names the variables whose values do not fit. The values are left out: one may be a token.
func malformed(err error) []string {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []string{err.Error()}
	}
	var faults []string
	for _, e := range all.Errors {
		var p env.ParseError
		if !errors.As(e, &p) {
			faults = append(faults, e.Error())
			continue
		}
		name := p.Name
		if f, ok := reflect.TypeFor[config]().FieldByName(p.Name); ok {
			name = f.Tag.Get("env")
		}
		want := "a duration: write it like 75s, 10m or 168h"
		if p.Type == reflect.TypeFor[byteSize]() {
			want = "a size of at most 100GB: write it like 10MB"
		}
		faults = append(faults, fmt.Sprintf("%s is not %s", name, want))
	}
	return faults
}

// remedies say where to get what is missing.
var remedies = map[string]string{
	"SLACK_APP_TOKEN": "make one under Basic Information, App-Level Tokens, with the scope connections:write",
	"SLACK_BOT_TOKEN": "install the app to the workspace and copy the Bot User OAuth Token",
	"GITLAB_TOKEN":    "make a project or group access token with the scope api and the role Reporter or higher",
	"AGENTS_JSON":     "give the agents file's text or path, or its path as AGENTS_JSON_FILE, or its place in GitLab as AGENTS_GITLAB; agents.example.json shows one",
}

// missing names what a command needs and does not find.
func (c config) missing(needs []string) []string {
	values := map[string]string{
		"SLACK_APP_TOKEN": c.SlackAppToken, "SLACK_BOT_TOKEN": c.SlackBotToken, "GITLAB_TOKEN": c.GitLabToken,
		"AGENTS_JSON": cmp.Or(c.AgentsJSON, c.AgentsJSONFile, c.AgentsGitLab),
	}
	var faults []string
	for _, v := range variables() {
		if values[v.Name] == "" && slices.ContainsFunc(strings.Fields(v.Need), func(need string) bool { return slices.Contains(needs, need) }) {
			faults = append(faults, fmt.Sprintf("%s is missing: %s", v.Name, remedies[v.Name]))
		}
	}
	return faults
}

// invalid names values that cannot be meant.
func (c config) invalid() []string {
	var faults []string
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, text)
		}
	}
	for _, token := range [][2]string{{"SLACK_APP_TOKEN", c.SlackAppToken}, {"SLACK_BOT_TOKEN", c.SlackBotToken}, {"GITLAB_TOKEN", c.GitLabToken}} {
		fault(strings.ContainsAny(token[1], " \t\r\n\"'"), token[0]+" holds a blank, a line break or a quotation mark: put the token there alone, on one line and without quotes")
	}
	fault(c.SlackAppToken != "" && !strings.HasPrefix(c.SlackAppToken, "xapp-"), "SLACK_APP_TOKEN does not start with xapp-: "+remedies["SLACK_APP_TOKEN"])
	fault(c.SlackBotToken != "" && !strings.HasPrefix(c.SlackBotToken, "xoxb-"), "SLACK_BOT_TOKEN does not start with xoxb-: "+remedies["SLACK_BOT_TOKEN"])
	fault(c.AgentsJSON != "" && c.AgentsJSONFile != "", "AGENTS_JSON and AGENTS_JSON_FILE are both set: keep one of them")
	fault(c.AgentsGitLab != "" && cmp.Or(c.AgentsJSON, c.AgentsJSONFile) != "", "AGENTS_GITLAB is set beside AGENTS_JSON or AGENTS_JSON_FILE: keep one of them")
	_, isPlace := agentsPlace(c.AgentsGitLab)
	fault(c.AgentsGitLab != "" && !isPlace, badPlace)
	fault(!isHTTP(c.SlackAPIURL), "SLACK_API_URL is not an address: write it like https://slack.com/api/")
	fault(!isHTTP(c.GitLabURL), "GITLAB_URL is not an address: write it like https://gitlab.example.com")
	fault(c.SweepInterval < time.Second, "SWEEP_INTERVAL is shorter than 1s: write it like 10m")
	fault(c.SweepWindow <= 0, "SWEEP_WINDOW is not positive: write it like 168h")
	fault(c.GitLabSettle < 0, "GITLAB_SETTLE is negative: write it like 75s")
	fault(c.GitLabFence != "" && c.GitLabFence != fenceIID, "GITLAB_FENCE is not iid: write it so, or leave it out")
	fault(c.Backfill < 0, "BACKFILL is negative: write it like 24h")
	fault(c.PollInterval < time.Second, "POLL_INTERVAL is shorter than 1s: write it like 15s")
	fault(c.UndoWindow < 0, "UNDO_WINDOW is negative: write it like 2m, or 0s for never")
	fault(c.OpsChannel != "" && !channelID.MatchString(c.OpsChannel), "OPS_CHANNEL is no channel's ID: copy it from the channel's details, it looks like C0123456789")
	fault(!slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel), "LOG_LEVEL is none of debug, info, warn, error")
	fault(!slices.Contains([]string{"json", "console", "auto"}, c.LogFormat), "LOG_FORMAT is none of json, console, auto")
	fault(!slices.Contains([]string{"on", "auto"}, c.StatusPage), "STATUS_PAGE is none of on, auto")
	fault(!isListener(c.HTTPAddr), "HTTP_ADDR is not an address to listen on: write it like 127.0.0.1:8080, :8080 or off")
	return append(faults, c.invalidStore()...)
}

// fenceIID is the one way there is to have GitLab refuse what comes late.
const fenceIID = "iid"

var channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,}$`)

// badPlace is the fault of an AGENTS_GITLAB that cannot be meant.
const badPlace = "AGENTS_GITLAB is no file on a branch: write it like group/project:agents.json@main"

// byteSize is a number of bytes, written like 10MB.
type byteSize int64

var byteUnits = []struct {
	name string
	size float64
}{{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

// UnmarshalText reads a size. It fails on what is no size between 0 and 100 GB.
func (b *byteSize) UnmarshalText(text []byte) error {
	s := strings.ToUpper(strings.ReplaceAll(string(text), " ", ""))
	for _, u := range byteUnits {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(n >= 0 && n*u.size <= 100e9) {
			break
		}
		*b = byteSize(n * u.size)
		return nil
	}
	return fmt.Errorf("%q is no size", text)
}

func isHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func isListener(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return address == "off" || (err == nil && port != "")
}

// checkSocket refuses a path that cannot be a socket's on every system.
func (c config) checkSocket() error {
	if len(c.AdminSocket) > socketPath {
		return wrongUsef("the path of the admin socket is too long for the system (%d bytes): set ADMIN_SOCKET to a shorter one", len(c.AdminSocket))
	}
	return nil
}

// agentsFile gives the path of the agents file, or its text if the variable holds it.
func (c config) agentsFile() (path, text string) {
	if strings.HasPrefix(c.AgentsJSON, "{") {
		return "AGENTS_JSON", c.AgentsJSON
	}
	return cmp.Or(c.AgentsJSON, c.AgentsJSONFile), ""
}

// gitlabHost is the host of GITLAB_URL.
func (c config) gitlabHost() string {
	u, err := url.Parse(c.GitLabURL)
	if err != nil {
		return "" // loadConfig has refused it
	}
	return u.Host
}
