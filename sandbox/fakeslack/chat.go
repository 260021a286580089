package fakeslack

import (
	"encoding/json"
	"unicode/utf8"
)

// Sizes that Slack documents or enforces.
const (
	maxText        = 40_000 // characters; the rest is cut off
	maxBlocks      = 50
	maxSectionText = 3_000 // characters
	maxAttachments = 100
	maxMetadata    = 8 << 10 // bytes
)

// writableChannel gives the channel to post to. With elsewhere, chat:write.public opens public channels that the bot is not in.
func (c *call) writableChannel(elsewhere bool) (*channel, error) {
	ch, err := c.chosenChannel()
	switch {
	case err != nil:
		return nil, err
	case ch.Archived:
		return nil, Error("is_archived")
	case !c.botIn(ch) && !(elsewhere && c.hasScope("chat:write.public")):
		return nil, Error("not_in_channel")
	}
	return ch, nil
}

// content is the part of a post or update that can be wrong.
type content struct {
	text                          string
	blocks, attachments, metadata json.RawMessage // nil if not given
}

// readContent reads and checks text, blocks, attachments and metadata.
func (c *call) readContent() (content, error) {
	in := content{text: c.args["text"]}
	if utf8.RuneCountInString(in.text) > maxText {
		in.text = string([]rune(in.text)[:maxText])
	}
	var err error
	if in.blocks, err = c.readBlocks(); err != nil {
		return in, err
	}
	if raw := c.args["attachments"]; raw != "" {
		var list []map[string]any
		if json.Unmarshal([]byte(raw), &list) != nil {
			return in, Error("invalid_attachments")
		}
		if len(list) > maxAttachments {
			return in, Error("too_many_attachments")
		}
		in.attachments = mustJSON(list)
	}
	if raw := c.args["metadata"]; raw != "" {
		if in.metadata, err = readMetadata(raw); err != nil {
			return in, err
		}
	}
	return in, nil
}

func (c *call) readBlocks() (json.RawMessage, error) {
	raw := c.args["blocks"]
	if raw == "" {
		return nil, nil
	}
	var blocks []map[string]any
	if json.Unmarshal([]byte(raw), &blocks) != nil || blocks == nil {
		return nil, Error("invalid_blocks_format")
	}
	if len(blocks) > maxBlocks {
		return nil, Error("invalid_blocks")
	}
	for _, b := range blocks {
		kind, _ := b["type"].(string)
		text, _ := b["text"].(map[string]any)
		body, _ := text["text"].(string)
		switch {
		case kind == "":
			return nil, Error("invalid_blocks")
		case kind == "section" && b["text"] == nil && b["fields"] == nil, kind == "section" && b["text"] != nil && body == "":
			return nil, Error("invalid_blocks")
		case kind == "section" && utf8.RuneCountInString(body) > maxSectionText:
			return nil, Error("msg_blocks_too_long")
		}
	}
	return mustJSON(blocks), nil
}

// readMetadata takes {"event_type": …, "event_payload": {…}}; an empty object takes earlier metadata away.
func readMetadata(raw string) (json.RawMessage, error) {
	var m struct {
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"event_payload"`
	}
	if len(raw) > maxMetadata {
		return nil, Error("metadata_too_large")
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &fields) != nil {
		return nil, Error("invalid_metadata_format")
	}
	if len(fields) == 0 {
		return json.RawMessage("{}"), nil
	}
	var payload map[string]any
	if json.Unmarshal([]byte(raw), &m) != nil || m.Type == "" || json.Unmarshal(m.Payload, &payload) != nil || payload == nil {
		return nil, Error("invalid_metadata_format")
	}
	return mustJSON(obj{"event_type": m.Type, "event_payload": payload}), nil
}

// none reports whether a JSON list or object is absent or empty.
func none(b json.RawMessage) bool {
	return b == nil || string(b) == "[]" || string(b) == "{}" || string(b) == "null"
}

func chatPostMessage(c *call) (obj, error) {
	ch, err := c.writableChannel(true)
	if err != nil {
		return nil, err
	}
	in, err := c.readContent()
	if err != nil {
		return nil, err
	}
	if in.text == "" && none(in.blocks) && none(in.attachments) {
		return nil, Error("no_text")
	}
	m := &message{Message: Message{User: c.cfg.BotUserID, BotID: c.cfg.BotID, AppID: c.cfg.AppID}}
	m.set(in)
	err = c.place(ch, m, Options{ThreadTS: c.args["thread_ts"], Broadcast: c.flag("reply_broadcast")})
	if err != nil {
		return nil, err
	}
	return obj{"channel": ch.ID, "ts": m.TS, "message": c.messageJSON(m, brief)}, nil
}

// set takes over what was given. What was not stays, but a text alone takes earlier blocks away: chat.update documents both.
func (m *message) set(in content) {
	keep := func(field *json.RawMessage, v json.RawMessage) {
		if v != nil {
			*field = v
		}
		if none(*field) {
			*field = nil
		}
	}
	if in.text != "" || in.blocks != nil {
		m.Text = in.text
		m.Blocks = nil
	}
	keep(&m.Blocks, in.blocks)
	keep(&m.Attachments, in.attachments)
	keep(&m.Metadata, in.metadata)
}

// ownMessage finds the message of the ts argument, which must be the bot's.
func (c *call) ownMessage(refusal Error) (*channel, *message, error) {
	ch, err := c.writableChannel(false)
	if err != nil {
		return nil, nil, err
	}
	if c.args["ts"] == "" {
		return nil, nil, missing("ts")
	}
	_, m, err := c.find(ch.ID, c.args["ts"])
	if err != nil {
		return nil, nil, err
	}
	if m.BotID != c.cfg.BotID {
		return nil, nil, refusal
	}
	return ch, m, nil
}

func chatUpdate(c *call) (obj, error) {
	ch, m, err := c.ownMessage("cant_update_message")
	if err != nil {
		return nil, err
	}
	in, err := c.readContent()
	if err != nil {
		return nil, err
	}
	if in.text == "" && none(in.blocks) && none(in.attachments) {
		return nil, Error("no_text")
	}
	before := c.messageJSON(m, brief)
	m.set(in)
	c.changed(ch, m, before, m.Blocks == nil) // with blocks it does not show as edited
	return obj{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": c.messageJSON(m, brief)}, nil
}

func chatDelete(c *call) (obj, error) {
	ch, m, err := c.ownMessage("cant_delete_message")
	if err != nil {
		return nil, err
	}
	c.remove(ch, m)
	return obj{"channel": ch.ID, "ts": m.TS}, nil
}

func chatPostEphemeral(c *call) (obj, error) {
	ch, err := c.writableChannel(false)
	if err != nil {
		return nil, err
	}
	user := c.args["user"]
	switch {
	case user == "":
		return nil, missing("user")
	case !ch.has(user):
		return nil, Error("user_not_in_channel")
	}
	in, err := c.readContent()
	if err != nil {
		return nil, err
	}
	if in.text == "" && none(in.blocks) && none(in.attachments) {
		return nil, Error("no_text")
	}
	e := Ephemeral{Channel: ch.ID, User: user, TS: formatTS(c.nextTS(ch)), ThreadTS: c.args["thread_ts"], Text: in.text, Blocks: in.blocks}
	c.state.ephemerals = append(c.state.ephemerals, e)
	return obj{"message_ts": e.TS}, nil
}

func chatGetPermalink(c *call) (obj, error) {
	ch, err := c.chosenChannel()
	if err != nil {
		return nil, err
	}
	m := ch.byTS[c.args["message_ts"]]
	if m == nil {
		return nil, Error("message_not_found")
	}
	return obj{"channel": ch.ID, "permalink": c.permalink(ch, m)}, nil
}
