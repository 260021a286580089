package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/bridge"
)

type explainCommand struct {
	Message string `arg:"" name:"permalink" help:"The message's link (in Slack: Copy link), or CHANNEL/TS."`
	JSON    bool   `name:"json" help:"Print JSON."`
}

// Run asks the running daemon, or looks itself without one, and prints what it learns.
func (e explainCommand) Run(ctx context.Context, w world) error {
	thread, ok := parsePermalink(e.Message)
	if !ok {
		return wrongUsef("not a link to a Slack message: %q\nIt looks like https://acme.slack.com/archives/C0123456789/p1700000000000100; "+
			"in Slack it is under \"Copy link\". Put it in quotes, for it may hold a &", e.Message)
	}
	x, err := explain(ctx, w, thread)
	if err != nil {
		return err
	}
	if e.JSON {
		return printJSON(w.out, x)
	}
	return printExplanation(w.out, x, time.Now())
}

func explain(ctx context.Context, w world, t bridge.Thread) (x bridge.Explanation, err error) {
	c, err := loadConfig(w.environ)
	if err != nil {
		return x, err
	}
	err = fromDaemon(ctx, c, "GET", "/explain", url.Values{"thread": {t.String()}}, &x)
	if !errors.Is(err, errNoDaemon) {
		return x, err
	}
	if err := requireStore(ctx, c); err != nil {
		return x, err
	}
	if c, err = loadConfig(w.environ, "slack", "gitlab", "agents"); err != nil {
		return x, err
	}
	agents, team, err := loadAgents(c)
	if err != nil {
		return x, err
	}
	d, err := open(ctx, c, agents, team, zerolog.Nop(), system)
	if err != nil {
		return x, heldElsewhere(c, "explain "+t.String(), err)
	}
	defer d.close()
	about, err := bridge.About(ctx, d.store)
	if err := errors.Join(err, d.slack.Start(ctx), d.gitlab.Start(ctx)); err != nil {
		return x, err
	}
	d.gitlab.AddFormer(about.Accounts) // not recognize, which notes the account of a token that may be somebody's own
	return d.bridge.Explain(ctx, t)
}

// linkPath is how the path of a message's link ends; the last six digits are the fraction.
var linkPath = regexp.MustCompile(`/archives/([A-Z][A-Z0-9]+)/p([0-9]{7,18})$`)

// parsePermalink reads a message's link, or CHANNEL/TS. For a reply whose link names its thread, that thread is meant.
func parsePermalink(s string) (bridge.Thread, bool) {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if t, ok := bridge.ParseThread(s); ok && !strings.Contains(t.Channel, ":") {
		return t, true
	}
	u, err := url.Parse(s)
	if err != nil {
		return bridge.Thread{}, false
	}
	m := linkPath.FindStringSubmatch(u.Path)
	if m == nil {
		return bridge.Thread{}, false
	}
	digits := m[2]
	ts := digits[:len(digits)-6] + "." + digits[len(digits)-6:]
	return bridge.ParseThread(m[1] + "/" + cmp.Or(u.Query().Get("thread_ts"), ts))
}

// printJSON prints v for programs.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printExplanation prints x for people: what is there, what follows from it, what was done, what still waits.
func printExplanation(out io.Writer, x bridge.Explanation, now time.Time) error {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", label, fmt.Sprintf(format, args...))
	}

	line("Thread", "%s, written %s", x.Thread, when(bridge.TimeOf(x.Thread.TS), now))
	if i := x.Issue; i == nil {
		line("Issue", "none")
	} else {
		line("Issue", "%s, %s  %s", i.Ref, issueState(*i), i.URL)
		line("", "assigned to %s", cmp.Or(strings.Join(at(i.Assignees), ", "), "nobody"))
		line("", "labels: %s", cmp.Or(strings.Join(i.Labels, ", "), "none"))
	}
	label := "Seen"
	for _, r := range x.Seen {
		line(label, ":%s: by %s", r.Emoji, strings.Join(r.Users, ", "))
		label = ""
	}
	if len(x.Seen) == 0 {
		line(label, "no reactions")
		label = ""
	}
	line(label, "%s in the thread, the bridge's own included", count(x.Replies, "reply", "replies"))
	line("Verdict", "%s", cmp.Or(x.Verdict, "nothing to do"))
	if len(x.Would) == 0 {
		line("Would do", "nothing")
	}
	list(&b, "Would do", x.Would, func(s string) string { return s })
	if len(x.Did) == 0 {
		line("Did", "nothing yet")
	}
	list(&b, "Did", x.Did, func(d bridge.Deed) string { return when(d.At, now) + "  " + d.What })
	if len(x.Queued) == 0 {
		line("Queued", "nothing")
	}
	list(&b, "Queued", x.Queued, func(w bridge.Waiting) string { return waitingLine(w, now) })
	_, err := io.WriteString(out, b.String())
	return err
}

// list prints the items under each other, the label before the first.
func list[T any](b *strings.Builder, label string, items []T, text func(T) string) {
	for _, item := range items {
		fmt.Fprintf(b, "%-10s %s\n", label, text(item))
		label = ""
	}
}

func issueState(i bridge.Issue) string {
	state := "open"
	if i.Closed {
		state = "closed"
	}
	if i.Confidential {
		state += ", confidential"
	}
	return state
}

func at(usernames []string) []string {
	out := make([]string, len(usernames))
	for i, u := range usernames {
		out[i] = "@" + u
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// when tells a time to a person, with its distance from now.
func when(t, now time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.Local().Format("2006-01-02 15:04:05") + " (" + distance(t, now) + ")"
}

// distance is how far a time is from now, roughly: "3 min ago", "in 40 s".
func distance(t, now time.Time) string {
	d := now.Sub(t)
	text := roughly(max(d, -d))
	if d < 0 {
		return "in " + text
	}
	return text + " ago"
}

func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
