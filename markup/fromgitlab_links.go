package markup

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// site says where the addresses of a text lead that do not say so themselves.
type site struct {
	project string // without "/" at the end; empty: unknown
	root    string // scheme and host
	host    string
	page    string // the text's own address, without fragment
}

func newSite(project, page string) site {
	var s site
	if dest, ok := destination(strings.TrimRight(oneLine(project), "/")); ok {
		if u, err := url.Parse(dest); err == nil && strings.HasPrefix(u.Scheme, "http") && u.Host != "" && u.User == nil {
			s.project, s.root, s.host = dest, u.Scheme+"://"+u.Host, u.Hostname()
		}
	}
	if dest, ok := destination(oneLine(page)); ok {
		s.page, _, _ = strings.Cut(dest, "#")
	}
	return s
}

// maxAddress is the length beyond which an address is not worth its room.
const maxAddress = 2000

var hasScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// address returns the absolute address of a link; false if there is none that
// may live.
func (s *site) address(to string) (string, bool) {
	to = strings.TrimSpace(strings.ReplaceAll(oneLine(to), kept, ""))
	switch {
	case to == "" || len(to) > maxAddress:
		return "", false
	case hasScheme.MatchString(to):
	case strings.HasPrefix(to, "//"):
		to = "https:" + to
	case to[0] == '#':
		if s.page == "" {
			return "", false
		}
		to = s.page + to
	case s.project == "":
		return "", false
	case strings.HasPrefix(to, "/uploads/"):
		to = s.project + to
	case to[0] == '/':
		to = s.root + to
	default:
		to = s.project + "/-/blob/HEAD/" + strings.TrimPrefix(to, "./")
	}
	return destination(to)
}

// gitlabReference is an issue or merge request by its number, with its project or
// not. What stands before it must not be part of it.
var gitlabReference = regexp.MustCompile(`(^|[\s(,;:"'>*_~|])([A-Za-z0-9_][\w.-]*(?:/[\w.-]+)+)?([#!])([1-9][0-9]{0,8})`)

// references makes links of the references in a phrase.
func (s *site) references(p phrase) []phrase {
	if s.project == "" || !strings.ContainsAny(p.text, "#!") {
		return []phrase{p}
	}
	var out []phrase
	last := 0
	for _, m := range gitlabReference.FindAllStringSubmatchIndex(p.text, -1) {
		path := ""
		if m[4] >= 0 {
			path = p.text[m[4]:m[5]]
		}
		if m[1] < len(p.text) && isWord(p.text[m[1]]) || strings.Contains(path, "..") || strings.HasSuffix(path, ".") {
			continue
		}
		to := s.project
		if path != "" {
			to = s.root + "/" + path
		}
		kind := "/-/issues/"
		if p.text[m[6]] == '!' {
			kind = "/-/merge_requests/"
		}
		start := m[3] // after what stands before
		out = append(out, phrase{text: p.text[last:start], style: p.style},
			phrase{text: p.text[start:m[1]], style: p.style, url: to + kind + p.text[m[8]:m[9]]})
		last = m[1]
	}
	return append(out, phrase{text: p.text[last:], style: p.style})
}

// looksLikeHost is what a reader takes for the name of a host.
var looksLikeHost = regexp.MustCompile(`^(?:[\p{L}\p{N}_-]+[.。．｡])+\p{L}{2,}\.?$`)

// fileName is what looks like a host and is none: these are no domains.
var fileName = regexp.MustCompile(`\.(?:png|jpe?g|gif|svg|webp|mp4|pdf|txt|log|csv|json|ya?ml|xml|html?|css|go|[jt]s|gz|docx?|xlsx?)$`)

// honest returns the label of a link; if a word of it looks as if the link led
// to some other host, where it leads comes after it.
func honest(label, dest string, s *site) string {
	u, err := url.Parse(dest)
	if err != nil {
		return label + " (" + dest + ")"
	}
	target := strings.ToLower(u.Hostname())
	if target == "" { // mailto and tel
		target = strings.ToLower(u.Opaque)
	}
	for word := range strings.FieldsSeq(label) {
		word = strings.ToLower(strings.TrimFunc(word, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }))
		_, rest, sure := strings.Cut(word, "://")
		if !sure {
			rest = strings.TrimPrefix(word, "mailto:")
		}
		end := strings.IndexAny(rest, `/?#:\`)
		if end >= 0 {
			rest = rest[:end]
		}
		sure = sure || strings.HasPrefix(rest, "www.")
		_, domain, isMail := strings.Cut(rest, "@")
		switch {
		case rest == target, strings.TrimPrefix(rest, "www.") == strings.TrimPrefix(target, "www."):
		case isMail && looksLikeHost.MatchString(domain), sure, looksLikeHost.MatchString(rest) && !fileName.MatchString(rest) && target != strings.ToLower(s.host):
			return label + " (" + target + ")"
		}
	}
	return label
}
