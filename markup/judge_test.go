package markup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The judge says what would act in a text if GitLab got it. It is written from
// what GitLab's filters look for and shares no code with the converter: it
// reads the finished Markdown.

// ownHost is the GitLab that the judge thinks it is.
const ownHost = "gitlab.example.com"

// judge returns what it objects to; nothing is a good text. Permitted are things
// that are meant to be there: "table", or mentions such as "@ada".
func judge(md string, permitted ...string) []string {
	var bad []string
	object := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if !utf8.ValidString(md) {
		object("not UTF-8")
	}
	if strings.Contains(md, "<!--") && strings.Contains(md, "<!-- slack-gitlab-bridge") {
		object("contains a mark")
	}
	if _, ok := ParseMark(md); ok {
		object("ends with a mark")
	}
	if c := forbidden.FindString(md); c != "" {
		object("invisible character %+q", c)
	}
	prose, unclosed := dropFences(md)
	if unclosed {
		object("a fence is left open")
	}
	// Once as a whole, and each line by itself: what is harmless only thanks to
	// the line before it is not.
	for _, line := range prose {
		for _, fault := range judgeLine(line, permitted) {
			object("%s in line %q", fault, line)
		}
	}
	return append(bad, judgeTree(md, permitted)...)
}

var forbidden = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

var fenceLine = regexp.MustCompile("^`{3,}text$")

// dropFences leaves out what stands between fences at the line's start that the
// bridge could have made; other fences stay and are objected to.
func dropFences(md string) (lines []string, unclosed bool) {
	end := ""
	for line := range strings.SplitSeq(md, "\n") {
		switch {
		case end != "" && closesFence(line, end):
			end = ""
		case end != "":
		case fenceLine.MatchString(line):
			end = strings.TrimSuffix(line, "text")
		default:
			lines = append(lines, line)
		}
	}
	return lines, end != ""
}

func closesFence(line, ticks string) bool {
	line = strings.TrimRight(line, " \t")
	indent := len(line) - len(strings.TrimLeft(line, " "))
	return indent < 4 && len(line)-indent >= len(ticks) && strings.Trim(line[indent:], "`") == ""
}

var container = regexp.MustCompile(`^(?:[ \t]*(?:> ?|- |[0-9]{1,9}\. ))*[ \t]*`)

// atStart is what means something at the start of a line, behind the signs of
// quotes and lists that the bridge makes.
var atStart = []struct {
	name string
	*regexp.Regexp
}{
	{"quick action", regexp.MustCompile(`^[\s\p{Z}]*/`)},
	{"fence", regexp.MustCompile("^(```|~~~)")},
	{"heading", regexp.MustCompile(`^#{1,6}(\s|$)`)},
	{"setext heading or front matter", regexp.MustCompile(`^(=+|-+|\+{3,}|;{3,})\s*$`)},
	{"list", regexp.MustCompile(`^([*+-]|[0-9]{1,9}[.)])(\s|$)`)},
	{"box to tick", regexp.MustCompile(`^\[[ xX~]\]\s`)},
	{"definition", regexp.MustCompile(`^(:\s|::include|\[(?:[^\]\\]|\\.)*\]:)`)},
	{"table", regexp.MustCompile(`^\|`)},
}

// tableRule is the line between the head of a table and its body.
var tableRule = regexp.MustCompile(`^\|( :?---?:? \|)+$`)

func judgeLine(line string, permitted []string) []string {
	var bad []string
	rest := line[len(container.FindString(line)):]
	if strings.TrimLeft(line, "> ") == "***" {
		return nil
	}
	if slices.Contains(permitted, "table") && strings.HasPrefix(rest, "|") {
		if tableRule.MatchString(rest) {
			return nil
		}
		return nil // judgeTree reads its cells
	}
	for _, rule := range atStart {
		if rule.MatchString(rest) {
			bad = append(bad, rule.name)
		}
	}
	if strings.HasPrefix(line, ">>>") {
		bad = append(bad, "multi-line quote")
	}
	return append(bad, judgeTree(rest, permitted)...)
}

// inProse is looked for in each stretch of text, see treeJudge.visit.
var inProse = []struct {
	name string
	*regexp.Regexp
}{
	{"HTML", regexp.MustCompile(`<`)},
	{"entity", regexp.MustCompile(`&(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);`)},
	{"mention", regexp.MustCompile(`@\S`)},
	{"issue", regexp.MustCompile(`(#|\bGL-)[0-9]+|\b[A-Z][A-Z0-9_]+-[0-9]+|(?i:\[(issue|work_item|epic|vulnerability|feature_flag|wiki_page|cadence|contact|\w+):[^\]]*\])`)},
	{"merge request", regexp.MustCompile(`![0-9]+`)},
	{"epic", regexp.MustCompile(`&[0-9]+`)},
	{"snippet or formula", regexp.MustCompile(`\$`)},
	{"milestone", regexp.MustCompile(`%[\w"]`)},
	{"label", regexp.MustCompile(`~[\w"]`)},
	{"alert", regexp.MustCompile(`\^alert`)},
	{"iteration", regexp.MustCompile(`(?i)\*iteration:`)},
	{"wiki or contents", regexp.MustCompile(`(?i)\[\[|\[toc\]`)},
	{"difference", regexp.MustCompile(`[\[{]\+.*\+[\]}]|[\[{]-.*-[\]}]`)},
	{"commit", regexp.MustCompile(`[0-9a-fA-F]{7,}`)},
	{"project", regexp.MustCompile(`[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+>`)},
	{"emoji", regexp.MustCompile(`:([a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*|100|1234):`)},
	{"address", regexp.MustCompile(`[A-Za-z]://`)},
}
