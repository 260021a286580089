package fakeslack

import (
	"slices"
	"strings"
)

func conversationsInfo(c *call) (obj, error) {
	ch, err := c.chosenChannel()
	if err != nil {
		return nil, err
	}
	if need := readScope(ch); !c.hasScope(need) {
		return nil, c.missingScope(need)
	}
	o := c.channelJSON(ch)
	if c.flag("include_num_members") {
		o["num_members"] = len(ch.Members)
	}
	return obj{"channel": o}, nil
}

// channelsOf lists channels that the bot may know of and that user is in; "" is everybody's.
func (c *call) channelsOf(user string) ([]obj, error) {
	types := "public_channel"
	if t := c.args["types"]; t != "" {
		types = t
	}
	public, private := false, false
	for t := range strings.SplitSeq(types, ",") {
		switch strings.TrimSpace(t) {
		case "public_channel":
			public = true
		case "private_channel":
			private = true
		case "mpim", "im":
		default:
			return nil, Error("invalid_types")
		}
	}
	switch {
	case public && !c.hasScope("channels:read"):
		return nil, c.missingScope("channels:read")
	case private && !c.hasScope("groups:read"):
		return nil, c.missingScope("groups:read")
	}
	list := []obj{}
	for _, id := range c.state.channelOrder {
		ch := c.state.channels[id]
		wanted := public && !ch.Private || private && ch.Private && c.botIn(ch)
		if wanted && (user == "" || ch.has(user)) && !(ch.Archived && c.flag("exclude_archived")) {
			o := c.channelJSON(ch)
			o["num_members"] = len(ch.Members)
			list = append(list, o)
		}
	}
	return list, nil
}

func conversationsList(c *call) (obj, error) {
	list, err := c.channelsOf("")
	if err != nil {
		return nil, err
	}
	out := obj{}
	return out, page(c, out, "channels", list, 100, 999)
}

func usersConversations(c *call) (obj, error) {
	user := c.args["user"]
	if user == "" {
		user = c.cfg.BotUserID
	}
	if c.state.users[user] == nil {
		return nil, Error("user_not_found")
	}
	list, err := c.channelsOf(user)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		delete(o, "is_member") // users.conversations does not tell
		delete(o, "num_members")
	}
	out := obj{}
	return out, page(c, out, "channels", list, 100, 999)
}

func conversationsMembers(c *call) (obj, error) {
	ch, err := c.chosenChannel()
	if err != nil {
		return nil, err
	}
	if need := readScope(ch); !c.hasScope(need) {
		return nil, c.missingScope(need)
	}
	out := obj{}
	return out, page(c, out, "members", ch.Members, 100, 1000)
}

func conversationsJoin(c *call) (obj, error) {
	ch, err := c.chosenChannel()
	switch {
	case err != nil:
		return nil, err
	case ch.Private:
		return nil, Error("method_not_supported_for_channel_type")
	case ch.Archived:
		return nil, Error("is_archived")
	case c.botIn(ch):
		return obj{"channel": c.channelJSON(ch), "warning": "already_in_channel",
			"response_metadata": obj{"warnings": []string{"already_in_channel"}}}, nil
	}
	c.join(ch, c.cfg.BotUserID)
	return obj{"channel": c.channelJSON(ch)}, nil
}

// span is a range of times, both ends included, in microseconds.
type span struct{ from, to int64 }

// readSpan reads oldest, latest and inclusive.
func (c *call) readSpan() (span, error) {
	r := span{0, 1 << 62}
	edge := int64(1)
	if c.flag("inclusive") {
		edge = 0
	}
	if text := c.args["latest"]; text != "" && text != "now" {
		at, ok := parseTS(text, false)
		if !ok {
			return r, Error("invalid_ts_latest")
		}
		if at > 0 { // 0 is the default: now
			r.to = at - edge
		}
	}
	if text := c.args["oldest"]; text != "" {
		at, ok := parseTS(text, false)
		if !ok {
			return r, Error("invalid_ts_oldest")
		}
		if at > 0 {
			r.from = at + edge
		}
	}
	return r, nil
}

// conversationsHistory lists what a channel shows, newest first: no replies but broadcast ones, and no records of changes. Asked for one
// message that is gone or is a reply, it gives the neighbour before it, as Slack does.
func conversationsHistory(c *call) (obj, error) {
	ch, err := c.readableChannel(historyScope)
	if err != nil {
		return nil, err
	}
	size, err := c.pageSize(100, 999)
	if err != nil {
		return nil, err
	}
	r, err := c.readSpan()
	if err != nil {
		return nil, err
	}
	next, ok, err := c.start()
	if err != nil {
		return nil, err
	}
	if ok {
		r.to = min(r.to, next)
	}
	list, cur := []obj{}, ""
	for _, m := range slices.Backward(ch.all) {
		if m.at > r.to || m.root != nil && !m.Broadcast() {
			continue
		}
		if m.at < r.from {
			break
		}
		if len(list) == size {
			cur = c.goOn(m.at)
			break
		}
		list = append(list, c.readJSON(m))
	}
	return obj{"messages": list, "has_more": cur != "", "pin_count": 0, "response_metadata": obj{"next_cursor": cur}}, nil
}

// readJSON is a message in an answer; its metadata is shown if asked for.
func (c *call) readJSON(m *message) obj {
	o := c.messageJSON(m, listed)
	if m.Metadata != nil && c.flag("include_all_metadata") {
		o["metadata"] = m.Metadata
	}
	return o
}

// conversationsReplies gives a thread, the first message first and then the replies by time, whatever oldest says of the first. Asked for
// a reply, it gives that reply alone.
func conversationsReplies(c *call) (obj, error) {
	ch, err := c.readableChannel(historyScope)
	if err != nil {
		return nil, err
	}
	size, err := c.pageSize(1000, 1000)
	if err != nil {
		return nil, err
	}
	r, err := c.readSpan()
	if err != nil {
		return nil, err
	}
	next, later, err := c.start()
	if err != nil {
		return nil, err
	}
	if c.args["ts"] == "" {
		return nil, missing("ts")
	}
	m := ch.byTS[c.args["ts"]]
	if m == nil {
		return nil, Error("thread_not_found")
	}
	list, cur := []obj{}, ""
	if !later {
		list = append(list, c.readJSON(m))
	}
	for _, reply := range m.replies {
		if reply.at < max(r.from, next) || reply.at > r.to {
			continue
		}
		if len(list) == size {
			cur = c.goOn(reply.at)
			break
		}
		list = append(list, c.readJSON(reply))
	}
	return obj{"messages": list, "has_more": cur != "", "response_metadata": obj{"next_cursor": cur}}, nil
}
