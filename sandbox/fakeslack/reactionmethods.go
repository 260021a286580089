package fakeslack

// reactionTarget checks the arguments that reactions.add and reactions.remove share.
func (c *call) reactionTarget() (*channel, error) {
	switch {
	case c.args["name"] == "":
		return nil, Error("invalid_name")
	case c.args["channel"] == "" || c.args["timestamp"] == "": // files are no items any more
		return nil, Error("no_item_specified")
	}
	if _, ok := parseTS(c.args["timestamp"], true); !ok {
		return nil, Error("bad_timestamp")
	}
	return c.chosenChannel()
}

func reactionsAdd(c *call) (obj, error) {
	ch, err := c.reactionTarget()
	if err != nil {
		return nil, err
	}
	return nil, c.react(ch.ID, c.args["timestamp"], c.cfg.BotUserID, c.args["name"])
}

func reactionsRemove(c *call) (obj, error) {
	ch, err := c.reactionTarget()
	if err != nil {
		return nil, err
	}
	return nil, c.unreact(ch.ID, c.args["timestamp"], c.cfg.BotUserID, c.args["name"])
}

func reactionsGet(c *call) (obj, error) {
	if id := c.args["file"]; id != "" {
		return fileReactions(c, id)
	}
	if c.args["channel"] == "" || c.args["timestamp"] == "" {
		return nil, Error("no_item_specified")
	}
	if _, ok := parseTS(c.args["timestamp"], true); !ok {
		return nil, Error("bad_timestamp")
	}
	ch, err := c.chosenChannel()
	if err != nil {
		return nil, err
	}
	if !c.botIn(ch) {
		return nil, Error("not_in_channel")
	}
	_, m, err := c.find(ch.ID, c.args["timestamp"])
	if err != nil {
		return nil, err
	}
	d := listed
	if c.flag("full") {
		d = complete
	}
	o := c.messageJSON(m, d)
	o["permalink"] = c.permalink(ch, m)
	return obj{"type": "message", "channel": ch.ID, "message": o}, nil
}

func fileReactions(c *call, id string) (obj, error) {
	f := c.state.files[id]
	if f == nil || f.Deleted || c.sharedWithBot(f) == nil {
		return nil, Error("file_not_found")
	}
	o := c.fileJSON(f, true)
	if len(f.Reactions) > 0 {
		o["reactions"] = c.reactionsJSON(f.Reactions, c.flag("full"))
	}
	return obj{"type": "file", "file": o}, nil
}
