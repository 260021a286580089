package fakeslack

import (
	"slices"
	"strings"
)

// Slack's tiers, in calls a minute.
const (
	tier1   = 1
	tier2   = 20
	tier3   = 50
	tier4   = 100
	special = 600
)

var (
	readChannels = []string{"channels:read", "groups:read", "mpim:read", "im:read"}
	readHistory  = []string{"channels:history", "groups:history", "mpim:history", "im:history"}
)

// methods is the whole Web API of this imitation; every other name is an unknown_method.
var methods = map[string]method{
	"api.test":              {open: true, do: apiTest},
	"apps.connections.open": {app: true, tier: tier1, do: connectionsOpen},
	"auth.test":             {tier: special, do: authTest},
	"bots.info":             {scopes: []string{"users:read"}, tier: tier3, do: botsInfo},
	"chat.delete":           {scopes: []string{"chat:write"}, tier: tier3, writes: true, do: chatDelete},
	"chat.getPermalink":     {tier: special, do: chatGetPermalink},
	"chat.postEphemeral":    {scopes: []string{"chat:write"}, tier: tier4, writes: true, do: chatPostEphemeral},
	"chat.postMessage":      {scopes: []string{"chat:write"}, tier: special, writes: true, do: chatPostMessage},
	"chat.update":           {scopes: []string{"chat:write"}, tier: tier3, writes: true, do: chatUpdate},
	"conversations.history": {scopes: readHistory, tier: tier3, do: conversationsHistory},
	"conversations.info":    {scopes: readChannels, tier: tier3, do: conversationsInfo},
	"conversations.join":    {scopes: []string{"channels:join"}, tier: tier3, writes: true, do: conversationsJoin},
	"conversations.list":    {scopes: readChannels, tier: tier2, do: conversationsList},
	"conversations.members": {scopes: readChannels, tier: tier4, do: conversationsMembers},
	"conversations.replies": {scopes: readHistory, tier: tier3, do: conversationsReplies},
	"emoji.list":            {scopes: []string{"emoji:read"}, tier: tier2, do: emojiList},
	"files.info":            {scopes: []string{"files:read"}, tier: tier4, do: filesInfo},
	"reactions.add":         {scopes: []string{"reactions:write"}, tier: tier3, writes: true, do: reactionsAdd},
	"reactions.get":         {scopes: []string{"reactions:read"}, tier: tier3, do: reactionsGet},
	"reactions.remove":      {scopes: []string{"reactions:write"}, tier: tier2, writes: true, do: reactionsRemove},
	"team.info":             {scopes: []string{"team:read"}, tier: tier3, do: teamInfo},
	"usergroups.list":       {scopes: []string{"usergroups:read"}, tier: tier2, do: usergroupsList},
	"usergroups.users.list": {scopes: []string{"usergroups:read"}, tier: tier2, do: usergroupsUsersList},
	"users.conversations":   {scopes: readChannels, tier: tier3, do: usersConversations},
	"users.info":            {scopes: []string{"users:read"}, tier: tier4, do: usersInfo},
	"users.list":            {scopes: []string{"users:read"}, tier: tier2, do: usersList},
	"users.lookupByEmail":   {scopes: []string{"users:read.email"}, tier: tier3, do: usersLookupByEmail},
}

func apiTest(c *call) (obj, error) {
	args := obj{}
	for k, v := range c.args {
		args[k] = v
	}
	if word := c.args["error"]; word != "" {
		return nil, failure{word, obj{"args": args}}
	}
	return obj{"args": args}, nil
}

func authTest(c *call) (obj, error) {
	return obj{"url": c.cfg.PermalinkBase + "/", "team": c.cfg.Team, "user": c.cfg.BotUser, "team_id": c.cfg.TeamID,
		"user_id": c.cfg.BotUserID, "bot_id": c.cfg.BotID, "is_enterprise_install": false}, nil
}

func connectionsOpen(c *call) (obj, error) {
	base, _ := strings.CutPrefix(c.web.base, "http") // ws:// or wss://
	return obj{"url": "ws" + base + "/link/?ticket=" + c.newTicket() + "&app_id=" + c.cfg.SocketApp}, nil
}

func botsInfo(c *call) (obj, error) {
	id := c.args["bot"]
	if id == "" || id == c.cfg.BotID {
		return obj{"bot": obj{"id": c.cfg.BotID, "deleted": false, "name": c.cfg.BotUser, "updated": 1449272004,
			"app_id": c.cfg.AppID, "user_id": c.cfg.BotUserID, "icons": obj{}}}, nil
	}
	a, ok := c.state.apps[id]
	if !ok {
		return nil, Error("bot_not_found")
	}
	bot := obj{"id": a.BotID, "deleted": false, "name": a.Name, "updated": 1449272004, "app_id": a.AppID, "icons": obj{}}
	if a.UserID != "" {
		bot["user_id"] = a.UserID
	}
	return obj{"bot": bot}, nil
}

func teamInfo(c *call) (obj, error) {
	return obj{"team": obj{"id": c.cfg.TeamID, "name": c.cfg.Team, "domain": c.cfg.Domain, "email_domain": "", "icon": obj{},
		"url": c.cfg.PermalinkBase + "/", "is_verified": false}}, nil
}

func emojiList(c *call) (obj, error) {
	list := obj{}
	for k, v := range c.state.emoji {
		list[k] = v
	}
	return obj{"emoji": list, "cache_ts": formatTS(c.cfg.Now().UnixMicro())}, nil
}

func usergroupsList(c *call) (obj, error) {
	list := []obj{}
	for _, g := range c.state.groups {
		o := obj{"id": g.ID, "team_id": c.cfg.TeamID, "is_usergroup": true, "name": g.Name, "handle": g.Handle, "description": "",
			"is_external": false, "date_create": 1446746793, "date_update": 1446746793, "date_delete": 0, "user_count": len(g.Users),
			"prefs": obj{"channels": []string{}, "groups": []string{}}}
		if c.flag("include_users") {
			o["users"] = append([]string{}, g.Users...)
		}
		list = append(list, o)
	}
	return obj{"usergroups": list}, nil
}

func usergroupsUsersList(c *call) (obj, error) {
	if c.args["usergroup"] == "" {
		return nil, missing("usergroup")
	}
	for _, g := range c.state.groups {
		if g.ID == c.args["usergroup"] {
			return obj{"users": append([]string{}, g.Users...)}, nil
		}
	}
	return nil, Error("no_such_subteam")
}

func usersInfo(c *call) (obj, error) {
	if c.args["user"] == "" {
		return nil, missing("user")
	}
	u := c.state.users[c.args["user"]]
	switch {
	case u == nil:
		return nil, Error("user_not_found")
	case u.Invisible:
		return nil, Error("user_not_visible")
	}
	return obj{"user": c.userJSON(u)}, nil
}

func usersLookupByEmail(c *call) (obj, error) {
	email := c.args["email"]
	if email == "" {
		return nil, missing("email")
	}
	for _, id := range c.state.userOrder {
		if u := c.state.users[id]; strings.EqualFold(u.Email, email) && !u.Deleted && !u.Invisible {
			return obj{"user": c.userJSON(u)}, nil
		}
	}
	return nil, Error("users_not_found")
}

func usersList(c *call) (obj, error) {
	list := []obj{}
	for _, id := range c.state.userOrder {
		if u := c.state.users[id]; !u.Invisible {
			list = append(list, c.userJSON(u))
		}
	}
	out := obj{"cache_ts": c.cfg.Now().Unix()}
	return out, page(c, out, "members", list, 1000, 1000)
}

func filesInfo(c *call) (obj, error) {
	if c.args["file"] == "" {
		return nil, missing("file")
	}
	f := c.state.files[c.args["file"]]
	switch {
	case f == nil || c.sharedWithBot(f) == nil:
		return nil, Error("file_not_found")
	case f.Deleted:
		return nil, Error("file_deleted")
	}
	o := c.fileJSON(f, true)
	o["channels"] = slices.Clone(f.Channels)
	return obj{"file": o, "comments": []obj{}, "response_metadata": obj{"next_cursor": ""}}, nil
}
