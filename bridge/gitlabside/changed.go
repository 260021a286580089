package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// instant is as exactly as GitLab tells times. It knows them more exactly itself, so that many issues may share one.
const instant = time.Millisecond

var errNoTime = errors.New("an answer without a time")

// Changed hands over the issues of a project that were changed since then, that instant included, in the order of their changes, up to
// 100 at a time: one request if there are no more than that. Zero means all issues. An error of page ends it and is returned as it is.
//
// An issue that is changed meanwhile moves to the end of GitLab's list, and the others move up. Page by page one of them would be
// skipped, so that the reading goes on from the latest change seen instead. An issue comes again if it was changed again.
func (g *GitLab) Changed(ctx context.Context, project int, since time.Time, page func([]bridge.Issue) error) error {
	c := changes{
		g: g, project: project, page: page,
		r: request{what: "read changes in " + g.projectName(project), want: http.StatusOK, pace: pacePoll, project: project},
	}
	from, at := since.Truncate(instant), 1
	for range maxPage {
		list, next, _, err := c.read(ctx, at, from, time.Time{})
		switch {
		case err != nil || next == 0:
			return err
		case len(list) == 0: // all taken out after GitLab had cut the page
			at = next
			continue
		}
		first, last := list[0].Updated.Truncate(instant), list[len(list)-1].Updated.Truncate(instant)
		switch {
		case first.Before(from) || !slices.IsSortedFunc(list, byUpdated):
			return fmt.Errorf("%s: GitLab does not keep to the order asked for", c.r.what)
		case first.Equal(last): // no telling what follows but by numbers
			if err := c.readInstant(ctx, last); err != nil {
				return err
			}
			last = last.Add(instant)
		}
		from, at = last, 1
	}
	return fmt.Errorf("%s: no end after %d requests", c.r.what, maxPage)
}

func byUpdated(a, b bridge.Issue) int { return a.Updated.Compare(b.Updated) }

// changes is one run of Changed.
type changes struct {
	g       *GitLab
	project int
	r       request
	page    func([]bridge.Issue) error

	latest time.Time    // the latest instant handed over so far
	told   map[int]bool // the issues of that instant, by iid
}

// readInstant reads what was changed at one instant, by numbers of pages. Issues only ever leave it, and those behind them move to lower
// pages; so the pages are read from the last one down, and none slips through.
func (c *changes) readInstant(ctx context.Context, at time.Time) error {
	until, end := at.Add(instant-time.Microsecond), 0
	for n := 1; n != 0; {
		_, next, last, err := c.read(ctx, n, at, until)
		if err != nil {
			return err
		}
		end, n = n, next
		if n != 0 {
			n = max(n, last)
		}
	}
	for n := end - 1; n > 0; n-- {
		if _, _, _, err := c.read(ctx, n, at, until); err != nil {
			return err
		}
	}
	return nil
}

// changedOptions are the parameters of a list of issues whose times are told more exactly than the library would.
type changedOptions struct {
	gitlab.ListOptions
	Scope   string `url:"scope"`
	State   string `url:"state"`
	OrderBy string `url:"order_by"`
	Sort    string `url:"sort"`
	From    string `url:"updated_after,omitempty"`  // the time itself included
	Until   string `url:"updated_before,omitempty"` // likewise
}

// read reads one page and hands over what is new of it.
func (c *changes) read(ctx context.Context, n int, from, until time.Time) (list []bridge.Issue, next, last int, err error) {
	var got []*gitlab.Issue
	opt := &changedOptions{Scope: "all", State: "all", OrderBy: "updated_at", Sort: "asc", From: exactly(from), Until: exactly(until)}
	next, last, err = c.g.page(ctx, c.r, n, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (*gitlab.Response, error) {
		opt.ListOptions.Page, opt.ListOptions.PerPage = at.Page, at.PerPage
		req, err := c.g.api.NewRequest(http.MethodGet, fmt.Sprintf("projects/%d/issues", c.project), opt, []gitlab.RequestOptionFunc{o})
		if err != nil {
			return nil, err
		}
		resp, err := c.g.api.Do(req, &got)
		return resp, checkIssues(got, err)
	})
	if err != nil {
		return nil, 0, 0, err
	}
	for _, i := range got {
		list = append(list, c.g.translated(c.project, i))
	}
	if fresh := c.fresh(list); len(fresh) > 0 {
		err = c.page(fresh)
	}
	return list, next, last, err
}

// exactly gives a time as a parameter, empty for none.
func exactly(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// checkIssues finds what is wrong with a list: an issue left out of it would be overlooked, or taken for deleted.
func checkIssues(list []*gitlab.Issue, err error) error {
	if err == nil && list == nil {
		err = errNoList
	}
	for _, i := range list {
		switch {
		case err != nil:
			return err
		case i == nil || i.IID <= 0:
			return errNoID
		case i.UpdatedAt == nil:
			return errNoTime
		}
	}
	return err
}

// fresh leaves out what was handed over already and has not changed since.
func (c *changes) fresh(list []bridge.Issue) (out []bridge.Issue) {
	for _, i := range list {
		at := i.Updated.Truncate(instant)
		if at.Equal(c.latest) && c.told[i.IID] {
			continue
		}
		if c.told == nil || at.After(c.latest) {
			c.latest, c.told = at, map[int]bool{}
		}
		if at.Equal(c.latest) {
			c.told[i.IID] = true
		}
		out = append(out, i)
	}
	return out
}

// Issues reads these issues of a project: one request per 100, none for none. Those that are not there, or may not be seen, are left out.
func (g *GitLab) Issues(ctx context.Context, project int, iids []int) ([]bridge.Issue, error) {
	wanted := slices.DeleteFunc(slices.Clone(iids), func(iid int) bool { return iid <= 0 })
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	found := map[int]bridge.Issue{}
	r := request{what: "read issues of " + g.projectName(project), want: http.StatusOK, pace: pacePoll, project: project}
	for some := range slices.Chunk(wanted, perPage) {
		opt := &gitlab.ListProjectIssuesOptions{IIDs: &some, Scope: new("all"), State: new("all")}
		err := g.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
			opt.ListOptions.Page, opt.ListOptions.PerPage = at.Page, at.PerPage
			list, resp, err := g.api.Issues.ListProjectIssues(project, opt, o)
			if err = checkIssues(list, err); err != nil {
				return false, resp, err
			}
			for _, i := range list {
				found[i.IID] = g.translated(project, i)
			}
			return false, resp, nil
		})
		if err != nil {
			return nil, err
		}
	}
	var out []bridge.Issue
	for _, iid := range wanted {
		if i, ok := found[iid]; ok {
			out = append(out, i)
		}
	}
	return out, nil
}
