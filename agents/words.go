package agents

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The words for what people write into an agents file by mistake. A remedy gives
// the right text itself wherever it can be told from the wrong one.

const (
	findChannel   = "in Slack click the channel's name: the ID is at the end of the About tab"
	findMember    = "in Slack open the person's profile, the menu with three dots, Copy member ID"
	findUsergroup = "in Slack open People, User groups, the menu with three dots, Copy group ID"
)

// textWords tells why a text does not fit the definition of that name.
func textWords(definition, place, text string) (what, remedy string) {
	switch definition {
	case "emoji":
		return emojiWords(text)
	case "label", "labelEmojiForm":
		return labelWords(definition, text)
	case "slackChannel":
		return channelWords(text)
	case "slackUser":
		return memberWords(text)
	case "slackUsergroup":
		return short(text) + " is not the ID of a user group", `write the ID, like "S0123456789": ` + findUsergroup
	case "gitlabProject":
		return pathWords(text, "project", `"acme/requests" or 278964`, definition)
	case "gitlabGroup":
		return pathWords(text, "group", `"acme/platform"`, definition)
	case "gitlabUsername":
		return usernameWords(text)
	}
	return fmt.Sprintf("%s has %d characters, which is too long", place, utf8.RuneCountInString(text)), "shorten it"
}

func emojiWords(text string) (what, remedy string) {
	what = "emoji " + short(text)
	bare := strings.ToLower(strings.Trim(strings.TrimSpace(text), ":"))
	base, _, toned := strings.Cut(bare, "::")
	remedy = `write its name as Slack shows it between the colons, like "eyes"`
	if bare != text && fits("emoji", base) {
		remedy = fmt.Sprintf("write %q", base)
	}
	switch {
	case strings.TrimSpace(text) == "":
		return "the name of an emoji is empty", remedy
	case toned && fits("emoji", base):
		return what + " has a skin tone", fmt.Sprintf("write %q: every skin tone counts as the same emoji", base)
	case strings.Contains(text, ":"):
		return what + " has colons", remedy
	case bare != text && fits("emoji", bare):
		return what + " has capital letters or spaces", remedy
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.Is(unicode.So, c) }):
		return what + " is the picture, not the name", remedy
	case utf8.RuneCountInString(text) > 100:
		return what + " is too long for the name of an emoji", remedy
	}
	return what + " cannot be the name of an emoji", `use small letters, digits, _ - + and ' only, like "white_check_mark"`
}

func labelWords(definition, text string) (what, remedy string) {
	trimmed := strings.TrimSpace(text)
	list := splitLabels(text)
	switch {
	case strings.Trim(trimmed, " ,") == "":
		return "the name of a label is empty", "write it, or remove the entry"
	case strings.Contains(text, ",") && definition == "label":
		return fmt.Sprintf("label %s has a comma, of which GitLab would make several labels", short(text)), "write each as an entry of its own: " + list[1:len(list)-1]
	case strings.Contains(text, ","):
		return fmt.Sprintf("label %s has a comma, of which GitLab would make several labels", short(text)), fmt.Sprintf(`write {"labels": %s}`, list)
	case trimmed != text:
		return fmt.Sprintf("label %s has a space at its end or beginning", short(text)), fmt.Sprintf("write %q", trimmed)
	case utf8.RuneCountInString(text) > 255:
		return fmt.Sprintf("label %s has more than the 255 characters that GitLab allows", short(text)), "shorten it"
	}
	return fmt.Sprintf("label %s has a character that no label can have", short(text)), "remove line breaks and control characters"
}

// splitLabels gives the labels between commas as a list to write.
func splitLabels(text string) string {
	list := &node{kind: listNode}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list.items = append(list.items, &node{kind: textNode, text: part})
		}
	}
	return written(list)
}

var (
	channelInside = regexp.MustCompile(`(?:archives/|client/\w+/|<#)([CG][A-Z0-9]+)`)
	memberInside  = regexp.MustCompile(`(?:team/|<@)([UW][A-Z0-9]+)`)
)

func channelWords(text string) (what, remedy string) {
	remedy = `write the ID, like "C0123456789": ` + findChannel
	if inside := channelInside.FindStringSubmatch(text); inside != nil {
		return short(text) + " is more than a channel's ID", fmt.Sprintf("write %q", inside[1])
	}
	upper := strings.ToUpper(strings.TrimSpace(text))
	switch {
	case text == "":
		return "the channel's ID is empty", remedy
	case upper != text && fits("slackChannel", upper) && strings.ContainsAny(text, "0123456789") && len(text) >= 9:
		return fmt.Sprintf("channel ID %s is not in capitals or has spaces", short(text)), fmt.Sprintf("write %q", upper)
	case strings.HasPrefix(text, "D") && upper == text:
		return short(text) + " is a direct message, not a channel", remedy
	case strings.HasPrefix(text, "#") || strings.ToLower(text) == text:
		return short(text) + " is a channel's name, not its ID", remedy
	}
	return short(text) + " is not the ID of a channel", remedy
}

func memberWords(text string) (what, remedy string) {
	remedy = `write the ID, like "U0123456789": ` + findMember
	if inside := memberInside.FindStringSubmatch(text); inside != nil {
		return short(text) + " is more than a member ID", fmt.Sprintf("write %q", inside[1])
	}
	upper := strings.ToUpper(text)
	switch {
	case text == "":
		return "the member ID is empty", remedy
	case strings.HasPrefix(text, "B") && upper == text:
		return short(text) + " is an app, and apps cannot be agents", remedy
	case strings.HasPrefix(text, "S") && upper == text:
		return short(text) + " is a user group, not a person", "name the group in agents_from"
	case strings.HasPrefix(text, "@") || upper != text:
		return short(text) + " is a name, not a member ID", remedy
	}
	return short(text) + " is not a member ID", remedy
}

// pathWords is for paths of projects and groups.
func pathWords(text, noun, example, definition string) (what, remedy string) {
	remedy = fmt.Sprintf("write the full path of the %s, like %s", noun, example)
	path := strings.TrimSpace(text)
	if _, rest, isURL := strings.Cut(path, "://"); isURL {
		_, path, _ = strings.Cut(rest, "/")
		path, _, _ = strings.Cut(path, "/-/")
	} else if _, rest, isSSH := strings.Cut(path, ":"); isSSH && strings.Contains(path, "@") {
		path = rest
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if path != text && fits(definition, path) {
		remedy = fmt.Sprintf("write %q", path)
	}
	switch {
	case text == "":
		return fmt.Sprintf("the path of the %s is empty", noun), remedy
	case strings.Contains(text, "://"):
		return fmt.Sprintf("%s is an address, not the path of a %s", short(text), noun), remedy
	case strings.Trim(text, "-0123456789") == "":
		return fmt.Sprintf("%s is not the number of a %s", text[:min(len(text), 20)], noun), remedy
	case definition == "gitlabProject" && fits("gitlabGroup", text):
		return fmt.Sprintf("%s %s has no group before it", noun, short(text)), remedy
	}
	return fmt.Sprintf("%s is not the path of a %s", short(text), noun), remedy
}

func usernameWords(text string) (what, remedy string) {
	remedy = `write the name in the address of the GitLab profile, like "agent-one"`
	bare := strings.TrimPrefix(strings.TrimSpace(text), "@")
	switch {
	case text == "":
		return "the GitLab username is empty", remedy
	case bare != text && fits("gitlabUsername", bare):
		return fmt.Sprintf("GitLab username %s has more than the name", short(text)), fmt.Sprintf("write %q", bare)
	case strings.Contains(bare, "@"):
		return short(text) + " is an e-mail address, not a GitLab username", remedy
	}
	return short(text) + " cannot be a GitLab username", remedy
}
