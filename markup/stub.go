package markup

import "strings"

func FromSlack(m Message, n Names) GitLab                    { return Plain(m.Text) }
func Mentioned(m Message) (users, channels, groups []string) { return nil, nil, nil }
func Title(m Message, n Names, fallback string) string       { return PlainTitle(fallback) }
func PlainTitle(s string) string                             { return strings.Join(strings.Fields(s), " ") }
func Plain(s string) GitLab {
	return GitLab{"`" + strings.NewReplacer("`", "'", "\n", " ", "\r", " ").Replace(s) + "`"}
}
func Link(label, url string) GitLab { return Plain(label) }
func SlackText(s string) Slack {
	return Slack{strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)}
}
func SlackLink(label, url string) Slack                 { return SlackText(label) }
func Emoji(name string, skinTone ...int) (string, bool) { return "", false }
func CanonicalEmoji(name string) string {
	name, _, _ = strings.Cut(name, "::")
	return strings.ToLower(name)
}
func ValidEmojiName(name string) bool { return name != "" && !strings.Contains(name, ":") }
