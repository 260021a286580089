package markup

import "testing"

func TestFileLine(t *testing.T) {
	const copied = "/uploads/0123456789abcdef0123456789abcdef/log.txt"
	for _, tt := range []struct {
		name string
		file File
		want string
	}{
		{"not copied yet", File{Name: "log.txt", Permalink: "https://acme.slack.com/files/F1", Size: 1200}, "📎 [log.txt](https://acme.slack.com/files/F1) (1 kB)"},
		{"copied", File{Name: "log.txt", Permalink: "https://acme.slack.com/files/F1", Size: 1200, Copy: copied}, "📎 [log.txt](" + copied + ") (1 kB)"},
		{"a snippet, whose beginning stays below", File{Name: "a.go", Mode: "snippet", Preview: "package a", Copy: copied}, "📎 [a.go](" + copied + ") (snippet)"},
		{"a copy, without a name from Slack", File{Copy: "/uploads/0123456789abcdef0123456789abcdef/a%20b.txt"}, "📎 [a b.txt](/uploads/0123456789abcdef0123456789abcdef/a%20b.txt)"},
		{"an image", File{Name: "shot.png", Mimetype: "image/png", Copy: copied}, "📎 [shot.png](" + copied + ")\\\n![shot.png](" + copied + ")"},
		{"too large", File{Name: "core", Permalink: "https://acme.slack.com/files/F1", Why: "larger than 10 MB"}, "📎 [core](https://acme.slack.com/files/F1) – larger than 10 MB"},
		{"hostile", File{Name: "](javascript:x) @all #1", Copy: copied}, `📎 [\](javascript:x) \@all \#1](` + copied + ")"},
		{"a path that leads elsewhere", File{Name: "x", Permalink: "https://acme.slack.com/files/F1", Copy: "https://evil.example/x"}, "📎 [x](https://acme.slack.com/files/F1)"},
		{"a reason that would act", File{Name: "x", Permalink: "https://acme.slack.com/files/F1", Why: "see @all\n/close"}, `📎 [x](https://acme.slack.com/files/F1) – see \@all /close`},
	} {
		if got := FileLine(tt.file).String(); got != tt.want {
			t.Errorf("%s: FileLine() = %q, want %q", tt.name, got, tt.want)
		}
	}
}
