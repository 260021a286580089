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

// rootAuthor is what the writer of the first message is called, also when the message is gone.
func (f Facts) rootAuthor(link *Link) string {
	return f.author(&Message{App: cmp.Or(f.Root.App, link.App), User: cmp.Or(f.Root.User, link.Requester)})
}

// title gives the issue's title.
func (f Facts) title(link *Link) string {
	return markup.Title(f.Root.Content, f.Names, fmt.Sprintf("Request from %s in #%s", f.rootAuthor(link), f.Channel.Name))
}

// description is the issue's description: who, where and when, the first message, last the mark. A message longer than GitLab takes goes on
// in rest.
func (f Facts) description(link *Link) (text markup.GitLab, rest []markup.GitLab) {
	var b markup.Builder
	b.Text("Requested by **").Add(markup.Plain(f.rootAuthor(link))).Text("** in **#").Add(markup.Plain(f.Channel.Name)).Text("** on ")
	b.Add(markup.Link(when(f.Root), f.Root.Permalink))
	b.Text(", acknowledged by **").Add(markup.Plain(f.agentName(link.By))).Text("**.")
	if f.Rules.mirrorsNotes(f.Channel) {
		b.Text("\\\nComments here are shown in the Slack thread; internal notes are not.")
	}
	if parts := f.body(f.Root).Split(noteLimit); len(parts) > 0 {
		b.Line(parts[0])
		rest = parts[1:]
	}
	b.Mark("thread", []string{f.Thread.String()})
	return b.GitLab(), rest
}

// continued are the notes in which a message goes on that is longer than one text.
func (f Facts) continued(m *Message, rest []markup.GitLab) []Action {
	var out []Action
	for i, part := range rest {
		note := &AddNote{Messages: []string{fmt.Sprintf("%s#%d", m.TS, i+2)}, Round: f.round()}
		var b markup.Builder
		b.Line(f.heading(m, "continued")).Line(part)
		b.Mark("messages", note.marked(f.Thread))
		note.Body = b.GitLab()
		out = append(out, Action{Note: note})
	}
	return out
}

// body is a message's text.
func (f Facts) body(m *Message) markup.GitLab {
	if m.Deleted {
		var b markup.Builder
		return b.Text("*deleted in Slack*").GitLab()
	}
	return markup.FromSlack(f.withCopies(m.Content), f.Names)
}

func (f Facts) agentName(id string) string {
	a := f.Rules.Agents[id]
	return cmp.Or(a.Name, f.Names.Users[id], a.GitLabUsername)
}

// notes mirrors the replies in order, as many as fit to a note. The remark, if any, goes to each heading.
func (f Facts) notes(replies []Message, remark string) []Action {
	var actions []Action
	var b markup.Builder
	var in []string
	var versions map[string]string
	flush := func() {
		if len(in) == 0 {
			return
		}
		note := &AddNote{Messages: in, Versions: versions, Round: f.round()}
		b.Mark("messages", note.marked(f.Thread))
		note.Body = b.GitLab()
		actions = append(actions, Action{Note: note})
		b, in, versions = markup.Builder{}, nil, nil
	}
	for _, m := range replies {
		parts := f.reply(&m, remark).Split(noteLimit)
		// A mark line takes 40 characters a message, beside its text.
		if b.Len()+utf8.RuneCountInString(parts[0].String())+40*len(in) > noteLimit {
			flush()
		}
		b.Line(parts[0])
		in = append(in, m.TS)
		if m.Edited != "" {
			if versions == nil {
				versions = map[string]string{}
			}
			versions[m.TS] = m.Edited
		}
		if len(parts) > 1 {
			flush()
			actions = append(actions, f.continued(&m, parts[1:])...)
		}
	}
	flush()
	return append(actions, f.copies(replies)...)
}

// late is the remark on a reply that is older than one which was mirrored already.
const late = "delivered late by Slack"

// reply is one message's part of a note, under its heading.
func (f Facts) reply(m *Message, remark string) markup.GitLab {
	var b markup.Builder
	return b.Line(f.heading(m, remark)).Line(f.body(m)).GitLab()
}

// heading is a message's author, time and permalink, and perhaps a remark.
func (f Facts) heading(m *Message, remark string) markup.GitLab {
	var b markup.Builder
	b.Text("**").Add(markup.Plain(f.author(m))).Text("** · ").Add(markup.Link(when(m), m.Permalink))
	if remark != "" {
		b.Text(" · ").Add(markup.Plain(remark))
	}
	return b.GitLab()
}

// cardFacts is what the card is made of.
type cardFacts struct {
	rules  *Rules
	link   *Link
	title  string // of the issue; empty: not known
	info   ChannelInfo
	parked []string // what was given up, in words
}

// card is the thread's status card.
func card(f cardFacts) markup.Slack {
	var b markup.SlackBuilder
	l, quiet, hidden := f.link, f.rules.Channel.Card == agents.CardQuiet, f.link.hidden(f.info)
	b.Add(markup.SlackLink(l.Issue.Ref, l.Issue.URL))
	switch {
	case l.Lost == lostDeleted:
		return b.Text(" · *deleted in GitLab*. A new acknowledgement makes a new issue.").Slack()
	case l.Lost == lostMoved:
		return b.Text(" · *moved* to a project that the bridge cannot read. A new acknowledgement makes a new issue.").Slack()
	case l.Withdrawn && l.Issue.Closed:
		b.Text(" · *withdrawn*: the acknowledgement was taken back")
	case l.Issue.Closed:
		b.Text(" · *closed*")
	default:
		b.Text(" · *open*")
	}
	if f.title != "" && !hidden && !quiet {
		b.Text(" · ").Add(markup.SlackText(f.title))
	}
	if len(l.Issue.Labels) > 0 && !hidden && !quiet {
		b.Text(" · ").Add(markup.SlackText(strings.Join(l.Issue.Labels, ", ")))
	}
	if l.Issue.Confidential {
		b.Text(" · confidential")
		if l.Widened {
			b.Text(": the project is wider than this channel")
		}
	}
	switch {
	case len(f.parked) > 0 && hidden: // it may name labels
		b.Text("\n:warning: something was given up")
	case len(f.parked) > 0:
		b.Text("\n:warning: given up: ").Add(markup.SlackText(strings.Join(f.parked, ", ")))
	}
	if quiet {
		return b.Slack()
	}
	if !hidden {
		owners(&b, f.rules, l)
	}
	hint(&b, f.rules, l)
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
