package fakegitlab

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// found is a mention or reference in a text, by its place.
type found struct {
	kind       string // user, issue, merge_request, label, milestone, epic, snippet, alert, iteration, wiki, toc, or a bracketed kind
	text       string // as written
	path       string // of the project or group named, if any
	name       string // number or name
	start, end int
}

const pathShape = `([A-Za-z0-9_.][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_.][A-Za-z0-9_.\-]*)*)`

// shapes are the ways to refer to things. Each has a path, which may be empty, and a name.
var shapes = []struct {
	kind string
	re   *regexp.Regexp
}{
	{"user", regexp.MustCompile(`(?:^|\W)@()` + pathShape)},
	{"issue", regexp.MustCompile(pathShape + `?#(\d+)\b`)},
	{"issue", regexp.MustCompile(`\b()GL-(\d+)\b`)},
	{"merge_request", regexp.MustCompile(pathShape + `?!(\d+)\b`)},
	{"epic", regexp.MustCompile(pathShape + `?&(\d+)\b`)},
	{"snippet", regexp.MustCompile(pathShape + `?\$(\d+)\b`)},
	{"label", regexp.MustCompile(pathShape + `?~([\p{L}0-9_\-?.&]+(?:::?[\p{L}0-9_\-?.&]+)*|"[^"\n]+")`)},
	{"milestone", regexp.MustCompile(pathShape + `?%([^"\s<]*\w|"[^"\n]+")`)},
	{"alert", regexp.MustCompile(pathShape + `?\^alert#(\d+)\b`)},
	{"iteration", regexp.MustCompile(`()\*iteration:(\w+|"[^"\n]+")`)},
	{"", regexp.MustCompile(`\[([a-z_]+):([^\]\s]+)\]`)}, // the kind stands where the path does
	{"wiki", regexp.MustCompile(`()\[\[([^\]\n]+)\]\]`)},
}

var bracketed = []string{"issue", "work_item", "epic", "vulnerability", "feature_flag", "contact", "wiki_page", "cadence", "snippet"}

var bareURL = regexp.MustCompile(`(?i)\bhttps?://[^\s<>]+`)

// scan finds mentions and references in plain text. Web addresses are not looked into; they are returned apart.
func scan(text string) (refs []found, urls []string) {
	blank := bareURL.ReplaceAllStringFunc(text, func(u string) string {
		urls = append(urls, strings.TrimRight(u, ".,;:!?)'\""))
		return strings.Repeat(" ", len(u))
	})
	for _, shape := range shapes {
		for _, m := range shape.re.FindAllStringSubmatchIndex(blank, -1) {
			f := found{kind: shape.kind, start: m[0], end: m[5], name: blank[m[4]:m[5]]}
			if m[2] >= 0 {
				f.path = blank[m[2]:m[3]]
			}
			if f, fits := f.tidy(blank); fits {
				refs = append(refs, f)
			}
		}
	}
	slices.SortStableFunc(refs, func(a, b found) int { return a.start - b.start })
	end := 0
	refs = slices.DeleteFunc(refs, func(f found) bool { // what stands inside another, as alert#1 in ^alert#1
		inside := f.end <= end
		end = max(end, f.end)
		return inside
	})
	return refs, urls
}

// tidy cuts off what a pattern without look-around took too much of.
func (f found) tidy(text string) (found, bool) {
	switch f.kind {
	case "user":
		f.start = strings.LastIndexByte(text[:f.end-len(f.name)], '@')
		f.name = strings.TrimRight(f.name, ".")
		f.end = f.start + 1 + len(f.name)
		if f.name == "" {
			return f, false
		}
	case "label":
		kept := strings.TrimRight(f.name, ".?")
		f.end -= len(f.name) - len(kept)
		f.name = strings.Trim(kept, `"`)
	case "milestone":
		f.name = strings.Trim(f.name, `"`)
	case "":
		if !slices.Contains(bracketed, f.path) {
			return f, false
		}
		f.kind, f.path = f.path, ""
		f.end++
	case "wiki":
		f.end += 2
		if f.name == "_TOC_" {
			f.kind = "toc"
		}
	}
	f.text = text[f.start:f.end]
	return f, f.name != ""
}

// scanURL finds what an address on the own instance refers to.
func (s *Server) scanURL(address string) (found, bool) {
	rest, own := strings.CutPrefix(address, s.base+"/")
	if s.base == "" || !own {
		return found{}, false
	}
	m := ownURL.FindStringSubmatch(rest)
	if m == nil {
		return found{}, false
	}
	kind := strings.TrimSuffix(m[2], "s")
	if kind == "work_item" {
		kind = "issue"
	}
	return found{kind: kind, text: address, path: m[1], name: m[3]}, true
}

var ownURL = regexp.MustCompile(`^` + pathShape + `?/(?:-/)?(issues|work_items|merge_requests|snippets|milestones|epics|commit)/([0-9a-f]+)\b`)

// target is what a reference leads to; the zero value is nothing.
type target struct {
	users []*User
	issue *issue
	link  string
}

// resolve finds the target of a reference made in a project by a user who may see it.
func (s *Server) resolve(f found, in *project, by *User) (target, bool) {
	switch f.kind {
	case "user":
		return s.resolveUser(f.name, in)
	case "issue", "work_item":
		p := in
		if f.path != "" {
			if p = s.projectAt(f.path); p == nil {
				p = s.projectAt(namespace(in.Path) + "/" + f.path)
			}
		}
		n, err := strconv.Atoi(f.name)
		if p == nil || err != nil {
			return target{}, false
		}
		if is := p.issue(n); is != nil && s.readsIssue(is, by) {
			return target{issue: is, link: s.issueURL(is)}, true
		}
	case "label":
		for _, l := range in.labels {
			if f.path == "" && (l.Name == f.name || strconv.Itoa(l.ID) == f.name) {
				return target{link: s.base + "/" + in.Path + "/-/issues"}, true
			}
		}
	case "wiki", "toc":
		return target{link: s.base + "/" + in.Path + "/-/wikis/" + f.name}, true
	}
	return target{}, false
}

func (s *Server) resolveUser(name string, in *project) (target, bool) {
	if u := s.userNamed(name); u != nil {
		return target{users: []*User{u}, link: s.base + "/" + u.Username}, true
	}
	members := func(in func(*User) bool) (all []*User) {
		for _, u := range s.users {
			if in(u) {
				all = append(all, u)
			}
		}
		return all
	}
	if g := s.groupAt(name); g != nil {
		return target{users: members(func(u *User) bool { return g.members[u.ID] > 0 }), link: s.base + "/groups/" + g.path}, true
	}
	if name == "all" && s.cfg.MentionAll {
		return target{users: members(func(u *User) bool { return s.level(in, u) > 0 }), link: s.base + "/" + in.Path}, true
	}
	return target{}, false
}

// linkReferences turns the references of rendered text into links.
func (s *Server) linkReferences(page string, p *project) string {
	owner := &User{Admin: true} // what exists is linked; who may look is not asked
	return eachText(page, func(text string) string {
		refs, _ := scan(text)
		var b strings.Builder
		end := 0
		for _, f := range refs {
			t, exists := s.resolve(f, p, owner)
			if !exists || f.start < end {
				continue
			}
			b.WriteString(html.EscapeString(text[end:f.start]))
			fmt.Fprintf(&b, `<a href="%s" data-reference-type="%s">%s</a>`, html.EscapeString(t.link), f.kind, html.EscapeString(f.text))
			end = f.end
		}
		b.WriteString(html.EscapeString(text[end:]))
		return b.String()
	}, func(string) {})
}

// eachText replaces the text nodes of sanitised HTML that are not inside pre, code or a, and shows every link's address.
// A table of contents is asked for by [[_TOC_]] or by [TOC] alone; Markdown takes the first for emphasis.
func eachText(page string, replace func(string) string, link func(href string)) string {
	page = strings.NewReplacer("[[<em>TOC</em>]]", "[[_TOC_]]", "<p>[TOC]</p>", "<p>[[_TOC_]]</p>").Replace(page)
	var b strings.Builder
	closed := 0 // elements around that are not looked into
	for page != "" {
		at := strings.IndexByte(page, '<')
		if at < 0 {
			at = len(page)
		}
		if text := page[:at]; closed > 0 || text == "" {
			b.WriteString(text)
		} else {
			b.WriteString(replace(html.UnescapeString(text)))
		}
		page = page[at:]
		m := tagShape.FindStringSubmatch(page)
		if m == nil {
			break
		}
		if slices.Contains([]string{"pre", "code", "a"}, m[2]) {
			if m[1] == "" {
				closed++
			} else {
				closed--
			}
		}
		if a := hrefShape.FindStringSubmatch(m[3]); m[2] == "a" && a != nil {
			link(html.UnescapeString(a[1]))
		}
		b.WriteString(m[0])
		page = page[len(m[0]):]
	}
	return b.String()
}

var hrefShape = regexp.MustCompile(`href="([^"]*)"`)
