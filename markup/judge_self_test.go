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
	}
	for _, md := range guilty {
		if len(judge(md)) == 0 {
			t.Errorf("judge(%q): found nothing", md)
		}
	}
	innocent := []string{
		"", "Hello, world.", `\/close`, "`/close`", "```text\n/close @all #1 <b>\n```", `\@all \#1 \!1 \&1 \~x \%x \$1`, "`GL-1` `[issue:1]` `:tada:`",
		"**a** _b_ ~~c~~", "[a](https://e.com/x#1)", "<https://e.com/@a>", "- a\n  1. b", "> a\n>\n> b", "&lt;b> &nbsp;x&#8203;", "***", "a_b_c R&D 100% 10:30:15",
	}
	for _, md := range innocent {
		if faults := judge(md); len(faults) > 0 {
			t.Errorf("judge(%q): %v", md, faults)
		}
	}
}
