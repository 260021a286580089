package sandbox

import (
	"fmt"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// line is one message of the time before the sandbox was started.
type line struct {
	channel string
	who     string // a Slack ID; empty for the pager
	ago     time.Duration
	text    string
	replies []line
}

var past = []line{
	{helpInfra, femi, 48 * time.Minute, "Is there a bigger runner for the nightly import? It is killed with *out of memory* most nights.", []line{
		{who: mei, ago: 46 * time.Minute, text: "Which job is it? A link would help."},
		{who: femi, ago: 41 * time.Minute, text: "`import:warehouse` in <https://gitlab.acme.example/data/warehouse|data/warehouse>. It began on Monday."},
	}},
	{helpInfra, "", 31 * time.Minute, ":warning: *db-replica-3*: disk is 91 % full, it warns at 85 %", nil},
	{helpInfra, ada, 6 * time.Minute, "Staging deploys fail since this morning: `too many connections`\nCould somebody have a look? We want to release at noon.", []line{
		{who: ada, ago: 5 * time.Minute, text: "Restarting the pods did not help."},
	}},
	{helpSecurity, lucia, 22 * time.Minute, "I followed a link in a mail that looked like our sign-in page :see_no_evil: What do I do now?", []line{
		{who: lucia, ago: 21 * time.Minute, text: "I did not enter my password, I think."},
	}},
}

// history writes what was said before now.
func (w *World) history(now time.Time) {
	for _, l := range past {
		root := w.said(l, l.channel, "", now)
		for _, r := range l.replies {
			w.said(r, l.channel, root, now)
		}
	}
}

func (w *World) said(l line, channel, thread string, now time.Time) string {
	// Whole messages of the past may share a second with nothing else: each line has its own minute.
	o := fakeslack.Options{ThreadTS: thread, TS: fmt.Sprintf("%d.000100", now.Add(-l.ago).Unix())}
	var ts string
	var err error
	if l.who == "" {
		ts, err = w.slack.PostAsApp(channel, w.cast.pager, l.text, o)
	} else {
		ts, err = w.slack.Post(channel, l.who, l.text, o)
	}
	if err != nil {
		panic("sandbox: history does not fit the workspace: " + err.Error())
	}
	return ts
}
