package fakeslack

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// webState is what the Web API remembers between calls; Server.mu guards it.
type webState struct {
	base    string // how clients reach this server
	cursors map[string]cursor
	calls   map[string][]time.Time // by method, for limits
	posts   map[string]time.Time   // by channel, for limits
}

func (w *webState) init(base string) {
	w.base = base
	w.cursors = map[string]cursor{}
	w.calls = map[string][]time.Time{}
	w.posts = map[string]time.Time{}
}

// call is one call of a method.
type call struct {
	*Server
	name string
	args map[string]string
}

// method describes a method: which token it takes, the scopes of which it needs one, how often it may be called a minute, and what it does.
type method struct {
	app    bool     // takes the app-level token, in the header alone
	open   bool     // takes any token or none
	writes bool     // may change the state
	scopes []string // any of them
	tier   int      // calls a minute; 0 is no limit
	do     func(*call) (obj, error)
}

// failure is an error answer with more than a word.
type failure struct {
	word string
	more obj
}

func (f failure) Error() string { return f.word }

// missing is the answer to a call without a required argument.
func missing(arg string) error {
	return failure{"invalid_arguments", obj{"response_metadata": obj{"messages": []string{"[ERROR] missing required field: " + arg}}}}
}

func (c *call) missingScope(needed ...string) error {
	return failure{"missing_scope", obj{"needed": strings.Join(needed, ","), "provided": strings.Join(c.cfg.Scopes, ",")}}
}

// serveAPI answers /api/METHOD. Every refusal but the rate limit is HTTP 200.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	args, keys, err := readArgs(r)
	c := &call{Server: s, name: strings.TrimPrefix(r.URL.Path, "/api/"), args: args}
	s.mu.Lock()
	s.learnBase(r)
	status, body := c.answer(w.Header(), keys, err)
	s.mu.Unlock() // before writing: a client that does not read must not stop the workspace
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone is no fault of ours
}

// answer carries the call out, unless it is refused, and gives what to send back. The caller holds the lock.
func (c *call) answer(header http.Header, keys credentials, err error) (status int, body []byte) {
	m, known := methods[c.name]
	if !known {
		err = Error("unknown_method")
	}
	if err == nil {
		err = c.authorize(m, keys)
	}
	if err != nil {
		return http.StatusOK, refusal(err)
	}
	if wait := c.limit(m); wait > 0 {
		header.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		return http.StatusTooManyRequests, refusal(Error("ratelimited"))
	}
	if !m.app && !m.open {
		header.Set("X-OAuth-Scopes", strings.Join(c.cfg.Scopes, ","))
		header.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	}
	out, err := m.do(c)
	if err != nil {
		return http.StatusOK, refusal(err)
	}
	if m.writes {
		c.watch.fire()
	}
	if out == nil {
		out = obj{}
	}
	out["ok"] = true
	return http.StatusOK, mustJSON(out)
}

func refusal(err error) []byte {
	out := obj{"ok": false, "error": err.Error()}
	if f, ok := errors.AsType[failure](err); ok {
		maps.Copy(out, f.more)
	}
	return mustJSON(out)
}

// authorize checks token and scopes.
func (c *call) authorize(m method, keys credentials) error {
	switch {
	case m.open:
		return nil
	case m.app:
		keys.form = "" // in the header or nowhere
	}
	token := keys.pick()
	switch {
	case token == "":
		return Error("not_authed")
	case token != c.cfg.BotToken && token != c.cfg.AppToken:
		return Error("invalid_auth")
	case (token == c.cfg.AppToken) != m.app:
		return Error("not_allowed_token_type")
	}
	if len(m.scopes) > 0 && !m.app && !slices.ContainsFunc(m.scopes, c.hasScope) {
		return c.missingScope(m.scopes...)
	}
	return nil
}
