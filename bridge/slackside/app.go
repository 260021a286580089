package slackside

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"

	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge"
)

// The two tokens are copied from two pages, so they may be of two apps. Then the sockets are open and silent, or tell of channels in
// which the bot is not. Slack tells the app of the bot token in bots.info, and that of the app token in the token's own text, in the
// address of a socket, and in the hello.

// CheckAppToken asks Slack for the address of a socket, once, and does not use it. A refused token is a *bridge.Outage whose text
// names SLACK_APP_TOKEN and the remedy; so is a token of another app than the bot's, if Start has succeeded.
func (s *Slack) CheckAppToken(ctx context.Context) error {
	address, err := s.address(ctx, call{what: "open a socket", method: openMethod})
	if err != nil {
		return err
	}
	return s.oneApp(cmp.Or(appOfToken(s.cfg.AppToken), appOfAddress(address)))
}

// tokenPattern is how an app token tells its app: xapp-1-A0123456789-….
var tokenPattern = regexp.MustCompile(`^xapp-[0-9]+-(A[0-9A-Z]+)-`)

func appOfToken(token string) string {
	if m := tokenPattern.FindStringSubmatch(token); m != nil {
		return m[1]
	}
	return ""
}

func appOfAddress(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Query().Get("app_id")
}

// botsApp tells which app the bot token is of; empty if Slack does not say.
func (s *Slack) botsApp(ctx context.Context, bot string) (string, error) {
	var b *slack.Bot
	err := s.call(ctx, call{what: "read the bot's app", method: "bots.info"}, func(ctx context.Context) (err error) {
		b, err = s.api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: bot})
		return err
	})
	if code := refusalCode(err); code == "missing_scope" || code == "bot_not_found" {
		return "", nil // the scope is missed elsewhere
	}
	if err != nil {
		return "", err
	}
	return b.AppID, nil
}

// oneApp gives a *bridge.Outage if the app token is of another app than the bot token, as far as both are known.
func (s *Slack) oneApp(app string) error {
	own := s.Identity().AppID
	if app == "" || own == "" || app == own {
		return nil
	}
	return &bridge.Outage{Scope: bridge.ScopeSlack,
		Remedy: "take both tokens from one Slack app, https://api.slack.com/apps/" + url.PathEscape(own) + ": the Bot User OAuth Token (xoxb-…) from its page " +
			"Install App, the App-Level Token (xapp-…) from its page Basic Information",
		Err: fmt.Errorf("SLACK_BOT_TOKEN is of the app %s, SLACK_APP_TOKEN of the app %s", own, clipped(app))}
}
