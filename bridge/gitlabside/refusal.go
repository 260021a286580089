package gitlabside

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// refusal is what may be repeated of an answer that refuses. The answer may quote the text that was sent, which belongs into no log:
// so words are taken only where they look like GitLab's own.
type refusal struct {
	status  int
	code    string // of OAuth: insufficient_scope, invalid_token
	words   string
	spam    bool // GitLab takes the text for it
	blocked bool // the account is
}

// line gives "403 Forbidden: insufficient_scope".
func (r refusal) line() string {
	line := statusLine(r.status)
	if r.words == "" {
		return line
	}
	return line + ": " + r.words
}

func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// readRefusal reads GitLab's envelopes: {"message":"…"}, {"message":{"field":["…"]}}, {"error":"…","error_description":"…"}. Anything
// else, such as a page, says nothing.
func readRefusal(x *exchange) refusal {
	r := refusal{status: x.status}
	var body struct {
		Message json.RawMessage `json:"message"`
		Error   string          `json:"error"`
		Captcha *bool           `json:"needs_captcha_response"`
		SpamLog *int            `json:"spam_log_id"`
	}
	if json.Unmarshal(x.body, &body) != nil {
		return r
	}
	r.spam = body.Captcha != nil || body.SpamLog != nil || about(r.status) && spamWord.Match(body.Message)
	if codePattern.MatchString(body.Error) {
		r.code = body.Error
	}
	var text string
	var fields map[string]json.RawMessage
	switch {
	case json.Unmarshal(body.Message, &text) == nil:
	case json.Unmarshal(body.Message, &fields) == nil:
		r.words = fieldWords(fields)
		return r
	}
	r.blocked = r.status == http.StatusForbidden && strings.Contains(text, "Your account ")
	switch {
	case r.code != "":
		r.words = r.code
	case about(r.status):
		r.words = fieldMentions(body.Error)
	default:
		r.words = ownWords(text, r.status)
	}
	return r
}

// about reports whether a status complains about what was sent, so that its words may be those.
func about(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusConflict || status == http.StatusUnprocessableEntity
}

var (
	codePattern = regexp.MustCompile(`^[a-z]+_[a-z_]+$`)
	// The phrases of validations; "is too long (maximum is 255 characters)", "can't be blank". They name no value.
	phrase = regexp.MustCompile(`^(?:(?:is|are) (?:too (?:long|short|big)|invalid|missing|empty|not (?:a number|valid|included in the list|allowed)|reserved)|` +
		`can't be blank|can't be empty|must be (?:present|accepted|blank|given)|has already been taken|does not have a valid value)` +
		`(?: \((?:maximum|minimum) is [0-9]+ characters\))?$`)
	spamWord   = regexp.MustCompile(`(?i)recognized as spam|potential spam|discarded`)
	plainWords = regexp.MustCompile(`^(?:[A-Za-z0-9 .,'()]| - ){1,120}$`) // no token: these have a hyphen
)

// fields are the names that GitLab gives to what this package sends.
var fields = []string{
	"add_labels", "assignee", "assignee_ids", "assignees", "base", "body", "confidential", "description", "issue_type", "labels", "note",
	"remove_labels", "state", "state_event", "title",
}

// fieldWords gives "title: is too long (maximum is 255 characters)": the fields complained about, and why, if the reason is a set phrase.
func fieldWords(complaints map[string]json.RawMessage) string {
	var out []string
	for name, raw := range complaints {
		if !slices.Contains(fields, name) {
			continue
		}
		var why []string
		if json.Unmarshal(raw, &why) == nil {
			why = slices.DeleteFunc(why, func(w string) bool { return !phrase.MatchString(w) })
		}
		if len(why) > 0 {
			name += ": " + strings.Join(why, ", ")
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return shortened(strings.Join(out, "; "))
}

// fieldMentions reads "title is missing, state_event does not have a valid value".
func fieldMentions(text string) string {
	var out []string
	for part := range strings.SplitSeq(text, ", ") {
		name, why, _ := strings.Cut(part, " ")
		if slices.Contains(fields, name) && phrase.MatchString(why) {
			out = append(out, part)
		}
	}
	return shortened(strings.Join(out, ", "))
}

// ownWords takes a short plain sentence, without the status that GitLab's own begin with: "404 Project Not Found". Others may be an echo.
func ownWords(text string, status int) string {
	text, own := strings.CutPrefix(text, fmt.Sprintf("%d ", status))
	if !own || !plainWords.MatchString(text) {
		return ""
	}
	if known := http.StatusText(status); len(text) >= len(known) && strings.EqualFold(text[:len(known)], known) {
		text = text[len(known):]
	}
	return strings.Trim(text, " -:")
}

// shortened keeps printable characters, at most 120 of them.
func shortened(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	if runes := []rune(text); len(runes) > 120 {
		return string(runes[:119]) + "…"
	}
	return text
}
