package bridge

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

// noteLimit is how many characters of replies one note carries at most. GitLab takes 1,000,000.
const noteLimit = 900_000

// author is what the writer of a message is called.
func (f Facts) author(m *Message) string {
	if m.App != "" {
		return m.App
	}
	return cmp.Or(f.Names.Users[m.User], "somebody")
}

// when is the time of a message, as shown to people.
func when(m *Message) string { return TimeOf(m.TS).Format("2006-01-02 15:04 UTC") }

// title gives the issue's title.
func (f Facts) title() string {
	return markup.Title(f.Root.Content, f.Names, fmt.Sprintf("Request from %s in #%s", f.author(f.Root), f.Channel.Name))
}

// description is the issue's description: who, where and when, the first message, last the mark.
func (f Facts) description(owner string) markup.GitLab {
	var b markup.Builder
	b.Text("Requested by **").Add(markup.Plain(f.author(f.Root))).Text("** in **#").Add(markup.Plain(f.Channel.Name)).Text("** on ")
	b.Add(markup.Link(when(f.Root), f.Root.Permalink))
	b.Text(", acknowledged by **").Add(markup.Plain(f.agentName(owner))).Text("**.")
	b.Line(markup.FromSlack(f.Root.Content, f.Names))
	b.Mark("thread", []string{f.Thread.String()})
	return b.GitLab()
}

func (f Facts) agentName(id string) string {
	a := f.Rules.Agents[id]
	return cmp.Or(a.Name, f.Names.Users[id], a.GitLabUsername)
}

// notes mirrors the replies in order, as many as fit to a note. Late ones say so.
func (f Facts) notes(replies []Message, late bool) []Action {
	var actions []Action
	var b markup.Builder
	var in []string
	flush := func() {
		if len(in) == 0 {
			return
		}
		note := &AddNote{Messages: in}
		b.Mark("messages", note.marked(f.Thread))
		note.Body = b.GitLab()
		actions = append(actions, Action{Note: note})
		b, in = markup.Builder{}, nil
	}
	for _, m := range replies {
		part := f.reply(&m, late)
		// A mark line takes 40 characters a message, beside its text.
		if b.Len()+utf8.RuneCountInString(part.String())+40*len(in) > noteLimit {
			flush()
		}
		b.Line(part)
		in = append(in, m.TS)
	}
	flush()
	return actions
}

// reply is one message's part of a note, under its author, time and permalink.
func (f Facts) reply(m *Message, late bool) markup.GitLab {
	var b markup.Builder
	b.Text("**").Add(markup.Plain(f.author(m))).Text("** · ").Add(markup.Link(when(m), m.Permalink))
	if late {
		b.Text(" · delivered late by Slack")
	}
	b.Line(markup.FromSlack(m.Content, f.Names))
	return b.GitLab()
}

// card is the thread's status card.
func card(r *Rules, l *Link) markup.Slack {
	var b markup.SlackBuilder
	b.Add(markup.SlackLink(l.Issue.Ref, l.Issue.URL))
	if l.Issue.Closed {
		b.Text(" · *closed*")
	} else {
		b.Text(" · *open*")
	}
	if len(l.Issue.Labels) > 0 && !l.Issue.Confidential && r.Channel.Card != agents.CardQuiet {
		b.Text(" · ").Add(markup.SlackText(strings.Join(l.Issue.Labels, ", ")))
	}
	if l.Issue.Confidential {
		b.Text(" · confidential")
		if l.Widened {
			b.Text(": the project is wider than this channel")
		}
	}
	if r.Channel.Card == agents.CardQuiet {
		return b.Slack()
	}
	owners(&b, r, l)
	hint(&b, r, l)
	return b.Slack()
}

// owners says who works on it.
func owners(b *markup.SlackBuilder, r *Rules, l *Link) {
	b.Text("\nOwner: ")
	if len(l.Issue.Assignees) > 0 {
		b.Add(markup.SlackText(strings.Join(r.people(l.Issue.Assignees), ", ")))
	} else {
		b.Text("nobody yet")
	}
	if waiting := without(l.Waiting, l.Issue.Assignees); len(waiting) > 0 {
		b.Text(" · also looking: ").Add(markup.SlackText(strings.Join(r.people(waiting), ", ")))
	}
	if len(l.Refused) > 0 {
		b.Text("\nGitLab did not take as assignee: ").Add(markup.SlackText(strings.Join(l.Refused, ", ")))
	}
}

// hint says who can close or reopen, and with which emoji.
func hint(b *markup.SlackBuilder, r *Rules, l *Link) {
	emojis := r.Channel.Resolved
	if l.Issue.Closed {
		emojis = r.Channel.Reopened
	}
	if len(emojis) == 0 {
		return
	}
	b.Text("\n").Add(markup.SlackEmoji(emojis[0])).Text(" on the first message, by an agent")
	if l.Requester != "" {
		b.Text(" or the requester")
	}
	if l.Issue.Closed {
		b.Text(", opens it again.")
	} else {
		b.Text(", closes it.")
	}
}

// people gives agents by the name the agents file has for them, others by username.
func (r *Rules) people(usernames []string) []string {
	out := make([]string, len(usernames))
	for i, u := range usernames {
		out[i] = u
		for _, a := range r.Agents {
			if strings.EqualFold(a.GitLabUsername, u) {
				out[i] = cmp.Or(a.Name, u)
			}
		}
	}
	return out
}

// plural counts in words.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
