package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// Config says which GitLab is meant, and as whom.
type Config struct {
	URL   string // https://gitlab.example.com, with a path if GitLab lives below one
	Token string // personal, project or group access token with the scope api
	// HTTP lends its Transport and its Timeout (0: 30 s). Redirects are never followed, whatever it says. Nil: a pooled transport.
	HTTP *http.Client
	// FormerAccounts are usernames whose marks still count, after the token's account changed.
	FormerAccounts []string
	// CacheFor is how long projects, labels and users are taken as they were read; 0 means 11 minutes. [GitLab.ReadProject] begins a project's anew.
	CacheFor time.Duration
	// MaxAnswer is how many bytes of one answer are read; 0 means 256 MiB. A longer one counts as lost.
	MaxAnswer int64
}

const (
	timeout  = 30 * time.Second
	cacheFor = 11 * time.Minute // a little longer than from sweep to sweep, which read the projects anew
	// unknownFor is how long a username that does not exist, or is blocked, is not asked for again.
	unknownFor = 2 * time.Minute
)

// GitLab is one GitLab instance seen through one token. It implements bridge.GitLab and may be used concurrently.
type GitLab struct {
	api    *gitlab.Client
	files  *gitlab.Client // the same without a time limit of the whole: Upload has its own
	idle   time.Duration  // how long an upload may stand still
	pace   *pacer
	url    string
	token  string
	former []string

	projects *cache[string, bridge.Project]
	people   *cache[string, UserInfo]
	labels   *cache[int, labelSet]
	seen     *sightings
	probes   *cache[int, error]
	profiles *cache[int, profile] // by the account's number
	silence  silence

	mu    sync.Mutex
	me    Identity
	names map[int]projectNames // by number
}

var _ bridge.GitLab = (*GitLab)(nil)

// New prepares a client and sends nothing. It fails if the URL is not one of http or https.
func New(c Config) (*GitLab, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("GitLab's address is no http or https URL such as https://gitlab.example.com")
	}
	if c.CacheFor <= 0 {
		c.CacheFor = cacheFor
	}
	if c.MaxAnswer <= 0 {
		c.MaxAnswer = maxAnswer
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	g := &GitLab{
		pace: newPacer(u.Hostname()), url: strings.TrimRight(u.String(), "/"), token: c.Token, former: c.FormerAccounts,
		projects: newCache[string, bridge.Project](c.CacheFor),
		people:   newCache[string, UserInfo](c.CacheFor),
		labels:   newCache[int, labelSet](c.CacheFor),
		seen:     &sightings{keep: c.CacheFor, m: map[int]map[string]time.Time{}},
		probes:   newCache[int, error](probeEvery),
		profiles: newCache[int, profile](c.CacheFor),
		names:    map[int]projectNames{},
	}
	g.people.brief = func(u UserInfo) bool { return !u.Active() }
	h := httpClient(c.HTTP, g.pace, c.MaxAnswer)
	slow := *h
	g.idle, slow.Timeout = h.Timeout, 0
	if g.api, err = g.client(h); err != nil {
		return nil, err
	}
	if g.files, err = g.client(&slow); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *GitLab) client(h *http.Client) (*gitlab.Client, error) {
	c, err := gitlab.NewClient(g.token,
		gitlab.WithBaseURL(g.url), gitlab.WithHTTPClient(h), gitlab.WithoutRetries(), gitlab.WithCustomLimiter(g.pace))
	if err != nil {
		return nil, errors.New("GitLab's address cannot be used")
	}
	c.UserAgent = "slack-gitlab-bridge"
	return c, nil
}

// Identity is who the token speaks for.
type Identity struct {
	UserID    int
	Username  string
	Admin     bool      // of the whole instance
	Scopes    []string  // nil if GitLab did not tell
	ExpiresAt time.Time // start of the day from which the token is refused; zero if never or not told
}

// Identity gives what Start learned; zero before that.
func (g *GitLab) Identity() Identity {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.me
}

const tokenRemedy = "set GITLAB_TOKEN to a valid token with the scope api; this one may be mistyped, expired or revoked"

// Start asks GitLab who we are and what the token may do: two requests. A refused token, or one without the scope api, is a
// *bridge.Outage; Identity tells what was learned even so.
func (g *GitLab) Start(ctx context.Context) error {
	if err := g.whoAmI(ctx); err != nil {
		return err
	}
	var t *gitlab.PersonalAccessToken
	// Tokens of other kinds know nothing of themselves, and older instances lack the route.
	err := g.call(ctx, request{what: "read token", want: http.StatusOK, absent: refused}, func(o gitlab.RequestOptionFunc) (err error) {
		t, _, err = g.api.PersonalAccessTokens.GetSinglePersonalAccessToken(o)
		return err
	})
	if errors.Is(err, errAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.me.Scopes = t.Scopes
	if t.ExpiresAt != nil {
		g.me.ExpiresAt = time.Time(*t.ExpiresAt)
	}
	g.mu.Unlock()
	// A granular token lists its rights elsewhere.
	if len(t.Scopes) > 0 && !slices.Contains(t.Scopes, "api") && !slices.Contains(t.Scopes, "granular") {
		return &bridge.Outage{
			Scope: bridge.ScopeGitLab, Remedy: scopeRemedy,
			Err: fmt.Errorf("read token: its scopes are %s", strings.Join(t.Scopes, ", ")),
		}
	}
	return nil
}

func refused(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests
}

func (g *GitLab) whoAmI(ctx context.Context) error {
	var u *gitlab.User
	err := g.call(ctx, request{what: "read own account", want: http.StatusOK}, func(o gitlab.RequestOptionFunc) (err error) {
		u, _, err = g.api.Users.CurrentUser(o)
		if err == nil && u.ID <= 0 {
			err = errNoID
		}
		return err
	})
	if never, ok := errors.AsType[*bridge.Never](err); ok { // then nothing else can be asked either
		return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: noAPIRemedy, Err: never.Err}
	}
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.me.UserID, g.me.Username, g.me.Admin = u.ID, u.Username, u.IsAdmin
	return nil
}

// ours tells whose texts' marks count. It costs a request only if Start has not succeeded yet.
func (g *GitLab) ours(ctx context.Context) (authors, error) {
	if g.Identity().UserID == 0 {
		if err := g.whoAmI(ctx); err != nil {
			return authors{}, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return authors{id: g.me.UserID, former: g.former}, nil
}

// authors are the accounts whose marks count.
type authors struct {
	id     int
	former []string
}

func (a authors) include(id int, username string) bool {
	return id == a.id || slices.ContainsFunc(a.former, func(f string) bool { return strings.EqualFold(f, username) })
}

// own reports whether an account whose marks count made an issue, as far as Start has told. It costs no request.
func (g *GitLab) own(author *gitlab.IssueAuthor) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return author != nil && g.me.UserID != 0 && (authors{id: g.me.UserID, former: g.former}).include(author.ID, author.Username)
}

// AddFormer has the marks of these accounts count too.
func (g *GitLab) AddFormer(usernames []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range usernames {
		if !strings.EqualFold(name, g.me.Username) && !slices.ContainsFunc(g.former, func(f string) bool { return strings.EqualFold(f, name) }) {
			g.former = append(slices.Clip(g.former), name)
		}
	}
}

// Version asks for GitLab's version, such as "19.2.1".
func (g *GitLab) Version(ctx context.Context) (string, error) {
	var v *gitlab.Version
	err := g.call(ctx, request{what: "read version", want: http.StatusOK}, func(o gitlab.RequestOptionFunc) (err error) {
		v, _, err = g.api.Version.GetVersion(o)
		return err
	})
	if err != nil {
		return "", err
	}
	return v.Version, nil
}
