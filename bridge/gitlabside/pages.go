package gitlabside

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/xanzy/go-gitlab"
)

const (
	perPage = 100  // the most that GitLab gives
	maxPage = 2000 // a list longer than this is a fault, of GitLab or ours
)

// pages reads a list page by page until there is no more or read says that it has seen enough. An error on any page is an error of the
// whole: half a list proves nothing absent. How long a page is says nothing either, since GitLab takes out what may not be read after it
// has cut the page.
func (g *GitLab) pages(ctx context.Context, r request,
	read func(gitlab.ListOptions, gitlab.RequestOptionFunc) (enough bool, resp *gitlab.Response, err error),
) error {
	for page := 1; page != 0; {
		var enough bool
		next, _, err := g.page(ctx, r, page, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (resp *gitlab.Response, err error) {
			enough, resp, err = read(at, o)
			return resp, err
		})
		if err != nil || enough {
			return err
		}
		page = next
	}
	return nil
}

// page reads one page of a list. It tells the number of the next one, 0 for none, and of the last one, 0 if GitLab does not tell.
func (g *GitLab) page(ctx context.Context, r request, page int,
	read func(gitlab.ListOptions, gitlab.RequestOptionFunc) (*gitlab.Response, error),
) (next, last int, err error) {
	var resp *gitlab.Response
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		resp, err = read(gitlab.ListOptions{Page: page, PerPage: perPage}, o)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	next = nextPage(resp)
	if next != 0 && next <= page || max(next, resp.TotalPages) > maxPage {
		return 0, 0, fmt.Errorf("%s: no telling which page follows page %d", r.what, page)
	}
	return next, resp.TotalPages, nil
}

// nextPage gives the number of the page that follows, 0 for none and -1 for one that is not told by number. Some proxies keep only one of
// the two headers that tell.
func nextPage(resp *gitlab.Response) int {
	if resp.NextPage != 0 || resp.NextLink == "" {
		return resp.NextPage
	}
	u, err := url.Parse(resp.NextLink)
	if err != nil {
		return -1
	}
	n, err := strconv.Atoi(u.Query().Get("page"))
	if err != nil {
		return -1
	}
	return n
}
