package slackside

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

const (
	nameGood    = time.Hour
	channelGood = 10 * time.Minute
	unknownGood = time.Minute // what could not be told may be tellable soon: somebody joins, a scope is given
	lookupsMost = 100         // in one call of Names: anyone can write a thousand mentions into one message
	lookupsWide = 4           // requests at once
)

// idPattern is what Slack's IDs look like. A text may claim anything; only this is asked about.
var idPattern = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,30}$`)

// Names looks up what people, channels and user groups are called: cached, for an hour. What Slack does not tell is left out: who is
// unknown or hidden, what a scope is missing for, and IDs beyond the first hundred that are not cached. With an error, what was
// found so far is returned too.
func (s *Slack) Names(ctx context.Context, users, channels, groups []string) (markup.Names, error) {
	names := markup.Names{Users: map[string]string{}, Channels: map[string]string{}, Groups: map[string]string{}}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		slots = make(chan struct{}, lookupsWide)
	)
	look := func(ids []string, into map[string]string, ask func(context.Context, string) (string, error)) {
		for _, id := range ids {
			wg.Add(1)
			slots <- struct{}{}
			go func() {
				defer func() { <-slots; wg.Done() }()
				name, err := ask(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				if name != "" {
					into[id] = name
				}
				if err != nil && first == nil {
					first = err
				}
			}()
		}
	}
	look(lookups(users), names.Users, s.userName)
	look(lookups(channels), names.Channels, s.channelName)
	look(lookups(groups), names.Groups, s.groupName)
	wg.Wait()
	return names, first
}

// lookups gives the IDs to ask about: each once, well-formed, not too many.
func lookups(ids []string) []string {
	var list []string
	for _, id := range ids {
		if len(list) == lookupsMost {
			break
		}
		if idPattern.MatchString(id) && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

func (s *Slack) userName(ctx context.Context, id string) (string, error) {
	return s.users.get(ctx, id, func(ctx context.Context) (string, time.Duration, error) {
		var u *slack.User
		err := s.call(ctx, call{what: "look up user " + id, method: "users.info"}, func(ctx context.Context) (err error) {
			u, err = s.api.GetUserInfoContext(ctx, id)
			return lacks(err, "users.info", "user", err == nil && u.ID == "")
		})
		if untold(err) {
			return "", unknownGood, nil
		}
		if err != nil {
			return "", 0, err
		}
		for _, name := range []string{u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name} {
			if name != "" {
				return name, nameGood, nil
			}
		}
		return "", unknownGood, nil
	})
}

// untold reports whether Slack answered that it will not tell, so that asking again soon is of no use.
func untold(err error) bool {
	switch refusalCode(err) {
	case "user_not_found", "users_not_found", "user_not_visible", "missing_scope", "channel_not_found", "not_in_channel",
		"no_permission", "permission_denied", "plan_upgrade_required":
		return true
	}
	return false
}

func (s *Slack) groupName(ctx context.Context, id string) (string, error) {
	all, err := s.groups.get(ctx, "", func(ctx context.Context) (map[string]string, time.Duration, error) {
		var list []slack.UserGroup
		err := s.call(ctx, call{what: "list user groups", method: "usergroups.list"}, func(ctx context.Context) (err error) {
			list, err = s.api.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeDisabled(true))
			return lacks(err, "usergroups.list", "user groups", list == nil)
		})
		if untold(err) {
			return nil, unknownGood, nil
		}
		if err != nil {
			return nil, 0, err
		}
		names := map[string]string{}
		for _, g := range list {
			names[g.ID] = g.Handle
		}
		return names, nameGood, nil
	})
	return all[id], err
}

func (s *Slack) channelName(ctx context.Context, id string) (string, error) {
	info, err := s.Channel(ctx, id)
	var outage *bridge.Outage
	if untold(err) || errors.As(err, &outage) && outage.Scope == bridge.ChannelScope(id) {
		return "", nil
	}
	return info.Name, err
}

// channelAnswer is what Slack said about a channel, be it that there is none.
type channelAnswer struct {
	info bridge.ChannelInfo
	err  error
}

// Channel describes a channel: cached, for ten minutes or until an event says that it changed. A channel that the bot cannot see is a
// *bridge.Outage of that channel, remembered for a minute.
func (s *Slack) Channel(ctx context.Context, id string) (bridge.ChannelInfo, error) {
	answer, err := s.channels.get(ctx, id, func(ctx context.Context) (channelAnswer, time.Duration, error) {
		var ch *slack.Channel
		c := call{what: "look up channel " + id, method: "conversations.info", channel: id}
		err := s.call(ctx, c, func(ctx context.Context) (err error) {
			ch, err = s.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
			return lacks(err, "conversations.info", "channel", err == nil && ch.ID == "")
		})
		if untold(err) {
			return channelAnswer{err: err}, unknownGood, nil
		}
		if err != nil {
			return channelAnswer{}, 0, err
		}
		return channelAnswer{info: bridge.ChannelInfo{
			ID: id, Name: ch.Name, Private: ch.IsPrivate, Shared: ch.IsExtShared || ch.IsPendingExtShared,
			Archived: ch.IsArchived, Member: ch.IsMember,
		}}, channelGood, nil
	})
	if err != nil {
		return bridge.ChannelInfo{}, err
	}
	return answer.info, answer.err
}

// drop makes the caches forget what an event said has changed.
func (s *Slack) drop(old stale) {
	if old.emoji {
		s.wantEmoji()
	}
	if old.groups {
		s.groups.clear()
		select {
		case s.groupsChanged <- struct{}{}:
		default: // nobody has looked since the last time
		}
	}
	if old.user != "" {
		s.users.forget(old.user)
		s.accounts.forget(old.user)
		s.addresses.clear()
	}
	if old.channel != "" {
		s.channels.forget(old.channel)
	}
	if old.everyChannel {
		s.channels.clear()
	}
}

// dropAll makes the caches forget everything: events may have been missed.
func (s *Slack) dropAll() {
	s.users.clear()
	s.accounts.clear()
	s.addresses.clear()
	s.channels.clear()
	s.groups.clear()
	s.wantEmoji()
}
