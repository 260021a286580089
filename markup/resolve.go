package markup

import "strings"

// run is a span with its name looked up: nothing but text, style and address.
type run struct {
	text  string // clean
	url   string // may live: of destination or uploadPath
	image bool   // the address is that of a picture to be seen
	ping  bool   // text is a GitLab username, to be mentioned
	style style
}

// resolve puts names and emoji in, turns links that must not live into text,
// and makes one run of neighbours alike, so that what stands together is also
// judged together: "GL-" and "12" sent as two elements are one reference.
func resolve(spans []span, n Names) []run {
	var out []run
	var text strings.Builder // of the last run in out
	for _, s := range spans {
		for _, r := range runsOf(s, n) {
			last := len(out) - 1
			if last < 0 || r.alone() || out[last].alone() || out[last].style != r.style {
				if last >= 0 {
					out[last].text = text.String()
				}
				text.Reset()
				out = append(out, r)
			}
			text.WriteString(r.text)
		}
	}
	if len(out) > 0 {
		out[len(out)-1].text = text.String()
	}
	return out
}

// alone reports runs that do not become one with their neighbours.
func (r run) alone() bool { return r.url != "" || r.ping }

// runsOf resolves one span; a dead link gives its label and its address as code.
func runsOf(s span, n Names) []run {
	if name := n.Mention[s.text]; s.kind == user && s.url == "" && s.style&code == 0 && mayMention(name) {
		return []run{{text: name, ping: true, style: s.style}}
	}
	r := run{text: clean(shown(s, n)), style: s.style}
	if s.kind == emojiName && strings.HasPrefix(r.text, ":") {
		r.style |= code
	}
	url := oneLine(s.url)
	if url == "" {
		if r.text == "" {
			return nil
		}
		return []run{r}
	}
	r.text, r.url = oneLine(r.text), url
	if r.text == "" {
		r.text = r.url
	}
	if s.copy {
		r.url, r.image = uploadPath(url), s.image
		return []run{r}
	}
	dest, ok := destination(r.url)
	if ok && !isReference(dest, n.Host) {
		return []run{r}
	}
	address := run{text: r.url, style: s.style | code}
	if r.text == r.url {
		return []run{address}
	}
	r.url = ""
	if !ok {
		return []run{r}
	}
	return []run{r, {text: " (", style: s.style &^ code}, address, {text: ")", style: s.style &^ code}}
}

// shown is what a reader sees of a span.
func shown(s span, n Names) string {
	switch s.kind {
	case user:
		return named(n.Users, s, "@", "unknown user")
	case channel:
		return named(n.Channels, s, "#", "unknown channel")
	case group:
		return named(n.Groups, s, "@", "unknown group")
	case emojiName:
		if text, ok := Emoji(s.text); ok {
			return text
		}
		name, _, _ := strings.Cut(s.text, "::")
		return ":" + name + ":"
	}
	return s.text
}

func named(names map[string]string, s span, sigil, unknown string) string {
	for _, name := range []string{names[s.text], s.label} {
		if name = oneLine(name); name != "" {
			return sigil + name
		}
	}
	return unknown
}

// splitLines cuts the runs at line ends. A line that shows nothing is empty.
func splitLines(runs []run) [][]run {
	lines := [][]run{nil}
	for _, r := range runs {
		for i, part := range strings.Split(r.text, "\n") {
			if i > 0 {
				lines = append(lines, nil)
			}
			if part != "" {
				last := len(lines) - 1
				piece := r
				piece.text = part
				lines[last] = append(lines[last], piece)
			}
		}
	}
	for i, line := range lines {
		if blank(line) {
			lines[i] = nil
		}
	}
	return lines
}

func blank(line []run) bool {
	for _, r := range line {
		if strings.TrimSpace(r.text) != "" {
			return false
		}
	}
	return true
}

// verbatimText is what a reader of a block of code sees. Code has no links, so
// an address that the label does not show stands behind it.
func verbatimText(spans []span, n Names) string {
	var b strings.Builder
	for _, s := range spans {
		text := shown(s, n)
		b.WriteString(text)
		if url := strings.TrimSuffix(s.url, "/"); url != "" && !strings.HasSuffix(url, strings.TrimSuffix(text, "/")) {
			b.WriteString(" (" + oneLine(s.url) + ")")
		}
	}
	return clean(b.String())
}

// plainText is what a reader sees, without styles and addresses.
func plainText(spans []span, n Names) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(clean(shown(s, n)))
	}
	return b.String()
}
