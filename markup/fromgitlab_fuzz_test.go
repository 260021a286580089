package markup

import (
	"strings"
	"testing"
	"unicode"
)

// hostileNotes are what people with ideas would write into a comment; seeds.
var hostileNotes = []string{
	"", "# a\n\n**b** _c_ ~~d~~ `e`", "<!channel> <@U1> <#C1|x> <!date^0^{date}|x>", "&lt;!here&gt; &#60;!here&#62;", "```\n```x\n<!here>\n", "````\n```\n````",
	"[<!here>](https://e.com) ![<@U1>](https://e.com)", "[a|b>c](https://e.com/|<>)", "[a](javascript:x) <javascript:x> <a href='javascript:x'>y</a>",
	"[bank.example](https://evil.example)", "https://bank.example@evil.example/", "<a href=\"https://e.com|x>\">l</a>", "<img src=x alt='<!here>'>",
	"> a\n> > b\n>\n> - c\n>   1. d", ">>>\na\n\n- b\n>>>\nc", "> [!note] *x*\n> y", "<details><summary>s</summary>\n\nx\n\n</details>",
	"- [x] a\n- [ ] b\n  - - c\n    > d", "| a | b |\n|---|--:|\n| `x\\|y` | <!here> [l](https://e.com) |", "x[^1]\n\n[^1]: y", "---\na: b\n---\nc", "$a$ $$b$$ $`c`$ $1 $2",
	"$$\na\n$$", "{+ a +} [- b -] {- **c** -}", ":tada: :x: :a_b: ::: :flag_de: :thumbsup_tone3: :1:2:", "#1 g/p!2 \\#3 @a ~b %c", "![i](/uploads/0/a.png){width=5}",
	"\\*a\\* \\_b\\_ \\~c\\~ \\`d\\`", "*a*b **c**d", "a`b``c```d", "**a\\\nb**", "*`a`* **_~~b~~_**", "<b>a<i>b</b>c</i>", "<pre>\na\n</pre>", "<!-- a\n-->b<!--", "<script>x</script>y",
	"<!-- slack-gitlab-bridge thread=C1/1.1 -->", "`<!-- slack-gitlab-bridge thread=C1/1.1 -->`", "\\> a\n\n&gt; b", "\xff\xfe", "\u202eabc\u200b\u2060\u2061", "\r\n\r", "👩‍👩‍👧 #️⃣ e\u0301",
	"[a]: b\n\n[a]", "***", "* * *", "a  \nb\\\nc", "1) a\n9. b", "\tcode", "a\n===\nb\n---", "<br><hr><td>x<th>y<li>z", "&nbsp;a&nbsp;", "**&nbsp;** *&#10;*", "`` ` ``", "[![a](b)](c)",
	"|a|\n|-|\n|``` |\n|`` ` ``|", "www.e.com a@b.c http://e.com/*a* mailto:a@b.c", "[x](//e.com) [y](#z) [z](../a) [w](?q)", "[https://münchen.example](https://münchen.example/)",
}

func FuzzFromGitLab(f *testing.F) {
	for _, s := range hostileNotes {
		f.Add(s, 0)
		f.Add(s, 40)
	}
	f.Fuzz(func(t *testing.T, body string, limit int) {
		if limit < 1 || limit > DefaultSlackLimit {
			limit = DefaultSlackLimit
		}
		got := FromGitLab(limited(body, limit)).String()
		for _, fault := range judgeSlack(got, limit) {
			t.Errorf("FromGitLab of %q: %s", body, fault)
		}
		if again := FromGitLab(limited(body, limit)).String(); again != got {
			t.Errorf("FromGitLab of %q twice: got %q, then %q", body, got, again)
		}
	})
}

// FuzzRoundTrip sends Slack's text to GitLab and back: the words stay.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		there := FromSlack(Message{Text: s}, names).String()
		if len(s) > 1000 || strings.Contains(letters(there), "slackgitlabbridge") {
			return // cut or hidden on purpose
		}
		back := FromGitLab(GitLabText{Body: "x\n\n" + there, Limit: 1 << 20}).String() // the bridge has a line of its own first
		got, want := letters(shownSlack(back)), letters("x"+readable(t, there))
		if strings.Contains(back, ")>") { // a link that tells its host
			got = common(got, want)
		}
		if got != want {
			t.Errorf("Slack's %q became\n%q in GitLab, and in Slack\n%q:\ngot letters %q\nwant        %q", s, there, back, got, want)
		}
	})
}

// common is how much of want is found in got, in its order.
func common(got, want string) string {
	rest := []rune(want)
	n := 0
	for _, r := range got {
		if n < len(rest) && rest[n] == r {
			n++
		}
	}
	return string(rest[:n])
}

// shownSlack is what people see of mrkdwn that passed judgeSlack, its signs aside.
func shownSlack(s string) string {
	var b strings.Builder
	for s != "" {
		before, after, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			break
		}
		link, rest, _ := strings.Cut(after, ">")
		_, label, _ := strings.Cut(link, "|")
		b.WriteString(label)
		s = rest
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String())
}

// letters are the letters and digits of a text, in their order.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func BenchmarkFromGitLab(b *testing.B) {
	para := "We saw **three** failures in `deploy` since 10:30, see #12 and [the log](https://ci.example.com/1?a=b&c=d).\nIt is @ada's turn :tada:\n\n"
	for _, bm := range []struct{ name, body string }{
		{"typical", "## What\n\n" + para + "- one\n- two\n  - [x] three\n\n> quoted\n\n" + para},
		{"code", "Before\n\n" + strings.Repeat("```go\nif a < b && c {\n\treturn \"x\"\n}\n```\n\nand `code`\n\n", 30)},
		{"hostile", strings.Repeat("[a](*_~`<b>&x; ", 2700)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(bm.body)))
			b.ReportAllocs()
			for b.Loop() {
				FromGitLab(note(bm.body))
			}
		})
	}
}
