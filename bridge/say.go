package bridge

import (
	"context"
	"errors"
	"fmt"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

// cardReply is the key of the status card among the bridge's replies in a thread.
const cardReply = "card"

// replyKey names the reply that the action posts, within its thread.
func (a Action) replyKey() string {
	if a.Say != nil {
		return a.Say.Key
	}
	return cardReply
}

// showCard posts the card, or edits it if it shows something else.
func (b *Bridge) showCard(ctx context.Context, t Thread, show *ShowCard, link *Link, shown saidRecord) (outcome, error) {
	r := b.rules(t.Channel)
	if r == nil || r.Channel.Card == agents.CardOff {
		return outcome{}, nil
	}
	info, err := b.slack.Channel(ctx, t.Channel)
	if err != nil {
		return outcome{}, err
	}
	parked, err := b.parked(ctx, t)
	if err != nil {
		return outcome{}, err
	}
	title := show.Title
	if title == "" && link.Lost == "" && r.Channel.Card == agents.CardFull && !link.hidden(info) {
		issue, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
		if err != nil && !errors.Is(err, ErrGone) {
			return outcome{}, err
		}
		title = issue.Title
	}
	o, err := b.put(ctx, t, cardReply, card(cardFacts{r, link, title, info, parked}), shown)
	if o.said != nil {
		o.said.Parked = len(parked) > 0
	}
	if errors.Is(err, ErrGone) {
		// A person has deleted the card: it does not come back by itself.
		return outcome{said: &saidRecord{TS: shown.TS, Gone: true}, deed: "the card was deleted"}, nil
	}
	return o, err
}

// say posts a reply, edits it, or takes it away. A comment of an issue that became hidden while it waited stays unsaid.
func (b *Bridge) say(ctx context.Context, t Thread, s *Say, link *Link, said saidRecord) (outcome, error) {
	if !s.Gone {
		info, err := b.slack.Channel(ctx, t.Channel)
		if err != nil || s.isComment() && link.hidden(info) {
			return outcome{}, err
		}
		o, err := b.put(ctx, t, s.Key, s.Text, said)
		if errors.Is(err, ErrGone) {
			return outcome{said: &saidRecord{TS: said.TS, Gone: true}, deed: s.Key + " was deleted in Slack"}, nil
		}
		return o, err
	}
	o := outcome{said: &saidRecord{TS: said.TS, Gone: true}, deed: "took away " + s.Key}
	if said.TS == "" || said.Gone {
		return o, nil
	}
	return o, b.slack.DeleteReply(ctx, t.Channel, said.TS)
}

// put makes a reply of the bridge show a text.
func (b *Bridge) put(ctx context.Context, t Thread, key string, text markup.Slack, said saidRecord) (outcome, error) {
	hash := digest([]byte(text.String()))
	switch {
	case said.Gone, said.Hash == hash:
		return outcome{}, nil
	case said.TS != "":
		err := b.slack.UpdateReply(ctx, t.Channel, said.TS, text)
		return outcome{said: &saidRecord{TS: said.TS, Hash: hash}, deed: key + " updated"}, err
	}
	ts, err := b.slack.PostReply(ctx, t, key, text)
	return outcome{said: &saidRecord{TS: ts, Hash: hash}, deed: key + " posted"}, err
}

// deed says in words what the sign did.
func (s *Sign) deed() string {
	if s.On {
		return fmt.Sprintf("gave :%s:", s.Emoji)
	}
	return fmt.Sprintf("took back :%s:", s.Emoji)
}

// tell tells a person something, at most once: whether a lost answer reached them nobody can find out, and twice is worse than never.
func (b *Bridge) tell(ctx context.Context, t Thread, tell *Tell) (outcome, error) {
	o := outcome{deed: "told " + tell.Key}
	err := b.slack.Tell(ctx, t, tell.User, tell.Text)
	if unknown := new(Unknown); errors.As(err, &unknown) {
		return o, nil
	}
	if never := new(Never); errors.As(err, &never) {
		return outcome{deed: "could not tell " + tell.Key}, nil
	}
	return o, err
}
