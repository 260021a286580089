// Package fakeslack imitates Slack: a workspace with people, channels, messages, reactions and files, its Web API, and Socket Mode.
//
// A [Server] keeps the state and serves it over real HTTP and WebSocket, so any client made for Slack can be pointed at it. Whatever
// changes the state makes the events that Slack would make, in Slack's shapes, delivered under Slack's rules: an acknowledgement within
// three seconds or the event comes again. It is strict: scopes, membership, ticket, cursor and size rules are enforced, and what real
// Slack refuses is refused with the same word.
//
// Tests and the sandbox's page act as people through its Go methods ([Server.Post], [Server.React], …), look with [Server.Snapshot], and
// order misfortunes: those of the Web API and of downloads at [Server.Desk], those of event delivery and sockets with the methods here.
package fakeslack

import (
	"net/http"
	"sync"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// Config says what workspace and app are imitated. Every field has a usable default.
type Config struct {
	Team      string // name of the workspace, "Acme"
	Domain    string // its subdomain of slack.com, "acme"
	TeamID    string
	AppID     string
	BotID     string
	BotUserID string
	BotUser   string   // name of the bot user, "gitlab-bridge"
	BotToken  string   // "xoxb-sandbox"
	AppToken  string   // "xapp-sandbox"
	SocketApp string   // the app that AppToken is of; AppID if empty, and another one if the tokens are mixed up
	Scopes    []string // granted to the bot token; DefaultScopes if nil

	// BaseURL ("http://host:port") begins the addresses of files until the first request shows the address in use.
	BaseURL string
	// PermalinkBase begins permalinks; "https://DOMAIN.slack.com" if empty.
	PermalinkBase string
	// Now is the clock that messages and events are stamped with; deadlines always use the real one.
	Now func() time.Time

	AckDeadline      time.Duration   // 3 s
	RetryDelays      []time.Duration // waited after each missed deadline; 0, 1 min, 5 min if nil, no retries if empty
	RetryNewEnvelope bool            // a retry has a new envelope_id; real Slack was seen doing both
	QueueOffline     bool            // an event without an open socket goes to the retries instead of being lost

	ConnectionLifetime time.Duration // a socket is told to refresh after this; 0 is never
	WarningGrace       time.Duration // from the warning to the refresh request, 10 s
	CloseGrace         time.Duration // from the refresh request to the close, 10 s
	PingInterval       time.Duration // 10 s; a socket that misses three pongs is given up
	TicketLifetime     time.Duration // 30 s
	MaxSockets         int           // 10

	MaxPage        int           // caps every page, for instance 15; 0 leaves each method its own maximum
	CursorLifetime time.Duration // 5 min
	ReactionUsers  int           // how many users a reaction lists outside of reactions.get with full; 25

	// RateLimits switches on Slack's limits: one post a second in a channel, and a number of calls a minute for each method.
	RateLimits bool
	// Limits replaces the calls a minute of single methods while RateLimits is on.
	Limits map[string]int

	// OnAcknowledged, if given, is called with the payload of each event when it is first acknowledged. It must return at once and ask
	// nothing of the server.
	OnAcknowledged func(payload []byte)
	// OnAnswer, if given, is called at the same time with how long after its first sending the event is acknowledged. The same goes for it.
	OnAnswer func(took time.Duration)

	// MessageReplied sends a message_replied event with each reply: without its subtype, as Slack's Events API does.
	MessageReplied bool
}

// DefaultScopes are those that the imitation grants if none are named.
var DefaultScopes = []string{
	"channels:history", "channels:join", "channels:read", "chat:write", "emoji:read", "files:read", "groups:history", "groups:read",
	"reactions:read", "reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email",
}

// DefaultRetryDelays is Slack's schedule: almost at once, after a minute, after five.
var DefaultRetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c *Config) fillIn() {
	orDefault(&c.Team, "Acme")
	orDefault(&c.Domain, "acme")
	orDefault(&c.TeamID, "T00000001")
	orDefault(&c.AppID, "A00000001")
	orDefault(&c.SocketApp, c.AppID)
	orDefault(&c.BotID, "B00000001")
	orDefault(&c.BotUserID, "U0000BOT1")
	orDefault(&c.BotUser, "gitlab-bridge")
	orDefault(&c.BotToken, "xoxb-sandbox")
	orDefault(&c.AppToken, "xapp-sandbox")
	orDefault(&c.BaseURL, "https://files.slack.com")
	orDefault(&c.PermalinkBase, "https://"+c.Domain+".slack.com")
	orDefault(&c.AckDeadline, 3*time.Second)
	orDefault(&c.WarningGrace, 10*time.Second)
	orDefault(&c.CloseGrace, 10*time.Second)
	orDefault(&c.PingInterval, 10*time.Second)
	orDefault(&c.TicketLifetime, 30*time.Second)
	orDefault(&c.MaxSockets, 10)
	orDefault(&c.CursorLifetime, 5*time.Minute)
	orDefault(&c.ReactionUsers, 25)
	if c.Scopes == nil {
		c.Scopes = DefaultScopes
	}
	if c.RetryDelays == nil {
		c.RetryDelays = DefaultRetryDelays
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Server is one imitated workspace with one installed app. All its methods may be used concurrently.
type Server struct {
	cfg  Config
	desk faults.Desk

	mu     sync.Mutex
	closed bool
	state  state
	events delivery
	socks  sockets
	web    webState
	watch  watchers

	wg sync.WaitGroup // goroutines of sockets
}

// New makes a workspace that holds nothing but the app's bot user.
func New(cfg Config) *Server {
	cfg.fillIn()
	s := &Server{cfg: cfg}
	s.state.init()
	s.events.init()
	s.socks.init()
	s.web.init(cfg.BaseURL)
	s.state.users[cfg.BotUserID] = &User{ID: cfg.BotUserID, Name: cfg.BotUser, RealName: cfg.BotUser, IsBot: true, BotID: cfg.BotID}
	s.state.userOrder = append(s.state.userOrder, cfg.BotUserID)
	return s
}

// Handler serves /api/METHOD, /link/ (the WebSocket) and /files/.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", s.desk.Wrap(http.HandlerFunc(s.serveAPI)))
	mux.Handle("/files/", s.desk.Wrap(http.HandlerFunc(s.serveFile)))
	mux.HandleFunc("/link/", s.serveLink)
	mux.HandleFunc("/{$}", serveSignIn)
	return mux
}

// Desk takes orders for faults of /api and /files, and knows what was asked there.
func (s *Server) Desk() *faults.Desk { return &s.desk }

// Config returns what the server runs with, defaults filled in.
func (s *Server) Config() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

// Close closes the sockets, stops the retries and waits until nothing of the server runs. It may be called again.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.events.stop()
	for _, c := range s.socks.open {
		c.drop()
	}
	for _, c := range s.socks.dead {
		c.drop()
	}
	s.watch.closeAll()
	s.mu.Unlock()
	s.wg.Wait()
}
