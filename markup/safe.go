package markup

import "encoding/json"

// GitLab is GitLab Flavored Markdown in which nothing acts: no quick action, no
// live mention or reference, no HTML but the bridge's own. The zero value is
// the empty text. It has no other makers than the converters, [Builder],
// [GitLab.Split], the decoder of stored jobs (UnmarshalJSON), and [ReplacePart],
// [ReplaceLine] and [MarkPart]: those keep what people wrote into the bridge's
// text in GitLab, in which only quick actions are sure to be dead.
type GitLab struct{ s string }

// String returns the Markdown source, valid UTF-8, with "\n" as line end.
func (g GitLab) String() string { return g.s }

// MarshalJSON returns the source as a JSON string.
func (g GitLab) MarshalJSON() ([]byte, error) { return json.Marshal(g.s) }

// UnmarshalJSON is for jobs read back from the store and trusts its input: it
// takes any JSON string. It fails on everything that is not a string.
func (g *GitLab) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &g.s) }

// Slack is mrkdwn that is safe to post: `&`, `<` and `>` are escaped, and no
// angle bracket is left but those of links made by this package. The zero
// value is the empty text.
type Slack struct{ s string }

// String returns the mrkdwn source.
func (s Slack) String() string { return s.s }

// MarshalJSON returns the source as a JSON string.
func (s Slack) MarshalJSON() ([]byte, error) { return json.Marshal(s.s) }

// UnmarshalJSON is for jobs read back from the store and trusts its input. It
// fails on everything that is not a string.
func (s *Slack) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &s.s) }
