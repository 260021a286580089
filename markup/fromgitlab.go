package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/text"
)

// GitLabText is a comment or a description as GitLab sends it.
type GitLabText struct {
	Body string // GitLab Flavored Markdown; anything at all may be in it

	// Project is the web address of its project, such as
	// "https://gitlab.example.com/group/app": relative links, uploads and
	// references lead there. With Project empty they are text.
	Project string

	URL   string // of the text itself: where the rest can be read
	Limit int    // characters of the result at most; 0: DefaultSlackLimit
}

// DefaultSlackLimit is how many characters a converted text has at most unless
// the caller says otherwise. Slack takes messages of 4,000 characters; the
// difference is for the line that names the author.
const DefaultSlackLimit = 3900

// FromGitLab converts a text for Slack. It reads Markdown as GitLab shows it;
// what mrkdwn has no form for comes as the nearest thing that reads well. What
// is too long ends at a paragraph, followed by a link to the rest. The result
// is empty if the text shows nothing. A reference such as #12 becomes a link
// where its target is sure: in the project, or spelled out with its group, on a
// GitLab that is not installed below a path of its host.
func FromGitLab(t GitLabText) Slack {
	limit := t.Limit
	if limit <= 0 {
		limit = DefaultSlackLimit
	}
	body := hideMarks.ReplaceAllString(clean(t.Body), "<!-- -->")
	body, short := capped(body, limit*sourcePerCharacter)
	matter, body := cutFrontMatter(body)
	r := noteReader{src: []byte(body), site: newSite(t.Project, t.URL)}
	if matter != "" {
		r.emit(slackBlock{code: verbatimSlack(matter)})
		r.apart = true
	}
	r.children(gitlabParser().Parse(text.NewReader(r.src)))
	return Slack{breakMarks(fit(r.out, limit, short, t.URL))}
}

// sourcePerCharacter: so many characters of source are read for each that may
// be shown. It bounds the work; addresses and comments are longer in the source.
const sourcePerCharacter = 8

// hideMarks finds the bridge's own marks, which are nobody's to see, not even
// where GitLab would show them: in code.
var hideMarks = regexp.MustCompile(`<!-- slack-gitlab-bridge[^<>]*-->`)

// breakMarks is for marks put together from pieces: their dashes are others then.
func breakMarks(s string) string {
	return strings.ReplaceAll(s, "&lt;!-- slack-gitlab-bridge", "&lt;!–– slack-gitlab-bridge")
}

// capped cuts the source, at a line end if there is one near.
func capped(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	s = s[:limit]
	if end := strings.LastIndexByte(s, '\n'); end > limit/2 {
		s = s[:end]
	}
	return s, true
}

// cutFrontMatter takes off the block of settings that a text can begin with,
// which GitLab shows as code.
func cutFrontMatter(s string) (matter, rest string) {
	for _, fence := range []string{"---", "+++", ";;;"} {
		body, ok := strings.CutPrefix(s, fence+"\n")
		if !ok {
			continue
		}
		if matter, rest, ok := strings.Cut(body, "\n"+fence+"\n"); ok {
			return matter, rest
		}
		if matter, ok := strings.CutSuffix(body, "\n"+fence); ok {
			return matter, ""
		}
	}
	return "", s
}

// verbatimSlack returns text for the inside of a fence: nothing in it can end it.
func verbatimSlack(s string) string {
	return escapeSlack(strings.ReplaceAll(s, "``", "`"+noWidth+"`"))
}
