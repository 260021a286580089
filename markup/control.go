package markup

import (
	"strconv"
	"strings"
)

// unescape undoes what Slack escapes in mrkdwn: these three and no others.
var unescape = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace

// controlSpan reads the inside of <…>.
func controlSpan(inside string) span {
	body, label, _ := strings.Cut(inside, "|")
	label = unescape(label)
	switch body[:min(1, len(body))] {
	case "@":
		return span{kind: user, text: body[1:], label: strings.TrimPrefix(label, "@")}
	case "#":
		return span{kind: channel, text: body[1:], label: strings.TrimPrefix(label, "#")}
	case "!":
		return commandSpan(body[1:], label)
	}
	url := unescape(body)
	if !strings.Contains(url, ":") {
		return span{text: "<" + unescape(inside) + ">"}
	}
	if label == "" {
		label = url
	}
	return span{text: label, url: url}
}

// commandSpan reads <!name^argument…|label>.
func commandSpan(body, label string) span {
	name, args, _ := strings.Cut(body, "^")
	switch name {
	case "here", "channel", "everyone", "group":
		return span{text: "@" + name}
	case "subteam":
		return span{kind: group, text: args, label: strings.TrimPrefix(label, "@")}
	case "date":
		return dateSpan(args, label)
	}
	if label == "" {
		label = "<!" + unescape(body) + ">"
	}
	return span{text: label}
}

// dateSpan reads seconds^format^link. The format is Slack's to fill in with the
// reader's time zone; nobody here has one.
func dateSpan(args, label string) span {
	parts := strings.SplitN(args, "^", 3)
	format := ""
	if len(parts) > 1 {
		format = unescape(parts[1])
	}
	seconds, _ := strconv.ParseInt(parts[0], 10, 64)
	s := span{text: dateText(min(max(seconds, 0), maxTime), format, label)}
	if len(parts) == 3 {
		s.url = unescape(parts[2])
	}
	return s
}
