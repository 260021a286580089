package markup

import "testing"

// TestJudge: a judge that lets everything pass proves nothing.
func TestJudge(t *testing.T) {
	guilty := []string{
		"/close", "a\n/close", " /close", "a\\\n/close", "\u00a0/close", "> /close", "- /close",
		"@all", "a @b", "#1", "g/p#1", "!1", "&1", "$x$", "~bug", `%"a b"`, "^alert#1", "GL-1", "ABC-1", "[issue:1]", `\[issue:1\]`,
		"&#64;all", "&commat;all", "&lt;!-- &copy;", "<b>", "<!-- x -->", "<!-- slack-gitlab-bridge thread=C1/1.1 -->", `\[\[x\]\]`, `\[TOC\]`,
		"deadbeef", "group/project>", ":tada:", `\:tada\:`, "foo://x", "*iteration:1", "# a", "a\n===", "a\n---", "---\nx\n---", "+++",
		">>>\nx", "```\nx", "```text\nx", " ```text\nx\n ```", "~~~\nx\n~~~", "```mermaid\nx\n```", "1) a", "* a", "| a |", "- [ ] a", "[x]: y",
		"![i](http://e.com)", "[x](javascript:a)", "[x](https://gitlab.example.com/g/p/-/issues/1)", "<https://gitlab.example.com/g/p/issues/1>",
		`\{+ a +\}`, "a\x00b", "a\u202eb", "\xff", "    code", "::include{file=x}", ": def",
		`A\_0-0`, `\__GL-1_`, "**#1**", "_a @b_", "~~!1~~", "**a** #1", "[a](https://e.com) #1", "`a`#1", "[a [b](https://e.com)](https://e.com)", "[a", "a]", "a|b", "a`b", "`a\n#1`",
		"[a](https://e.com \"t\")", "![a](/uploads/1/a b.png)", "![a](https://e.com/a.png)", "[a](/g/p/-/issues/1)", "[a](/uploads/x/a)", "> | a |\n> | --- |", "a\\\n#1", "`a\n/close`",
		"```text\na\n  ````  \n/close\n```text\n```", "- ```text\n  a\n  ```", "a&copy;", "&#64;a", "<a@b.c>", "Ä@b", "[x]", "[^1]", "1) a", "[a://b](https://e.com)", "www.e.com", "[**www.e.com**](https://e.com)", "`a` @b `c`", "**GL-1**",
	}
	for _, md := range guilty {
		if len(judge(md)) == 0 {
			t.Errorf("judge(%q): found nothing", md)
		}
	}
	innocent := []string{
		"", "Hello, world.", `\/close`, "`/close`", "```text\n/close @all #1 <b>\n```", `\@all \#1 \!1 \&1 \~x \%x \$1`, "`GL-1` `[issue:1]` `:tada:`",
		"**a** _b_ ~~c~~", "[a](https://e.com/x#1)", "<https://e.com/@a>", "- a\n  1. b", "> a\n>\n> b", "&lt;b> &nbsp;x&#8203;", "***", "a_b_c R&D 100% 10:30:15",
		`A\__0-0_`, "**A**B-1", "_GL-_1", "**a _b_ c**", "`#1` `@a`", "[#1 @a](https://e.com)", "[`#1`](https://e.com/a_b_)", "![a](/uploads/0123abc/a.png)", "[a.pdf](/uploads/0123abc/a.pdf)",
		"a\\\nb", "1. a\\\n   b", "```text\na\n```\n\nb", "````text\n```\n/close\n````", "~~a~~ **b _c_**d", `\[a\] \| \~`,
	}
	for _, md := range innocent {
		if faults := judge(md); len(faults) > 0 {
			t.Errorf("judge(%q): %v", md, faults)
		}
	}
	for md, permitted := range map[string]string{"| a | b |\n| --- | :-: |\n| `c\\|d` | e&#124;f |": "table", "Hi @ada, @ada.": "@ada"} {
		if faults := judge(md, permitted); len(faults) > 0 || len(judge(md)) == 0 {
			t.Errorf("judge(%q, %q): %v, and without permission %v", md, permitted, faults, judge(md))
		}
	}
	for md, permitted := range map[string]string{"| a |\n| --- |\n| #1 |": "table", "| a |\n\nx": "table", "@adam": "@ada", "@ada/x": "@ada", "@ada-b": "@ada", "x@ada": "@ada", "@ada @b": "@ada"} {
		if len(judge(md, permitted)) == 0 {
			t.Errorf("judge(%q, %q): found nothing", md, permitted)
		}
	}
}
