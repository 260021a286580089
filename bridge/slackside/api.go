package slackside

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

const (
	requestLimit = 30 * time.Second
	answerLimit  = 64 << 20 // bytes of an answer; 200 messages of the greatest length take about 10 MB

	openMethod = "apps.connections.open"
	postMethod = "chat.postMessage"
	tellMethod = "chat.postEphemeral"

	signMethod   = "reactions.add"
	unsignMethod = "reactions.remove"
	infoMethod   = "files.info"
)

// careful gives a client that has a time limit and never carries a token to another host.
func careful(client *http.Client) *http.Client {
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 16
		client = &http.Client{Timeout: requestLimit, Transport: transport}
	}
	c := *client
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme || len(via) > 3 {
			return errElsewhere
		}
		return nil
	}
	return &c
}

// errElsewhere is for an answer that leads to another host: whatever stands there, it is not Slack.
var errElsewhere = errors.New("refused to be redirected to another host")

// refusal is a request that failed: either Slack's own word for it, or an HTTP status, or no answer at all.
type refusal struct {
	method string
	code   string        // Slack's word, "ratelimited"
	needed string        // scopes, with missing_scope
	status int           // of HTTP; 0 without an answer
	after  time.Duration // when Slack limits the rate
	sent   bool          // the request may have reached Slack
	cause  error         // without an answer, or with one that cannot be read
}

func (r *refusal) Error() string {
	switch {
	case r.code != "" && r.needed != "":
		return fmt.Sprintf("%s: %s (%s)", r.method, r.code, r.needed)
	case r.code != "":
		return r.method + ": " + r.code
	case r.cause != nil:
		return fmt.Sprintf("%s: %v", r.method, r.cause)
	case r.status != http.StatusOK:
		return fmt.Sprintf("%s: %d %s", r.method, r.status, http.StatusText(r.status))
	}
	return r.method + ": Slack says no and not why"
}

func (r *refusal) Unwrap() error { return r.cause }

// guard carries the requests of slack-go and of this package. It turns every answer that is no clear yes into a *refusal; slack-go
// would take {"ok":false} without a reason for a success.
type guard struct {
	http *http.Client
	base string
	most int64 // bytes of an answer that are read
}

// Do is what slack-go calls. The answer's body is read and checked before it returns.
func (g *guard) Do(req *http.Request) (*http.Response, error) {
	r := &refusal{method: path.Base(req.URL.Path)}
	var connected atomic.Bool
	trace := httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, err := g.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), &trace)))
	r.sent = connected.Load()
	if err != nil {
		r.cause = unquoted(err)
		return nil, r
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, g.most))
	_ = resp.Body.Close() // read to its end or given up: nothing is lost by it
	if err != nil {
		r.cause = err
		return nil, r
	}
	if !r.accepts(resp, body) {
		return nil, r
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// quoting is an error whose text leaves out what it quotes.
type quoting struct {
	text  string
	cause error
}

func (q *quoting) Error() string { return q.text }
func (q *quoting) Unwrap() error { return q.cause }

// unquoted words an error that came instead of an answer. Addresses hold tickets, and net/http quotes what it cannot read of an answer, which
// may be anything.
func unquoted(err error) error {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		err = withURL.Err
	}
	text := err.Error()
	if i := strings.IndexAny(text, "<\"\n"); i >= 0 {
		return &quoting{strings.TrimRight(text[:i], ` "`), err}
	}
	return err
}

// wordPattern is what Slack's error words look like; anything else is not repeated in our errors.
var wordPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)

// scopesPattern is what Slack's names of scopes look like, likewise: "channels:history,users:read.email".
var scopesPattern = regexp.MustCompile(`^[a-z_.:,]{1,200}$`)

// accepts reports whether the answer is a yes; otherwise it notes what it is.
func (r *refusal) accepts(resp *http.Response, body []byte) bool {
	var answer struct {
		OK     bool   `json:"ok"`
		Error  string `json:"error"`
		Needed string `json:"needed"`
	}
	r.status = resp.StatusCode
	err := json.Unmarshal(body, &answer)
	if wordPattern.MatchString(answer.Error) {
		r.code = answer.Error
	}
	if scopesPattern.MatchString(answer.Needed) {
		r.needed = answer.Needed
	}
	limited := r.code == "ratelimited" || r.code == "rate_limited"
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || limited:
		r.after = retryAfter(resp.Header)
		return false
	case resp.StatusCode != http.StatusOK:
		return false
	case err != nil:
		r.cause = errors.New("the answer is not JSON")
		return false
	}
	return answer.OK
}

// lacks finds fault with an answer that says yes and leaves out what was asked for: taken as it is, it would be a wrong answer.
func lacks(err error, method, what string, missing bool) error {
	if err == nil && missing {
		return fmt.Errorf("%s: Slack's answer has no %s", method, what)
	}
	return err
}

// read makes one request whose answer this package decodes itself.
func (s *Slack) read(ctx context.Context, c call, form url.Values, answer any) error {
	return s.call(ctx, c, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.guard.base+c.method, strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+s.cfg.BotToken)
		resp, err := s.guard.Do(req)
		if err != nil {
			return err
		}
		if err := lenient(json.NewDecoder(resp.Body).Decode(answer)); err != nil {
			return fmt.Errorf("%s: decode the answer: %w", c.method, err)
		}
		return nil
	})
}
