package gitlabside

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/xanzy/go-gitlab"
)

// request says what one call is, as far as its failure is concerned.
type request struct {
	what     string                // a verb phrase with its object: "create issue in group/app"
	want     int                   // the one status that means done
	pace     string                // what GitLab counts it as: paceIssue, paceNote or paceRest
	once     bool                  // must not be carried out twice: a lost answer is bridge.Unknown
	project  int                   // the project that it concerns, looked at when it is refused; 0 is none
	issue    bool                  // it concerns one issue there, which may be gone
	note     bool                  // it concerns one note of that issue, which may be gone by itself
	file     bool                  // it concerns one file, which the project may not take
	numbered bool                  // it asks for a number, which may be taken
	asked    string                // instead of project: the path or number of the project that is itself asked for
	absent   func(status int) bool // statuses that answer "no", as errAbsent
}

// What a call's own check can find wrong with an answer.
var (
	errAbsent = errors.New("not there") // the status is one that request.absent takes for an answer
	errNoID   = errors.New("an answer without an id")
	errNoList = errors.New("an answer without a list")
)

// call sends one request through the library and judges what came of it. f makes the library's call with the given option, checks the
// result, and returns what went wrong; it may be cut short by a panic.
func (g *GitLab) call(ctx context.Context, r request, f func(gitlab.RequestOptionFunc) error) error {
	x := &exchange{pace: r.pace}
	err := guarded(func() error { return f(gitlab.WithContext(x.attach(ctx))) })
	g.pace.done(x)
	if err == nil && x.status == r.want {
		g.silence.heard(ctx, x, nil)
		return nil
	}
	if r.absent != nil && r.absent(x.status) {
		g.silence.heard(ctx, x, nil)
		return errAbsent
	}
	err = g.judge(ctx, r, x, err)
	g.silence.heard(ctx, x, err)
	return err
}

// guarded turns a panic of the library into an error: it meets answers that it does not understand with panics.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("an answer that the client library panics on")
		}
	}()
	return f()
}

// exchange records what happened on the wire during one call, since the library does not tell.
type exchange struct {
	pace    string
	counted bool // the pacer let it go

	entered atomic.Bool // the transport was reached
	asked   atomic.Bool // a connection was asked for, so the transport reports on connections
	got     atomic.Bool // there was a connection: the request may have gone out

	// Set before the transport returns, and so before call reads them.
	status int
	header http.Header
	body   []byte // of refusals only
}

type exchangeKey struct{}

func (x *exchange) attach(ctx context.Context) context.Context {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { x.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { x.got.Store(true) },
	})
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// unsent reports that GitLab cannot have seen the request: it never reached the transport, or no connection came about.
func (x *exchange) unsent() bool {
	return !x.entered.Load() || x.asked.Load() && !x.got.Load()
}

// errOutside is our own bug.
var errOutside = errors.New("a request outside of call")

const (
	maxRefusal = 64 << 10  // bytes read of an answer that refuses
	maxAnswer  = 256 << 20 // bytes read of any other, if nothing else was said: 100 issues with the longest descriptions
)

// wire is the transport below the library: it records the exchange and bounds what is read.
type wire struct {
	below http.RoundTripper
	pace  *pacer
	most  int64 // bytes of an answer that are read
}

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	if x == nil {
		return nil, errOutside
	}
	x.entered.Store(true)
	resp, err := w.below.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	w.pace.learn(x.pace, resp.StatusCode, resp.Header)
	x.status, x.header = resp.StatusCode, resp.Header
	if resp.StatusCode < 300 {
		resp.Body = bounded{io.LimitReader(resp.Body, w.most), resp.Body}
		return resp, nil
	}
	// The status decides; a refusal whose text is cut off is one all the same.
	x.body, _ = io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(x.body))
	return resp, nil
}

type bounded struct {
	io.Reader
	io.Closer
}

// httpClient gives the client that the library uses: the caller's transport and time limit, and our rules.
func httpClient(lent *http.Client, p *pacer, most int64) *http.Client {
	c := &http.Client{Timeout: timeout}
	var below http.RoundTripper
	if lent != nil {
		below = lent.Transport
		if lent.Timeout > 0 {
			c.Timeout = lent.Timeout
		}
	}
	if below == nil {
		below = pooled()
	}
	c.Transport = wire{below: below, pace: p, most: most}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// pooled is net/http's usual transport, with as many idle connections kept as there are calls at once.
func pooled() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 32
	return t
}

// issueName gives "group/app#7" for messages.
func (g *GitLab) issueName(project, iid int) string {
	return fmt.Sprintf("%s#%d", g.projectName(project), iid)
}
