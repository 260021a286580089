package fakegitlab

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// Version is the GitLab version that GET /version reports.
const Version = "19.2.1"

// Config says which GitLab is imitated. The zero value is a self-managed Free instance without limits.
type Config struct {
	// BaseURL is how the instance calls itself in links, without a slash at the end. Empty: the host of the first request.
	BaseURL string
	// Premium allows several assignees on an issue and makes scoped labels (a::b) exclude each other.
	Premium bool
	// MentionAll lets @all notify every member of the project, as older versions do.
	MentionAll bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Pages bends the paging rules.
	Pages PageRules
	// Limits are the request limits; the zero value has none.
	Limits Limits
	// MaxUpload is the size limit of an upload in bytes; 0 means 100 MiB.
	MaxUpload int64
}

// PageRules bends paging. The zero value is GitLab's own behaviour.
type PageRules struct {
	// TotalsUpTo is the number of rows above which X-Total and X-Total-Pages are left out; 0 means 10000.
	TotalsUpTo int
	// HiddenNoteEvery makes every n-th row of a notes list one that the asker may not read. Such rows are taken out after
	// paging, so pages get shorter than asked for although more follow. 0 means none.
	HiddenNoteEvery int
}

// Limits are counted per user and minute; 0 turns one off.
type Limits struct {
	Issues int // created issues
	Notes  int // created notes
	Search int // issue lists with search=
	// API counts all requests, adds RateLimit-* headers to every answer and refuses in plain text, as GitLab.com does.
	API int
	// NoRetryAfter leaves out the Retry-After header of refused issues, notes and searches, as older versions do.
	NoRetryAfter bool
}

// Server is one imitated GitLab. It may be used concurrently.
type Server struct {
	cfg  Config
	desk faults.Desk

	mu       sync.Mutex
	base     string
	rev      int // grows with every change
	lastID   map[string]int
	users    []*User
	projects []*project
	groups   []*group
	tokens   []*Token
	uploads  []*upload
	happened []Happening
	spent    map[string]*window
	hooks    []*hook
	lagReads int
	random   uint64 // feeds hex; a counter keeps runs repeatable

	subMu sync.Mutex
	subs  map[int]chan struct{}
	sub   int
}

// New makes an empty GitLab.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxUpload == 0 {
		cfg.MaxUpload = 100 << 20
	}
	if cfg.Pages.TotalsUpTo == 0 {
		cfg.Pages.TotalsUpTo = 10000
	}
	return &Server{
		cfg: cfg, base: strings.TrimSuffix(cfg.BaseURL, "/"),
		lastID: map[string]int{}, spent: map[string]*window{}, subs: map[int]chan struct{}{},
	}
}

// Desk takes orders for faults and lists the requests that came in through Handler.
func (s *Server) Desk() *faults.Desk { return &s.desk }

// Handler serves /api/v4/… and uploaded files, behind the Desk.
func (s *Server) Handler() http.Handler {
	return s.desk.Wrap(http.HandlerFunc(s.serve))
}

// SetLimits replaces the limits and forgets what was counted so far.
func (s *Server) SetLimits(l Limits) {
	s.locked(func() {
		s.cfg.Limits = l
		s.spent = map[string]*window{}
	})
}

// SetPages replaces the paging rules; a TotalsUpTo of 0 again means 10000.
func (s *Server) SetPages(r PageRules) {
	if r.TotalsUpTo == 0 {
		r.TotalsUpTo = 10000
	}
	s.locked(func() { s.cfg.Pages = r })
}

// LagReads makes every issue created from now on through the API invisible to the first n list requests of its project,
// as a lagging replica does. Reading it by number is not affected.
func (s *Server) LagReads(n int) {
	s.locked(func() { s.lagReads = n })
}

// Subscribe returns a channel that holds a value after anything has changed; several changes may share one. The second
// result ends the subscription.
func (s *Server) Subscribe() (<-chan struct{}, func()) {
	s.subMu.Lock()
	defer s.subMu.Unlock()
	s.sub++
	id, ch := s.sub, make(chan struct{}, 1)
	s.subs[id] = ch
	return ch, func() {
		s.subMu.Lock()
		defer s.subMu.Unlock()
		delete(s.subs, id)
	}
}

// locked runs f alone and tells the subscribers if it changed something.
func (s *Server) locked(f func()) {
	if s.run(f) {
		s.tell()
	}
}

func (s *Server) run(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.rev
	f()
	return s.rev != before
}

func (s *Server) tell() {
	s.subMu.Lock()
	defer s.subMu.Unlock()
	for _, ch := range s.subs {
		select {
		case ch <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// now is the instance's time, in GitLab's precision of a millisecond.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }

// next gives the next global id of a kind of thing, from 1.
func (s *Server) next(kind string) int {
	s.lastID[kind]++
	return s.lastID[kind]
}
