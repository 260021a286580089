package markup

import (
	"regexp"
	"strings"
)

// FileLine is one file of a message as it stands in GitLab: its copy if there is
// one, images to be seen at once, else a link to Slack and the reason.
func FileLine(f File) GitLab {
	var b Builder
	name := f.Name
	if strings.TrimSpace(name) == "" {
		name = "file"
	}
	switch {
	case f.Copy != "" && uploadPath.MatchString(f.Copy):
		label := linkLabel(name)
		if strings.HasPrefix(f.Mimetype, "image/") && !strings.Contains(f.Mimetype, "svg") {
			b.Text("!")
		} else {
			b.Text("📎 ")
		}
		b.write("[" + label + "](" + encodeParens(f.Copy) + ")" + fileSize(f.Size))
		return b.GitLab()
	case f.Why != "":
		return b.Add(fileText(f)).Text(" · ").Add(Plain(f.Why)).GitLab()
	}
	return fileText(f)
}

// fileText is the file's name as a link to Slack.
func fileText(f File) GitLab { return GitLab{writer{}.blocks(fileBlocks([]File{f}))} }

// uploadPath is what GitLab calls a file that was put into a project.
var uploadPath = regexp.MustCompile(`^/uploads/[0-9a-f]{32}/[A-Za-z0-9._~%!$'()*+,;=:@-]+$`)

// linkLabel is a text as it can stand between the brackets of a link.
func linkLabel(s string) string {
	e := escaper{s: oneLine(s), label: true}
	return e.escape()
}
