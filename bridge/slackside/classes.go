package slackside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"slack-gitlab-bridge/bridge"
)

// class is what one of Slack's error words means for us.
type class int

const (
	again     class = iota // not done, try again: also every word that nobody knew of
	refused                // no request with this token will be answered
	scopeless              // the token lacks a scope
	shut                   // nothing can be done in this channel
	never                  // this request will never be accepted
	unsure                 // part of it may have happened
)

var classes = map[string]class{
	"access_denied": refused, "accesslimited": refused, "account_inactive": refused, "ekm_access_denied": refused,
	"enterprise_is_restricted": refused, "forbidden_team": refused, "invalid_auth": refused, "no_permission": refused,
	"not_allowed_token_type": refused, "not_authed": refused, "org_login_required": refused, "team_access_not_granted": refused,
	"team_added_to_org": refused, "team_disabled": refused, "token_expired": refused, "token_revoked": refused,
	"two_factor_setup_required": refused, "user_removed_from_team": refused,

	"missing_scope": scopeless,

	"channel_not_found": shut, "external_channel_migrating": shut, "is_archived": shut, "no_access": shut,
	"not_in_channel": shut, "restricted_action": shut, "restricted_action_read_only_channel": shut,
	"restricted_action_thread_only_channel": shut, "restricted_action_non_threadable_channel": shut,

	"bad_timestamp": never, "cannot_reply_to_message": never, "cant_delete_message": never, "cant_update_message": never,
	"compliance_exports_prevent_deletion": never, "edit_window_closed": never, "file_deleted": never, "file_not_found": never,
	"invalid_arguments": never, "invalid_blocks": never, "invalid_blocks_format": never, "invalid_name": never,
	"invalid_ts_latest": never, "invalid_ts_oldest": never, "is_inactive": never, "message_not_found": never,
	"metadata_must_be_sent_from_app": never, "metadata_too_large": never, "msg_blocks_too_long": never, "msg_too_long": never,
	"no_item_specified": never, "no_text": never, "not_reactable": never, "restricted_action_thread_locked": never,
	"thread_locked": never, "thread_not_found": never, "too_many_attachments": never, "too_many_emoji": never,
	"too_many_reactions": never, "user_not_in_channel": never,

	"fatal_error": unsure, "internal_error": unsure, "request_timeout": unsure, "service_unavailable": unsure,
}

const (
	botRemedy = "put the Bot User OAuth Token (xoxb-…) of the installed Slack app into SLACK_BOT_TOKEN; install the app again if it was removed"
	appRemedy = "put an App-Level Token (xapp-…) with the scope connections:write into SLACK_APP_TOKEN; " +
		"the Slack app's page Basic Information makes one"
	urlRemedy = "check SLACK_API_URL, and any proxy between here and Slack"
)

// translate says what a failed request means in the words of package bridge. Errors that are no *refusal come from decoding an answer
// that said yes.
func translate(c call, err error) error {
	if err == nil {
		return nil
	}
	var withURL *url.Error // the address of a socket holds a ticket
	if errors.As(err, &withURL) {
		err = unquoted(err)
	}
	said := fmt.Errorf("%s: %w", c.what, err)
	var r *refusal
	if !errors.As(err, &r) {
		if c.once() && withURL == nil { // an address that cannot be used was not used
			return &bridge.Unknown{Err: said}
		}
		return said
	}
	if r.after > 0 {
		return &bridge.Later{After: r.after, Err: said}
	}
	if c.spare() && (r.code == "missing_scope" || r.code == "no_permission") {
		return &bridge.Never{Remedy: scopeRemedy(c.method, r.needed), Err: said}
	}
	switch classes[r.code] {
	case refused:
		return &bridge.Outage{Scope: bridge.ScopeSlack, Remedy: tokenRemedy(c.method), Err: said}
	case scopeless:
		return &bridge.Outage{Scope: bridge.ScopeSlack, Remedy: scopeRemedy(c.method, r.needed), Err: said}
	case shut:
		return channelOutage(c, r, said)
	case never:
		return &bridge.Never{Err: said}
	}
	if errors.Is(err, errElsewhere) && !c.once() {
		return &bridge.Outage{Scope: bridge.ScopeSlack, Remedy: urlRemedy, Err: said}
	}
	if r.code == "" && r.status >= 300 && r.status < 500 && r.status != http.StatusRequestTimeout {
		return &bridge.Outage{Scope: bridge.ScopeSlack, Remedy: urlRemedy, Err: said}
	}
	if c.once() && r.mayBeDone() {
		return &bridge.Unknown{Err: said}
	}
	return said
}

// once reports whether a request of that method must not be repeated when its answer is lost: people would see it twice.
func (c call) once() bool { return c.method == postMethod || c.method == tellMethod }

// spare reports whether the bridge can do without that method: a token that may not use it is no reason to stop everything.
func (c call) spare() bool {
	return c.method == signMethod || c.method == unsignMethod || c.method == infoMethod
}

// mayBeDone reports whether Slack may have carried the request out although it was not confirmed.
func (r *refusal) mayBeDone() bool {
	return r.sent && (r.code == "" || classes[r.code] == unsure || r.status >= 500)
}

func tokenRemedy(method string) string {
	if method == openMethod {
		return appRemedy
	}
	return botRemedy
}

func scopeRemedy(method, needed string) string {
	if method == openMethod {
		return appRemedy
	}
	if needed == "" {
		needed = "that " + method + " needs"
	}
	return "give the Slack app the bot scope " + needed + " and install it again; SLACK_BOT_TOKEN stays or changes as its page then says"
}

func channelOutage(c call, r *refusal, said error) error {
	if c.channel == "" {
		return said
	}
	remedy := "invite the bridge's bot into the channel: /invite @ and its name"
	switch r.code {
	case "is_archived":
		remedy = "unarchive the channel, or take it out of the agents file"
	case "channel_not_found":
		remedy = "check the channel's ID in the agents file; a private channel must invite the bot: /invite @ and its name"
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
		"restricted_action_non_threadable_channel":
		remedy = "let the bridge's bot post in the channel: its posting permissions are in the channel's settings"
	case "external_channel_migrating":
		remedy = "Slack is moving the channel; it will be back by itself"
	}
	return &bridge.Outage{Scope: bridge.ChannelScope(c.channel), Remedy: remedy, Err: said}
}

// refusalCode gives Slack's word for a failure; empty if it is another kind of failure.
func refusalCode(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return ""
}

// stopped reports whether err only says that the caller gave up waiting.
func stopped(ctx context.Context, err error) bool { return err != nil && ctx.Err() != nil }
