package fakegitlab

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRenderHTML(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a\nb", "<p>a\nb</p>\n"},
		{"a\\\nb", "<p>a<br>\nb</p>\n"},
		{"a  \nb", "<p>a<br>\nb</p>\n"},
		{"**b** _i_ ~~s~~ `c`", "<p><strong>b</strong> <em>i</em> <del>s</del> <code>c</code></p>\n"},
		{`\*a\* \/close \@ann`, "<p>*a* /close <span data-escaped-char=\"\">@</span>ann</p>\n"},
		{`\\\@ann`, "<p>\\<span data-escaped-char=\"\">@</span>ann</p>\n"},
		{`\\@ann`, "<p>\\@ann</p>\n"},
		{"a &amp; b &lt;c>", "<p>a &amp; b &lt;c&gt;</p>\n"},
		{"```text\n<b>\n```", "<pre><code class=\"language-text\">&lt;b&gt;\n</code></pre>\n"},
		{"> q", "<blockquote>\n<p>q</p>\n</blockquote>\n"},
		{">>>\nq\n\nr\n>>>\ns", "<blockquote>\n<p>q</p>\n<p>r</p>\n</blockquote>\n<p>s</p>\n"},
		{"- [x] a", "<ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> a</li>\n</ul>\n"},
		{">>> [!note] A <b>\nq\n>>>", "<blockquote>\n<p>[!note] A &lt;b&gt;</p>\n<p>q</p>\n</blockquote>\n"},
		{"| a |\n|:-:|\n| b |", "<table>\n<thead>\n<tr>\n<th align=\"center\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"center\">b</td>\n</tr>\n</tbody>\n</table>\n"},
		{"[x](https://x.test \"t\")", "<p><a href=\"https://x.test\" title=\"t\">x</a></p>\n"},
		{"![x](/uploads/1/a.png)", "<p><img src=\"/uploads/1/a.png\" alt=\"x\"></p>\n"},
		{"<details><summary>S</summary>\n\ntext\n\n</details>", "<details><summary>S</summary>\n<p>text</p>\n</details>"},
		{"a <!-- key --> b", "<p>a  b</p>\n"},
		{"<!-- key -->\n", "\n"},
		{"<b onclick=\"x()\" class=\"y\">a</b>", "<p><b>a</b></p>\n"},
	} {
		if got := RenderHTML(c.in); got != c.want {
			t.Errorf("RenderHTML(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// hostile are texts that try to get code into the page.
var hostile = []string{
	"<script>alert(1)</script>", "<SCRIPT>alert(1)", "<style>*{}</style>x", "<img src=x onerror=alert(1)>", "<a href=\"javascript:alert(1)\">x</a>",
	"[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "<a href=\" javascript:alert(1)\">x</a>", "<a href=\"java&#115;cript:alert(1)\">x</a>",
	"<a href=\"java\nscript:alert(1)\">x</a>", "<iframe src=//x.test></iframe>", "<svg onload=alert(1)>", "<svg><script>1</script></svg>", "<math><mi//xlink:href=\"data:x\">",
	"<img src=\"x\" title=\"a\"onerror=\"alert(1)\">", "<b <script>alert(1)</script>", "<<script>alert(1)</script>", "<scr<script>ipt>alert(1)</script>",
	"<!-- --><script>1</script>", "<!--><script>1</script>-->", "<div style=\"x\">", "<p/onclick=alert(1)>", "<a href='x' onclick='alert(1)'>", "<form action=//x><input type=submit>",
	"<input onfocus=alert(1) autofocus>", "<a href=\"data:text/html,<script>1</script>\">x</a>", "<object data=x>", "<base href=//x.test>", "<link rel=stylesheet href=x>",
	"<meta http-equiv=refresh content=0>", "</p></div></body><script>1</script>", "<img src=`x`onerror=alert(1)>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
	"<textarea><img src=x onerror=alert(1)></textarea>", "<?xml <script>1</script>?>", "<![CDATA[<script>1</script>]]>", "\x00<script>1</script>",
}

var (
	anyTag   = regexp.MustCompile(`<[^>]*>?`)
	cleanTag = regexp.MustCompile(`^</?[a-z0-9]+(?: (?:href|title|id|src|alt|width|height|type|checked|disabled|open|start|align|colspan|rowspan|class|data-escaped-char)="[^"<>]*")*>$`)
	address  = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	scheme   = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)
)

func checkSafe(t *testing.T, in, out string) {
	t.Helper()
	for _, tag := range anyTag.FindAllString(out, -1) {
		name := strings.Trim(strings.SplitN(tag, " ", 2)[0], "</>")
		if _, fine := allowedTags[name]; !fine || !cleanTag.MatchString(tag) {
			t.Errorf("RenderHTML(%q) = %q lets %q through", in, out, tag)
		}
	}
	for _, m := range address.FindAllStringSubmatch(out, -1) {
		if runs(html.UnescapeString(m[1])) {
			t.Errorf("RenderHTML(%q) = %q has a link that runs", in, out)
		}
	}
}

// runs reports addresses that are more than a place to go to. As browsers do, it passes over control characters and spaces at
// the start, and over line ends and tabs anywhere; after that only a scheme at the very start counts.
func runs(address string) bool {
	address = strings.TrimLeftFunc(address, func(r rune) bool { return r <= ' ' })
	m := scheme.FindStringSubmatch(strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(address))
	return m != nil && !slices.Contains([]string{"http", "https", "mailto"}, strings.ToLower(m[1]))
}

func TestRuns(t *testing.T) {
	for address, want := range map[string]bool{
		"javascript:alert(1)": true, "JaVaScRiPt:x": true, " javascript:x": true, "\x01javascript:x": true, "java\nscript:x": true, "java\tscript:x": true,
		"data:text/html,x": true, "vbscript:x": true, "ftp://x": true,
		"#sCript:": false, "/a/data:b": false, "?javascript:x": false, "https://x.test/javascript:y": false, "HTTP://x": false, "mailto:a@b.c": false, "a b:c": false, "": false,
	} {
		if got := runs(address); got != want {
			t.Errorf("runs(%q) = %v, want %v", address, got, want)
		}
	}
}

func TestRenderHTMLIsSafe(t *testing.T) {
	for _, in := range hostile {
		checkSafe(t, in, RenderHTML(in))
		inside := "a " + in + " b"
		checkSafe(t, inside, RenderHTML(inside))
	}
}

func FuzzRenderHTML(f *testing.F) {
	for _, in := range hostile {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) { checkSafe(t, in, RenderHTML(in)) })
}

func TestSanitizeBalances(t *testing.T) {
	for in, want := range map[string]string{
		"<div><b>x":            "<div><b>x</b></div>",
		"x</div></b>":          "x",
		"<div><b>x</div>y":     "<div><b>x</b></div>y",
		"a < b":                "a &lt; b",
		"a > b":                "a &gt; b",
		"<br>x</br>":           "<br>x",
		"<DIV>x</Div>":         "<div>x</div>",
		"<script>x</script >y": "y",
		"<svg>\x80\x80</SVG>y": "y", // shorter or longer in small letters
		"<svg>\u212a</svg>y":   "y",
		"<svg></b></svg>y":     "y",
		"<unknown>x</unknown>": "x",
	} {
		if got := sanitize(in); got != want {
			t.Errorf("sanitize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarkdownRoute(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	for _, c := range []struct {
		body, want string
		not        string
	}{
		{`{"text":"hi @ann and #1","gfm":true,"project":"group/sub/app.x"}`, `data-reference-type="user"`, "zzz"},
		{`{"text":"hi #1","gfm":true,"project":"group/sub/app.x"}`, `data-reference-type="issue"`, "zzz"},
		{`{"text":"hi \\@ann and \\#1","gfm":true,"project":"group/sub/app.x"}`, "hi ", "data-reference-type"},
		{`{"text":"hi @ann","project":"group/sub/app.x"}`, "<p>hi @ann</p>", "data-reference-type"},
		{`{"text":"hi @nobody","gfm":true,"project":"group/sub/app.x"}`, "hi @nobody", "data-reference-type"},
		{`{"text":"![x](/uploads/s/a.png)","project":"group/sub/app.x"}`, fmt.Sprintf(`src="/-/project/%d/uploads/s/a.png"`, w.app), "zzz"},
	} {
		page, _ := w.want(w.as("bot", "POST", "markdown", c.body), 201).object()["html"].(string)
		if !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
			t.Errorf("POST markdown %s = %q, want %q in it and not %q", c.body, page, c.want, c.not)
		}
	}
	if page := w.Render(w.app, "see #1 & <b>@ann</b>"); strings.Count(page, "data-reference-type") != 2 {
		t.Errorf("Render = %q, want two references", page)
	}
	if r := w.as("bot", "POST", "markdown", `{}`); r.status != 400 || r.text != `{"error":"text is missing"}` {
		t.Errorf("POST markdown without text = %d %s", r.status, r.text)
	}
}
