package markup

import (
	"net/url"
	"regexp"
	"strings"
)

// linked makes a link of a run that has an address, which may live (see
// runsOf); label is the run's text as Markdown. An address shown as itself
// needs no label.
func linked(r run, label string) string {
	if r.url == "" {
		return label
	}
	if r.url[0] == '/' { // a copy
		if r.image {
			return "![" + label + "](" + r.url + ")"
		}
		return "[" + label + "](" + r.url + ")"
	}
	dest, _ := destination(r.url)
	if r.text == r.url && r.url == dest && r.style&code == 0 && !strings.HasPrefix(dest, "mailto") {
		return "<" + dest + ">"
	}
	return "[" + label + "](" + encodeParens(dest) + ")"
}

// encodeParens: the address of a link ends at its parenthesis.
var encodeParens = strings.NewReplacer("(", "%28", ")", "%29").Replace

// destination returns the address as Markdown can carry it; false if it must
// not be a link at all. Only these schemes live.
func destination(address string) (string, bool) {
	scheme, rest, _ := strings.Cut(address, ":")
	scheme = strings.ToLower(scheme)
	address = scheme + ":" + rest
	switch scheme {
	case "http", "https":
		if !strings.HasPrefix(rest, "//") || strings.Trim(rest, "/") == "" {
			return "", false
		}
	case "mailto", "tel":
		if rest == "" {
			return "", false
		}
	default:
		return "", false
	}
	return percent(address, "-.~:/?#[]@!$'()*+,;=%"), true
}

// percent encodes what can neither stand in an address nor means anything there.
func percent(address, signs string) string {
	var b strings.Builder
	b.Grow(len(address))
	for i := range len(address) {
		c := address[i]
		switch {
		case isWord(c), strings.IndexByte(signs, c) >= 0:
			b.WriteByte(c)
		case c == '&' && !entity.MatchString(address[i:min(len(address), i+40)]):
			b.WriteByte(c)
		default:
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

var upload = regexp.MustCompile(`^/uploads/[0-9a-f]+/[^/]+$`)

// uploadPath returns the path of a copy in the GitLab project as Markdown can
// carry it; "" if it is none.
func uploadPath(path string) string {
	if !upload.MatchString(path) {
		return ""
	}
	return percent(path, "-./%")
}

// entity would be decoded in a link's address. Escaping the "&" there changes
// the address less than decoding would.
var entity = regexp.MustCompile(`^&[#A-Za-z0-9]+;`)

// reference is the path of what GitLab takes for a reference to one of its own
// things: a link to it leaves a "mentioned in" there.
var reference = regexp.MustCompile(`/-/|/(?:issues|work_items|merge_requests|snippets|milestones|epics|` +
	`vulnerabilities|iterations|designs|alert_management|feature_flags|wikis)/|/(?:commit|commits|compare)/[0-9a-z]`)

// foreign are hosts with such paths that are surely no GitLab.
var foreign = []string{"github.com", "bitbucket.org", "gitea.com", "codeberg.org", "sentry.io"}

// isReference reports addresses that GitLab could take for a reference. It
// knows its own by their host; with no host given all but the foreign are.
func isReference(dest, host string) bool {
	// GitLab decodes the address before it looks.
	path := dest
	for range 2 {
		if decoded, err := url.PathUnescape(path); err == nil {
			path = decoded
		}
	}
	path = strings.ToLower(path)
	u, err := url.Parse(dest)
	switch {
	case err != nil || u.Host == "" && u.Opaque == "":
		return true // nobody knows where it leads
	case host != "" && !strings.Contains(path, strings.ToLower(hostOnly(host))):
		return false
	case host == "" && isForeign(strings.ToLower(u.Hostname())):
		return false
	}
	return reference.MatchString(path + "/")
}

func isForeign(host string) bool {
	for _, f := range foreign {
		if host == f || strings.HasSuffix(host, "."+f) {
			return true
		}
	}
	return false
}

// hostOnly accepts "host", "host:port" and a whole address.
func hostOnly(host string) string {
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
	}
	host, _, _ = strings.Cut(host, "/")
	if u, err := url.Parse("//" + host); err == nil {
		return u.Hostname()
	}
	return host
}

// Link returns a link with the label, or the label alone if the address is not
// http, https, mailto or tel. An address that GitLab could take for a reference
// to one of its own is shown as text.
func Link(label, url string) GitLab { return inline(span{text: oneLine(label), url: url}) }

// Plain returns a text that is nobody's Markdown, such as a name or a title, as
// one line that shows just its characters.
func Plain(s string) GitLab { return inline(span{text: oneLine(s)}) }

func inline(s span) GitLab {
	return GitLab{writeLine(resolve([]span{s}, Names{}), "", false)}
}
