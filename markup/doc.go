// Package markup turns text from one side into text that is faithful and
// harmless on the other. It is text and only text: it looks nothing up, knows
// no clock, no disk and no network, and gives the same output for the same
// input, so that an edit can be noticed by comparing hashes.
//
// Slack's text takes three steps:
//
//	rich_text blocks ─┐
//	mrkdwn            ├─ parse ─▶ blocks of spans ─ resolve ─▶ runs ─ write ─▶ GitLab
//	attachments       ┘                                            └─ write ─▶ title
//
// Everything that can act is decided in the last step, in one place: escape.go
// for prose, code.go for verbatim text, link.go for addresses. Parsers may be
// wrong about what a message looks like; they cannot make it act.
//
// GitLab's text takes three steps too: goldmark parses it, with bounds on what a
// text may cost (fromgitlab_parse.go); its tree becomes lines of phrases that
// know their style and address; and these are written as mrkdwn, as many as
// Slack has room for (fromgitlab_write.go, fromgitlab_cut.go). Addresses are
// decided in fromgitlab_links.go.
//
// The results are of the types [GitLab] and [Slack]. Nothing else makes values
// of them, so text that was never defused does not compile where a defused one
// is wanted.
package markup
