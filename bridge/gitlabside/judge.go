package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"slack-gitlab-bridge/bridge"
)

// The remedies that errors carry.
const (
	scopeRemedy   = "give GITLAB_TOKEN the scope api: writing issues needs it"
	addressRemedy = "set GITLAB_URL to GitLab's final address: redirects are not followed, since the token would go along"
	accountRemedy = "have the account of GITLAB_TOKEN unblocked, or use the token of another"
	spamRemedy    = "GitLab takes it for spam; let an administrator exempt the account of GITLAB_TOKEN, then retry the job"
	noAPIRemedy   = "set GITLAB_URL to the address of a GitLab: this one does not answer like one"
	goneRemedy    = "if it was moved, its new project has it; the token's account may also lack the right to see it"
	rightsRemedy  = "give the account of GITLAB_TOKEN the role Reporter or more, or unlock the issue's discussion, then retry the job"
	filesRemedy   = "let the account of GITLAB_TOKEN upload files there, and see that the project has room for them"
	sizeRemedy    = "an administrator of GitLab may raise its maximum attachment size"
	newRemedy     = "this GitLab does what the bridge does not know: please report it with GitLab's version"
	fieldsRemedy  = "correct what is named, then retry the job"
)

// judge turns what a call came to into one of the errors of package bridge.
func (g *GitLab) judge(ctx context.Context, r request, x *exchange, err error) error {
	var later *bridge.Later
	switch {
	case errors.As(err, &later):
		return &bridge.Later{After: later.After, Limit: later.Limit, Err: fmt.Errorf("%s: %w", r.what, later.Err)}
	case x.status == 0 && x.unsent():
		return g.transport(r, err)
	case x.status == 0:
		return r.lost(g.transport(r, err))
	case x.status < 300:
		return r.garbled(x, err)
	case x.status < 400:
		return r.redirected(x)
	case x.status < 500:
		return g.denied(ctx, r, x)
	}
	return r.broken(x)
}

// statusClientGone is nginx's, for a client that did not wait for the answer.
const statusClientGone = 499

// failure is an error whose text is ours while its cause can still be asked for.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// transport words an error that came instead of an answer. The library's own text has the full address in it.
func (g *GitLab) transport(r request, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if err == nil {
		err = errors.New("no answer")
	}
	text := err.Error()
	if g.token != "" {
		text = strings.ReplaceAll(text, g.token, "***")
	}
	// net/http quotes what it cannot read, which may be a page.
	if i := strings.IndexAny(text, "<\"\n"); i >= 0 {
		text = strings.TrimRight(text[:i], ` "`)
	}
	return &failure{text: r.what + ": " + shortened(text), cause: err}
}

// lost is for a request that may have arrived.
func (r request) lost(err error) error {
	if r.once {
		return &bridge.Unknown{Err: err}
	}
	return err
}

// garbled is for an answer that says "done" and cannot be used.
func (r request) garbled(x *exchange, err error) error {
	if (r.pace == paceNote || r.note) && x.status == http.StatusAccepted {
		return &bridge.Never{
			Err:    fmt.Errorf("%s: GitLab took all of it for quick actions and kept no note", r.what),
			Remedy: "this is a fault of the bridge: please report it",
		}
	}
	if errors.Is(err, errElsewhere) {
		return &bridge.Never{Remedy: newRemedy, Err: fmt.Errorf("%s: %w", r.what, errElsewhere)}
	}
	text := "an answer that cannot be read"
	for _, known := range []error{errNoID, errNoList, errNoTime, errNoPath} {
		if errors.Is(err, known) {
			text = known.Error()
		}
	}
	if err == nil {
		text = "not the answer expected"
	}
	return r.lost(&failure{text: fmt.Sprintf("%s: %s, %s", r.what, statusLine(x.status), text), cause: err})
}

// redirected is for 3xx. GitLab answers so only when it is asked for a project that was renamed; a proxy may, even after the work.
func (r request) redirected(x *exchange) error {
	err := fmt.Errorf("%s: %s", r.what, statusLine(x.status))
	if x.status == http.StatusNotModified {
		return r.lost(err)
	}
	if m := movedPattern.FindStringSubmatch(x.header.Get("Location")); m != nil && r.asked != "" {
		return &moved{number: m[1], err: err}
	}
	if to, parseErr := url.Parse(x.header.Get("Location")); parseErr == nil && to.Host != "" {
		err = fmt.Errorf("%w to %s", err, shortened(to.Scheme+"://"+to.Host))
	}
	if r.once {
		return &bridge.Unknown{Err: err}
	}
	return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: addressRemedy, Err: err}
}

// movedPattern is how the address ends that GitLab gives for a renamed project.
var movedPattern = regexp.MustCompile(`/projects/([0-9]+)$`)

// moved tells the number of a project that no longer has the path it was asked for by.
type moved struct {
	number string
	err    error
}

func (m *moved) Error() string { return m.err.Error() }
func (m *moved) Unwrap() error { return m.err }

// broken is for 5xx: a proxy may say so although GitLab has done the work.
func (r request) broken(x *exchange) error {
	err := fmt.Errorf("%s: %s", r.what, statusLine(x.status))
	if r.once {
		return &bridge.Unknown{Err: err}
	}
	if d, ok := statedRetry(x.header, time.Now()); ok {
		return &bridge.Later{After: d, Limit: limit(r.pace), Err: err}
	}
	return err
}

// denied is for 4xx: not done, but for the one that a proxy gives when it lost patience.
func (g *GitLab) denied(ctx context.Context, r request, x *exchange) error {
	said := readRefusal(x)
	err := fmt.Errorf("%s: %s", r.what, said.line())
	switch x.status {
	case http.StatusUnauthorized:
		return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: tokenRemedy, Err: err}
	case http.StatusForbidden, http.StatusNotFound:
		return g.refusedHere(ctx, r, said, err)
	case http.StatusTooManyRequests:
		return &bridge.Later{After: retryAfter(x.header, time.Now()), Limit: limit(r.pace), Err: err}
	case http.StatusRequestTimeout, statusClientGone:
		return r.lost(err)
	case http.StatusTooEarly, http.StatusLocked:
		return err
	case http.StatusRequestEntityTooLarge:
		if r.file {
			return &bridge.Never{Remedy: sizeRemedy, Err: fmt.Errorf("%w: larger than GitLab takes", err)}
		}
	}
	switch {
	case said.spam:
		return &bridge.Never{Remedy: spamRemedy, Err: err}
	case x.status == http.StatusConflict && r.numbered:
		return &failure{text: err.Error(), cause: bridge.ErrTaken}
	case x.status == http.StatusConflict && r.pace != paceIssue: // two changes at once
		return err
	}
	return &bridge.Never{Remedy: fieldsRemedy, Err: err}
}

// refusedHere tells whether a 403 or 404 speaks of the token, of the project, or of this one thing.
func (g *GitLab) refusedHere(ctx context.Context, r request, said refusal, err error) error {
	switch {
	case said.code == "insufficient_scope":
		return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: scopeRemedy, Err: err}
	case said.blocked:
		return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: accountRemedy, Err: err}
	case r.asked != "":
		return &bridge.Outage{Scope: bridge.ProjectScope(r.asked), Remedy: projectRemedy, Err: err}
	case r.project == 0 && said.status == http.StatusNotFound:
		return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: noAPIRemedy, Err: err}
	case r.project == 0:
		return &bridge.Outage{Scope: bridge.ScopeGitLab, Remedy: tokenRemedy, Err: err}
	}
	if bad := g.probe(ctx, r.project, said.status); bad != nil {
		return bad
	}
	switch {
	case r.file:
		return &bridge.Never{Remedy: filesRemedy, Err: err}
	case !r.issue: // the project can be read, and still refuses: so it would for every issue
		return g.projectOutage(r.project, "give the account of GITLAB_TOKEN the role Reporter or more there, and turn its issues on", err)
	case said.status == http.StatusNotFound:
		what := "the issue is gone or moved"
		if r.note {
			what = "the note or its issue is gone"
		}
		return &bridge.Never{Remedy: goneRemedy, Err: &failure{text: fmt.Sprintf("%v: %s", err, what), cause: bridge.ErrGone}}
	}
	return &bridge.Never{Remedy: rightsRemedy, Err: err}
}
