package fakegitlab

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// page cuts the asked page out of rows and describes it in headers. Rows that are nil stand for what the asker may not
// read: they count, but are left out of the page.
func page[T any](s *Server, c *call, rows []*T) ([]*T, http.Header) {
	per := min(max(c.p.int("per_page"), 0), 100)
	if per == 0 {
		per = 20
	}
	at := max(c.p.int("page"), 1)
	total := len(rows)
	pages := max((total+per-1)/per, 1)
	from := min((at-1)*per, total)
	shown := slices.DeleteFunc(slices.Clone(rows[from:min(from+per, total)]), func(row *T) bool { return row == nil })

	h := http.Header{}
	h.Set("X-Page", strconv.Itoa(at))
	h.Set("X-Per-Page", strconv.Itoa(per))
	h.Set("X-Prev-Page", "")
	h.Set("X-Next-Page", "")
	links := map[string]int{"first": 1}
	if at > 1 {
		h.Set("X-Prev-Page", strconv.Itoa(at-1))
		links["prev"] = at - 1
	}
	if at < pages {
		h.Set("X-Next-Page", strconv.Itoa(at+1))
		links["next"] = at + 1
	}
	if total <= s.cfg.Pages.TotalsUpTo {
		h.Set("X-Total", strconv.Itoa(total))
		h.Set("X-Total-Pages", strconv.Itoa(pages))
		links["last"] = pages
	}
	h.Set("Link", s.links(c, links, per))
	return shown, h
}

func (s *Server) links(c *call, to map[string]int, per int) string {
	var out []string
	for _, rel := range []string{"prev", "next", "first", "last"} {
		n, has := to[rel]
		if !has {
			continue
		}
		out = append(out, s.link(c, rel, url.Values{"page": {strconv.Itoa(n)}, "per_page": {strconv.Itoa(per)}}))
	}
	return strings.Join(out, ", ")
}

// link is the present address with some parameters replaced.
func (s *Server) link(c *call, rel string, with url.Values) string {
	q := c.r.URL.Query()
	q.Del("private_token")
	maps.Copy(q, with)
	return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, s.base, c.r.URL.EscapedPath(), q.Encode(), rel)
}

// cursorPage is keyset paging: no totals, and a cursor to the next page in the Link header.
func cursorPage[T any](s *Server, c *call, rows []*T, id func(*T) int) ([]*T, http.Header) {
	per := min(max(c.p.int("per_page"), 0), 100)
	if per == 0 {
		per = 20
	}
	after, _ := strconv.Atoi(c.p.str("cursor"))
	from := 0
	for i, row := range rows {
		if after != 0 && id(row) == after {
			from = i + 1
		}
	}
	h := http.Header{}
	h.Set("X-Per-Page", strconv.Itoa(per))
	to := min(from+per, len(rows))
	if to < len(rows) {
		h.Set("Link", s.link(c, "next", url.Values{"cursor": {strconv.Itoa(id(rows[to-1]))}}))
	}
	return rows[from:to], h
}
