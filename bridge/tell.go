package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// hints are the private lines of the spec's section 2: each is told once per person and thread.
func (f Facts) hints(link *Link, fresh []Message, closed bool) []Action {
	var out []Action
	add := func(what, user string, text markup.Slack) {
		key := what + "-" + user
		if f.Told[key] || slices.ContainsFunc(out, func(a Action) bool { return a.Tell.Key == key }) {
			return
		}
		out = append(out, Action{Tell: &Tell{Key: key, User: user, Text: text}})
	}
	c := f.Rules.Channel
	if closed && len(c.Reopened) > 0 && link.Requester != "" &&
		slices.ContainsFunc(fresh, func(m Message) bool { return m.User == link.Requester && m.App == "" }) {
		var b markup.SlackBuilder
		b.Text("This request is closed. To open it again, put ").Add(markup.SlackEmoji(c.Reopened[0])).Text(" on its first message.")
		add("reopen", link.Requester, b.Slack())
	}
	if link.Issue.Closed || closed {
		return out
	}
	m := f.Rules.meanings()
	for _, g := range sortedGiven(f.Fresh) {
		if slices.Contains(c.Resolved, g.Emoji) && !m.counts(g, link.Requester) && f.stands(g) {
			var b markup.SlackBuilder
			b.Add(markup.SlackEmoji(g.Emoji)).Text(" closes this request only when it comes from an agent")
			if link.Requester != "" {
				b.Text(" or from who asked")
			}
			b.Text(".")
			add("resolve", g.User, b.Slack())
		}
	}
	return out
}

// sortedGiven puts them in an order that depends on them only.
func sortedGiven(set map[Given]bool) []Given {
	var out []Given
	for g := range set {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b Given) int { return strings.Compare(a.Emoji+" "+a.User, b.Emoji+" "+b.User) })
	return out
}

// stands reports whether the reaction is there.
func (f Facts) stands(g Given) bool {
	return f.Root != nil && slices.ContainsFunc(f.Root.Reactions, func(r Reaction) bool { return r.Emoji == g.Emoji && slices.Contains(r.Users, g.User) })
}

// refusedAudience is what decides where the project is wider than the channel and the channel's setting is to refuse: the agent is told.
func (f Facts) refusedAudience(agent string) Verdict {
	v := nothing("refused: the project is wider than this channel")
	key := "audience-" + agent
	if f.Told[key] {
		return v
	}
	var b markup.SlackBuilder
	b.Text("No issue was made: more people can read ").Add(markup.SlackText(f.Project.Path)).
		Text(" than this channel. Whoever runs the bridge can point the channel to a private project, or set its \"audience\" in the agents file.")
	v.Actions = []Action{{Tell: &Tell{Key: key, User: agent, Text: b.Slack()}}}
	return v
}

// parkedTell tells the agent that something was refused for good.
func parkedTell(a Action, agent string, never *Never) Action {
	var b markup.SlackBuilder
	b.Text("GitLab or Slack refused this for good: ").Add(markup.SlackText(a.does())).Text(". ")
	b.Add(markup.SlackText(strings.TrimSuffix(never.Err.Error(), "."))).Text(".")
	if never.Remedy != "" {
		b.Text("\nWhat helps: ").Add(markup.SlackText(never.Remedy)).Text(".")
	}
	b.Text("\nWhoever runs the bridge can have it tried again with `jobs retry`.")
	return Action{Tell: &Tell{Key: "parked-" + a.Kind() + "-" + digest([]byte(never.Error())) + "-" + agent, User: agent, Text: b.Slack()}}
}

// does says in words what the action is for.
func (a Action) does() string {
	switch {
	case a.Create != nil:
		return "making the issue"
	case a.Note != nil:
		return "mirroring " + plural(len(a.Note.Messages), "message", "messages")
	case a.Edit != nil, a.Rewrite != nil:
		return "following an edit"
	case a.Copy != nil, a.Attach != nil:
		return "copying files"
	case a.Update != nil:
		return a.Update.Patch.String()
	case a.Assign != nil:
		return "assigning"
	case a.Twin != nil:
		return "closing a second issue that GitLab made late for this thread"
	case a.Look != nil:
		return "looking at the thread"
	}
	return "writing in this thread"
}

// agent is who is told what goes wrong with a thread: who acknowledged it, or gave 👀 first.
func (l *Link) agent() string {
	if l == nil {
		return ""
	}
	return l.By
}

// tellParked puts into c that the agent is told of a job that was given up, and that the card shows it.
func (b *Bridge) tellParked(ctx context.Context, c *store.Change, t Thread, a Action, cause error) error {
	never := new(Never)
	link, _, err := b.link(ctx, t)
	if err != nil || a.Tell != nil || !errors.As(cause, &never) {
		return err
	}
	agent := link.agent()
	switch {
	case a.Create != nil:
		agent = a.Create.Link.By
	case link == nil:
		if agent, err = b.asking(ctx, t); err != nil {
			return err
		}
	}
	if agent == "" {
		b.TellOps("Given up, and no agent is known to be told: " + a.does() + " " + t.String() + ": " + never.Error())
	}
	var actions []Action
	if agent != "" {
		tell := parkedTell(a, agent, never)
		_, before, err := b.store.Read(ctx, toldPrefix(t)+tell.Tell.Key)
		if err != nil {
			return err
		}
		if !before {
			actions = append(actions, tell)
		}
	}
	if link != nil && a.Card == nil {
		actions = append(actions, Action{Card: &ShowCard{}})
	}
	_, err = b.want(ctx, c, t, "", actions)
	return err
}

// asking is the agent whose acknowledgement waits to be looked at; empty: none does, or a sweep has found it.
func (b *Bridge) asking(ctx context.Context, t Thread) (string, error) {
	r := b.rules(t.Channel)
	records, err := b.store.List(ctx, hintPrefix(t), "", mostHints)
	if err != nil || r == nil {
		return "", err
	}
	for _, record := range records {
		var h Hint
		if err := record.Decode(&h); err != nil {
			return "", err
		}
		if h.Fresh == nil || h.Fresh.Emoji != r.Channel.Acknowledged {
			continue
		}
		if _, is := r.Agents[h.Fresh.User]; is {
			return h.Fresh.User, nil
		}
	}
	return "", nil
}

// parked lists in words what was given up for the thread.
func (b *Bridge) parked(ctx context.Context, t Thread) ([]string, error) {
	jobs, err := b.store.ThreadJobs(ctx, t.String()+"/")
	var out []string
	for _, j := range jobs {
		if _, a, err := decode(j); err == nil && j.Parked != "" && a.Card == nil {
			out = append(out, a.does())
		}
	}
	return unique(out), err
}

// warns reports whether the card says that something was given up.
func (b *Bridge) warns(ctx context.Context, t Thread) (bool, error) {
	var card saidRecord
	_, err := b.store.Get(ctx, cardKey(t), &card)
	return card.Parked, err
}

// mended is the card anew if it says that something was given up and nothing is any more: the look itself may have been.
func (b *Bridge) mended(ctx context.Context, t Thread) ([]Action, error) {
	if card, err := b.warns(ctx, t); err != nil || !card {
		return nil, err
	}
	still, err := b.parked(ctx, t)
	if err != nil || len(still) > 0 {
		return nil, err
	}
	return []Action{{Card: &ShowCard{}}}, nil
}
