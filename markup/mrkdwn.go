package markup

import "strings"

const fenceMark = "```"

// parseMrkdwn reads Slack's older text format, which apps still write. It knows
// no lists; verbatim text may stand in the middle of a line.
func parseMrkdwn(s string) []block {
	s = clean(s)
	var out []block
	quoted := false // after ">>>" everything is
	for s != "" {
		before, inside, after, found := cutFence(s)
		var blocks []block
		inQuote := found && endsInQuote(before)
		blocks, quoted = lineBlocks(before, quoted)
		out = append(out, blocks...)
		if !found {
			break
		}
		b := block{kind: verbatim}
		s = strings.TrimLeft(after, " ")
		if inQuote || quoted {
			b.quote = 1
			if inQuote {
				inside = unquoteLines(inside)
			}
			if s != "" && s[0] != '\n' {
				s = ">" + s // the rest of the line
			}
		}
		b.spans = verbatimSpans(inside)
		out = append(out, b)
	}
	return out
}

// endsInQuote reports whether the last line, which a fence follows, is quoted.
func endsInQuote(s string) bool {
	_, ok := cutQuote(s[strings.LastIndexByte(s, '\n')+1:])
	return ok
}

// unquoteLines takes the signs of a quote off all lines but the first.
func unquoteLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines[1:] {
		if rest, ok := cutQuote(line); ok {
			lines[i+1] = strings.TrimPrefix(rest, " ")
		}
	}
	return strings.Join(lines, "\n")
}

// cutFence finds the first pair of fences with something between them.
func cutFence(s string) (before, inside, after string, found bool) {
	open := strings.Index(s, fenceMark)
	for open >= 0 {
		start := open + len(fenceMark)
		size := strings.Index(s[start:], fenceMark)
		if size < 0 {
			break
		}
		if inside := s[start : start+size]; strings.TrimSpace(inside) != "" {
			return s[:open], inside, s[start+size+len(fenceMark):], true
		}
		open = start + size
	}
	return s, "", "", false
}

// verbatimSpans reads the inside of a fence: no style, but addresses and names
// are still in angle brackets.
func verbatimSpans(s string) []span {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "\n"), "\n")
	p := inlineParser{s: s, plain: true}
	return p.parse()
}

// lineBlocks splits text without fences into paragraphs and quotes.
func lineBlocks(s string, quoted bool) ([]block, bool) {
	var out []block
	var lines []string
	flush := func(q bool) {
		text := strings.Trim(strings.Join(lines, "\n"), "\n")
		lines = lines[:0]
		if strings.TrimSpace(text) == "" {
			return
		}
		p := inlineParser{s: text}
		b := block{spans: p.parse()}
		if q {
			b.quote = 1
		}
		out = append(out, b)
	}
	inQuote := quoted
	for line := range strings.SplitSeq(s, "\n") {
		rest, isQuote := cutQuote(line)
		if isQuote && !quoted {
			if tail, toEnd := cutQuotes(rest); toEnd {
				quoted, rest = true, tail
			}
			line = strings.TrimPrefix(rest, " ")
		}
		if now := quoted || isQuote; now != inQuote {
			flush(inQuote)
			inQuote = now
		}
		lines = append(lines, line)
	}
	flush(inQuote)
	return out, quoted
}

// cutQuote takes away one ">", which people's clients send escaped.
func cutQuote(line string) (string, bool) {
	if rest, ok := strings.CutPrefix(line, "&gt;"); ok {
		return rest, true
	}
	return strings.CutPrefix(line, ">")
}

// cutQuotes takes away the second and third ">" of ">>>".
func cutQuotes(line string) (string, bool) {
	if rest, ok := cutQuote(line); ok {
		return cutQuote(rest)
	}
	return line, false
}
