package slackside

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge"
)

// Config says which app of which workspace to be. Only the tokens are required.
type Config struct {
	BotToken string // xoxb-…
	AppToken string // xapp-…
	APIURL   string // of the Web API; Slack's own if empty

	HTTP *http.Client // by default one with a time limit of 30 s; either way it follows no redirect to another host
	Log  zerolog.Logger
	// Dial opens the connection of a socket; by default the system's dialer does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// OnEvent, if given, is called for each event received. Kind is Slack's type or "other"; result is "accepted", "repeated",
	// "ignored", "malformed", "failed" (not recorded, so Slack sends it again) or "overflow" (dropped unread, the same).
	OnEvent func(kind, result string)

	// OnOthers, if given, is called when sockets of another process turn up that lastingly take a part of the events, with their
	// number, and with 0 when they are gone.
	OnOthers func(sockets int)
	// Replicas, if given, tells how many other processes share the work with this one, and so as many sockets each as this one keeps
	// open: those are nobody else's. It must not wait.
	Replicas func() int

	Connections int           // how many sockets to keep open, 2
	Stagger     time.Duration // between the openings of two sockets, so that Slack does not refresh both at once; 5 s
	Silence     time.Duration // a socket is given up if nothing was heard on it for so long, though it was pinged; 25 s
	Backoff     time.Duration // wait after the first failure to connect, doubling up to 30 s; 1 s
	PerSecond   float64       // calls of one method that may start in a second, 100; messages in a channel of Slack's own: 1
	MaxAnswer   int64         // bytes of one answer that are read, 64 MiB; a longer one counts as lost
}

// BotScopes are the scopes that the bot token cannot do without.
var BotScopes = []string{
	"channels:history", "channels:read", "chat:write", "emoji:read", "groups:history", "groups:read",
	"reactions:read", "usergroups:read", "users:read",
}

// OptionalScopes are the scopes that the manifest asks for besides, and what the bridge does not do without each.
var OptionalScopes = map[string]string{
	"files:read":      "files are not copied to GitLab but linked",
	"reactions:write": "the bridge gives no reactions",
}

// Identity is what Slack says about the bot token.
type Identity struct {
	UserID string   // the bot user
	BotID  string   // the bot, as messages name it
	Team   string   // name of the workspace
	TeamID string   // T…
	URL    string   // of the workspace, ending with a slash
	AppID  string   // A…, the app that the bot belongs to; empty if Slack did not say
	Scopes []string // granted; empty if Slack did not say
}

// own reports whether the bridge itself is that user or bot.
func (i *Identity) own(user, bot string) bool {
	return user != "" && user == i.UserID || bot != "" && bot == i.BotID
}

// Slack is the Slack end. New makes one; Start must have succeeded before anything else is called.
type Slack struct {
	cfg   Config
	log   zerolog.Logger
	guard *guard
	api   *slack.Client
	pace  pace

	self    atomic.Pointer[Identity]
	aliases atomic.Pointer[map[string]string]
	custom  atomic.Pointer[map[string]bool]
	refresh chan struct{} // asks for the emoji to be read again

	users    memo[string]
	channels memo[channelAnswer]
	groups   memo[map[string]string]

	accounts      memo[account] // by ID
	addresses     memo[account] // by e-mail
	groupsChanged chan struct{}

	connections []*connection
	lanes       []chan delivery
	seen        seen

	gate    gate
	running *sync.WaitGroup // what Listen started
	gap     func(from, to time.Time)

	mu        sync.Mutex // guards what follows and the faults of connections
	alive     map[*socket]bool
	listening map[*socket]bool // those of them on which events come
	heard     int64            // when anything was last received on a socket that is gone: Unix nanoseconds
	covered   time.Time        // up to when one that is gone was surely listening
	greeted   bool             // a socket was open once
	since     time.Time        // since when no socket has been open; zero if one is, or none ever was
	count     count
}

var _ bridge.Slack = (*Slack)(nil)

// New prepares the Slack end; it makes no request.
func New(cfg Config) *Slack {
	fill(&cfg)
	s := &Slack{cfg: cfg, log: cfg.Log, guard: &guard{http: cfg.HTTP, base: cfg.APIURL, most: cfg.MaxAnswer}, refresh: make(chan struct{}, 1), groupsChanged: make(chan struct{}, 1)}
	s.api = slack.New(cfg.BotToken, slack.OptionAppLevelToken(cfg.AppToken), slack.OptionAPIURL(cfg.APIURL),
		slack.OptionHTTPClient(s.guard))
	s.pace.perSecond, s.pace.polite = cfg.PerSecond, ofSlack(cfg.APIURL)
	s.gate = gate{first: cfg.Backoff, token: make(chan struct{}, 1)}
	s.alive, s.listening = map[*socket]bool{}, map[*socket]bool{}
	s.self.Store(&Identity{})
	s.users.most, s.channels.most, s.groups.most = 20_000, 5_000, 1
	s.accounts.most, s.addresses.most = 5_000, 5_000
	for i := range cfg.Connections {
		s.connections = append(s.connections, &connection{slack: s, number: i})
	}
	for range laneCount {
		s.lanes = append(s.lanes, make(chan delivery, laneDepth))
	}
	return s
}

func fill(cfg *Config) {
	if cfg.APIURL == "" {
		cfg.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(cfg.APIURL, "/") {
		cfg.APIURL += "/"
	}
	cfg.HTTP = careful(cfg.HTTP)
	if cfg.Dial == nil {
		cfg.Dial = new(net.Dialer).DialContext
	}
	orDefault(&cfg.Connections, 2)
	orDefault(&cfg.Stagger, 5*time.Second)
	orDefault(&cfg.Silence, 25*time.Second)
	orDefault(&cfg.Backoff, time.Second)
	orDefault(&cfg.PerSecond, 100)
	orDefault(&cfg.MaxAnswer, answerLimit)
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(string, string) {}
	}
	if cfg.OnOthers == nil {
		cfg.OnOthers = func(int) {}
	}
	if cfg.Replicas == nil {
		cfg.Replicas = func() int { return 0 }
	}
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Start learns who the bot is, what it may do, and the workspace's emoji: three requests. A refused token is a *bridge.Outage whose
// text names the variable and the remedy. A missing scope for emoji is only logged, as are missing OptionalScopes.
func (s *Slack) Start(ctx context.Context) error {
	var r *slack.AuthTestResponse
	err := s.call(ctx, call{what: "introduce the bridge to Slack", method: "auth.test"}, func(ctx context.Context) (err error) {
		r, err = s.api.AuthTestContext(ctx)
		return lacks(err, "auth.test", "user", err == nil && r.UserID == "")
	})
	if err != nil {
		return err
	}
	if r.BotID == "" {
		return &bridge.Outage{Scope: bridge.ScopeSlack, Remedy: botRemedy,
			Err: errors.New("introduce the bridge to Slack: SLACK_BOT_TOKEN is not a bot's token")}
	}
	app, err := s.botsApp(ctx, r.BotID)
	if err != nil {
		return err
	}
	s.self.Store(&Identity{UserID: r.UserID, BotID: r.BotID, Team: r.Team, TeamID: r.TeamID, AppID: app,
		URL: strings.TrimSuffix(r.URL, "/") + "/", Scopes: scopes(r.Header.Get("X-OAuth-Scopes"))})
	if _, err := s.Emojis(ctx); err != nil {
		if refusalCode(err) != "missing_scope" {
			return err
		}
		s.log.Warn().Err(err).Msg("custom emoji unknown")
	}
	for _, scope := range s.MissingOptional() {
		s.log.Warn().Str("scope", scope).Str("without", OptionalScopes[scope]).Msg("optional scope missing")
	}
	return nil
}

func scopes(header string) []string {
	var list []string
	for scope := range strings.SplitSeq(header, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			list = append(list, scope)
		}
	}
	slices.Sort(list)
	return list
}

// Identity returns what Start learned.
func (s *Slack) Identity() Identity { return *s.self.Load() }

// MissingScopes returns those of BotScopes that the bot token was not granted; none if Slack did not tell what it was.
func (s *Slack) MissingScopes() []string { return s.missing(slices.Values(BotScopes)) }

// MissingOptional is MissingScopes for OptionalScopes: the bridge runs without them.
func (s *Slack) MissingOptional() []string { return s.missing(maps.Keys(OptionalScopes)) }

func (s *Slack) missing(wanted iter.Seq[string]) []string {
	granted := s.self.Load().Scopes
	if len(granted) == 0 {
		return nil
	}
	var missing []string
	for scope := range wanted {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	slices.Sort(missing)
	return missing
}

// Permalink gives a message's address; it makes no request. root is the ts of the thread's first message.
func (s *Slack) Permalink(channel, ts, root string) string {
	link := s.self.Load().URL + "archives/" + channel + "/p" + strings.Replace(ts, ".", "", 1)
	if root != "" && root != ts {
		link += "?thread_ts=" + root + "&cid=" + channel
	}
	return link
}
