package slackside

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
)

// What is asked only to find out what is wrong: nothing here is cached, and the bridge works without it.

// Person is what Slack tells of a person.
type Person struct {
	Found       bool // Slack knows the ID, and tells
	Deactivated bool
	Bot         bool
}

// Person asks Slack for a person: one request. Who is unknown or hidden is not found, which is no error.
func (s *Slack) Person(ctx context.Context, id string) (Person, error) {
	if !idPattern.MatchString(id) {
		return Person{}, nil
	}
	var u *slack.User
	err := s.call(ctx, call{what: "look up user " + id, method: "users.info"}, func(ctx context.Context) (err error) {
		u, err = s.api.GetUserInfoContext(ctx, id)
		return lacks(err, "users.info", "user", err == nil && u.ID == "")
	})
	if untold(err) {
		return Person{}, nil
	}
	if err != nil {
		return Person{}, err
	}
	return Person{Found: true, Deactivated: u.Deleted, Bot: u.IsBot}, nil
}

// ChannelSize tells how many members a channel has: one request. 0 if Slack does not tell.
func (s *Slack) ChannelSize(ctx context.Context, id string) (int, error) {
	var ch *slack.Channel
	c := call{what: "count members of channel " + id, method: "conversations.info", channel: id}
	err := s.call(ctx, c, func(ctx context.Context) (err error) {
		ch, err = s.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
		return err
	})
	if err != nil {
		return 0, err
	}
	return ch.NumMembers, nil
}

// CountSockets opens a socket, and closes it as soon as Slack has greeted on it. It tells how many sockets the app has beside that one:
// those of every process with this app token, and for up to a minute those that have just ended. An event that Slack sends on the
// socket in that moment is not acknowledged, so Slack sends it again.
func (s *Slack) CountSockets(ctx context.Context) (others int, err error) {
	c := call{what: "connect to Slack", method: openMethod}
	address, err := s.address(ctx, c)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, helloLimit)
	defer cancel()
	k, err := s.dial(ctx, 0, address)
	if err != nil {
		return 0, translate(c, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = k.conn.Close() })
	defer stop()
	told, err := k.awaitHello()
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = k.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(farewellLimit)) // it ends either way
	_ = k.conn.Close()
	if err != nil {
		return 0, saying(err)
	}
	return max(0, told-1), nil
}

// awaitHello reads until Slack greets, and gives the number of sockets that it counts.
func (k *socket) awaitHello() (int, error) {
	for {
		_, raw, err := k.conn.ReadMessage()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errNoHello, err)
		}
		var e envelope
		if json.Unmarshal(raw, &e) != nil {
			continue
		}
		switch e.Type {
		case "hello":
			return e.NumConnections, k.slack.oneApp(e.Connection.AppID)
		case "disconnect":
			return 0, fmt.Errorf("Slack refused the socket: %s", clipped(e.Reason))
		}
	}
}
