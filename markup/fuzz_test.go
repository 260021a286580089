package markup

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// hostile is what people with ideas would write; seeds of every fuzz target.
var hostile = readHostile()

// readHostile reads Go strings, one a line.
func readHostile() []string {
	data, err := os.ReadFile("testdata/hostile.txt")
	if err != nil {
		panic(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			panic("testdata/hostile.txt: " + line + err.Error())
		}
		out = append(out, s)
	}
	return out
}

// names holds what people may call themselves.
var names = Names{
	Users:    map[string]string{"U1": "Ada *L* @all", "U3": "/close"},
	Channels: map[string]string{"C1": "general", "C2": "1"},
	Groups:   map[string]string{"S1": "devs"},
	Host:     ownHost,
}

func check(t *testing.T, what, md string, permitted ...string) {
	t.Helper()
	for _, fault := range judge(md, permitted...) {
		t.Errorf("%s: %s\nthe text is:\n%s", what, fault, md)
	}
}

// permittedIn says what the judge must let pass in the text made of such blocks.
func permittedIn(blocks string) []string {
	if strings.Contains(blocks, `table`) || strings.Contains(blocks, `markdown`) || strings.Contains(blocks, `\u`) {
		return []string{"table"}
	}
	return nil
}

// whole asks of a converted message what holds for each.
func whole(t *testing.T, m Message) {
	t.Helper()
	got := FromSlack(m, names).String()
	permitted := permittedIn(string(m.Blocks) + string(m.Attachments))
	check(t, "FromSlack", got, permitted...)
	if again := FromSlack(m, names).String(); again != got {
		t.Errorf("FromSlack twice: got %q, then %q", got, again)
	}
	mark := ThreadMark("C0123456789", "1700000000.000100")
	var b Builder
	full := b.Line(GitLab{got}).Mark("thread", []string{"C0123456789/1700000000.000100"}).GitLab().String()
	if found, ok := ParseMark(full); !ok || found.Thread != "C0123456789/1700000000.000100" || strings.Count(full, mark) != 1 {
		t.Errorf("ParseMark of a text by the message and a mark: got %v %v, text %q", found, ok, full)
	}
	checkTitle(t, Title(m, names, "Request from NAME in #channel"))
	Mentioned(m)
}

func FuzzFromSlackText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add(strings.Join(hostile, "\n"))
	f.Add(strings.Join(hostile, " "))
	f.Fuzz(func(t *testing.T, s string) { whole(t, Message{Text: s}) })
}

// styles that a fuzzed text element may have, by number.
var fuzzStyles = []map[string]bool{nil, {"bold": true}, {"italic": true}, {"strike": true}, {"code": true}, {"bold": true, "italic": true},
	{"italic": true, "strike": true}, {"bold": true, "code": true}}

// FuzzRichText sends three elements side by side, of any style, in any block.
func FuzzRichText(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+7)%len(hostile)], "x", uint(i*37))
	}
	f.Add("GL-", "1", "2", uint(0))
	f.Add("[", "issue:1", "]", uint(0))
	f.Fuzz(func(t *testing.T, a, b, c string, how uint) {
		var elements []any
		for _, s := range []string{a, b, c} {
			elements = append(elements, map[string]any{"type": "text", "text": s, "style": fuzzStyles[how%8]})
			how /= 8
		}
		if how%3 == 1 {
			elements[1] = map[string]any{"type": "link", "text": a, "url": b}
		}
		section := map[string]any{"type": []string{"rich_text_section", "rich_text_quote", "rich_text_preformatted"}[how%3], "elements": elements}
		if how%5 == 4 {
			section = map[string]any{"type": "rich_text_list", "style": []string{"bullet", "ordered"}[how%2], "indent": how % 4,
				"elements": []any{section, map[string]any{"type": "rich_text_section", "elements": elements[:1]}}}
		}
		blocks, err := json.Marshal([]any{map[string]any{"type": "rich_text", "elements": []any{section, section}}})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, Message{Blocks: blocks})
	})
}

// FuzzBlocks sends any JSON at all.
func FuzzBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"*a*"},"fields":[{"type":"plain_text","text":":tada:"}]}]`, `[{"text":"x","fallback":"y"}]`)
	f.Add(`[{"type":"rich_text","elements":[{"type":"rich_text_list","offset":1e300,"indent":-5,"elements":[{"elements":[{"type":"date","timestamp":1e300}]}]}]}]`, `{}`)
	f.Add(`[{"type":"table","rows":[[{"type":"raw_text","text":"a"}],[1]]},{"type":7}]`, `[{"message_blocks":[{"message":{"blocks":[{"type":"divider"}]}}]}]`)
	for _, path := range []string{"apps", "blocks", "tables", "markdown", "attachments"} {
		archive, err := txtar.ParseFile("testdata/" + path + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, pair := range archive.Files {
			if strings.HasSuffix(pair.Name, "/blocks") {
				f.Add(string(pair.Data), `[{"is_share":true,"blocks":`+string(pair.Data)+`}]`)
			}
			var m Message
			if strings.HasSuffix(pair.Name, "/message") && json.Unmarshal(pair.Data, &m) == nil {
				f.Add(string(m.Blocks), string(m.Attachments))
			}
		}
	}
	f.Fuzz(func(t *testing.T, blocks, attachments string) {
		whole(t, Message{Blocks: json.RawMessage(blocks), Attachments: json.RawMessage(attachments)})
	})
}

func FuzzPlain(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, s)
	}
	f.Add("GL-", "12")
	f.Add("x:ta", "da:")
	f.Add("deadbee", "f")
	f.Fuzz(func(t *testing.T, label, url string) {
		check(t, "Plain", Plain(label).String())
		link := Link(label, url).String()
		check(t, "Link", link)
		if strings.Contains(link, "\n") {
			t.Errorf("Link(%q, %q): got %q, want one line", label, url, link)
		}
		checkTitle(t, PlainTitle(label))
		checkSlack(t, SlackText(label).String(), false)
		checkSlack(t, SlackLink(label, url).String(), true)
		var b Builder
		b.Add(Plain(label)).Add(Plain(url))
		check(t, "two values", b.GitLab().String())
		if want := utf8.RuneCountInString(b.GitLab().String()); b.Len() != want {
			t.Errorf("Len: got %d, want %d", b.Len(), want)
		}
	})
}
