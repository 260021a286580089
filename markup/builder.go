package markup

import (
	"strings"
	"unicode/utf8"
)

// literal is text of the program itself. The type is not exported, so that
// outside this package only constants written in the source fit.
type literal string

// Builder puts one text together from the bridge's own constants and from
// values that are harmless already. The zero value is ready to use.
type Builder struct {
	b      strings.Builder
	runes  int
	joined bool // the last thing added was a GitLab value, not a constant
}

// Text adds Markdown of our own: a constant, taken as it is.
func (b *Builder) Text(own literal) *Builder {
	if own != "" {
		b.write(string(own))
		b.joined = false
	}
	return b
}

// Add adds a value. Between two values that would touch it puts a space,
// because two harmless halves can make one reference ("GL-" and "12").
func (b *Builder) Add(g GitLab) *Builder {
	if g.s == "" {
		return b
	}
	if b.joined {
		b.write(" ")
	}
	b.write(g.s)
	b.joined = true
	return b
}

// Break ends the line; what follows stands on the next line of the same
// paragraph.
func (b *Builder) Break() *Builder { return b.Text("\\\n") }

// Para ends the paragraph. At the very beginning it does nothing.
func (b *Builder) Para() *Builder {
	if b.b.Len() == 0 {
		return b
	}
	return b.Text("\n\n")
}

// Line adds the values as one paragraph of its own; empty ones count for nothing.
func (b *Builder) Line(parts ...GitLab) *Builder {
	var line Builder
	for _, p := range parts {
		line.Add(p)
	}
	if line.Len() == 0 {
		return b
	}
	return b.Para().Add(line.GitLab())
}

// Mark ends the text with the bridge's mark. Kind is "thread" (the first ID
// counts, written channel/ts) or "messages". Nothing may be added after it.
func (b *Builder) Mark(kind string, ids []string) *Builder {
	b.Para()
	b.write(mark(kind, ids))
	b.joined = false
	return b
}

// Len is the length so far in characters (runes), which is how GitLab counts.
func (b *Builder) Len() int { return b.runes }

// GitLab returns what was put together so far.
func (b *Builder) GitLab() GitLab { return GitLab{b.b.String()} }

func (b *Builder) write(s string) {
	b.b.WriteString(s)
	b.runes += utf8.RuneCountInString(s)
}

// Join puts the separator between the values that are not empty.
func Join(sep literal, parts ...GitLab) GitLab {
	var b Builder
	for _, p := range parts {
		if p.s == "" {
			continue
		}
		if b.Len() > 0 {
			b.Text(sep)
		}
		b.Add(p)
	}
	return b.GitLab()
}
