package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// allSeries are all that are counted, in the order of docs/performance.md.
func allSeries() []series {
	out := []series{firstStart}
	for _, n := range []int{0, 10, 100, 200, 2000} {
		out = append(out, acknowledging(n))
	}
	return append(out, talking, deciding, answering, idling, storming, sweeping, spreading, returning)
}

var firstStart = series{
	name: "start", cold: true,
	errands: []errand{{
		what: "the first start, two channels and projects, two agents", during: 5 * time.Second, polls: true,
		act: func(s *simulation) error { s.start(); return nil },
		costs: costs{"apps.connections.open 2, auth.test 1, bots.info 1, conversations.history 2, conversations.info ≤2, emoji.list ≤1", "chat.postMessage 1",
			"labels ≤2, own account 1, own issues 2, own token 1, poll 2, project ≤8, user ≤2", ""},
	}},
}

// acknowledging is 👀 on the first message of a thread with so many replies.
func acknowledging(n int) series {
	costs := map[int]costs{
		0:    {"conversations.replies 1, users.info ≤2", "chat.postMessage 1", "", "new issue 1"},
		10:   {"conversations.replies 1, users.info ≤2", "chat.postMessage 1", "notes 1", "new issue 1, new note 1"},
		100:  {"conversations.replies 1, users.info ≤2", "chat.postMessage 1", "notes 1", "new issue 1, new note 1"},
		200:  {"conversations.replies 2, users.info ≤2", "chat.postMessage 1", "notes 1", "new issue 1, new note 1"},
		2000: {"conversations.replies 11, users.info ≤2", "chat.postMessage 1", "notes 1", "new issue 1, new note 1"},
	}
	return series{
		name: fmt.Sprint("acknowledge ", n), environ: []string{eventful},
		before:  func(s *simulation) error { return threadOf(n)(s) },
		errands: []errand{{what: fmt.Sprintf("👀 on a message with %d replies", n), act: take, costs: costs[n]}},
	}
}

// threadOf makes a thread with so many replies.
func threadOf(n int) func(*simulation) error {
	return func(s *simulation) error {
		if err := asked(s); err != nil {
			return err
		}
		return s.replies([]string{"first", strconv.Itoa(n)})
	}
}

var talking = series{
	name: "talk", environ: []string{eventful}, before: threadOf(10), settle: take,
	errands: []errand{
		{what: "a reply", act: said("ada", "one more"), costs: costs{"", "", "notes 1", "new note 1"}},
		{what: "a reply by somebody new", act: said("eve", "me too"), costs: costs{"users.info ≤1", "", "notes 1", "new note 1"}},
		{what: "100 replies at once", act: burst("many", 100), costs: costs{"", "", "notes ≤2", "new note ≤3"}},
		{what: "200 replies at once", act: burst("more", 200), costs: costs{"", "", "notes ≤2", "new note ≤3"}},
		{what: "600 replies as fast as Slack delivers them, 8 a second", act: stream(600), costs: costs{"", "", "notes ≤12", "new note ≤13"}},
		{what: "an edit of a reply", act: verbOf(slackVerbs["edit"].do, "first-3", "changed"), costs: costs{"", "", "note 1, notes 1", "change note 1"}},
		{what: "a deleted reply", act: verbOf(slackVerbs["delete"].do, "first-4"), costs: costs{"", "", "note 1, notes 1, project ≤4", "change note 1"}},
		{what: "an edit of the first message", act: verbOf(slackVerbs["edit"].do, "first", "It burns"), costs: costs{"conversations.info ≤2", "chat.update 1", "issue 1, notes 1, project ≤4", "change issue 1"}},
		{what: "a reply with a file", act: attach("all of it"), costs: costs{"file 1, users.info ≤1", "", "note 1, notes 1", "change note 1, new file 1, new note 1"}},
		{what: "a message in a thread without an issue", act: func(s *simulation) error {
			return s.post([]string{"other", "bob", "hello"})
		}},
		{what: "a message that nobody listens to", act: func(s *simulation) error {
			_, err := s.slack.Post(opsChannel, userID("bob"), "hello", fakeslack.Options{})
			return err
		}},
	},
}

func said(who, text string) func(*simulation) error {
	return func(s *simulation) error { return s.reply([]string{"first", text, who, text}) }
}

// burst is so many replies at one moment.
func burst(name string, n int) func(*simulation) error {
	return func(s *simulation) error {
		for i := range n {
			if err := s.reply([]string{"first", fmt.Sprint(name, i), "ada", fmt.Sprint("reply ", i)}); err != nil {
				return err
			}
		}
		return nil
	}
}

// stream is so many replies, 8 a second.
func stream(n int) func(*simulation) error {
	return func(s *simulation) error {
		for i := range n {
			if err := burst(fmt.Sprint("stream", i), 1)(s); err != nil {
				return err
			}
			time.Sleep(time.Second / 8)
		}
		return nil
	}
}

var deciding = series{
	name: "decide", environ: []string{eventful}, before: threadOf(10), settle: take,
	errands: []errand{
		{what: "a label emoji", act: verbOf(give, "one", "first", "ops"), costs: costs{"reactions.get 1", "chat.update 1", "notes 1", "change issue 1"}},
		{what: "one of the same scope, an hour later", act: func(s *simulation) error {
			time.Sleep(50 * time.Minute)
			return give(s.stage, []string{"one", "first", "foundations"})
		}, costs: costs{"conversations.info ≤2, reactions.get 1", "chat.update 1", "labels ≤1, notes 1, project ≤16", "change issue 1"}},
		{what: "an emoji nobody configured", act: verbOf(give, "one", "first", "tada")},
		{what: "👀 by a second agent who takes over", act: verbOf(give, "two", "first", "eyes"), costs: costs{"reactions.get 1, users.info ≤1", "chat.update 1", "issue 1, notes 1, project ≤4, user ≤1", "change issue 1"}},
		{what: "✅", act: resolve, costs: costs{"reactions.get 1", "chat.update 1", "notes 1", "change issue 1"}},
		{what: "✅ taken back", act: verbOf(back, "one", "first", "white_check_mark"), costs: costs{"reactions.get 1", "chat.update 1", "notes 1", "change issue 1"}},
	},
}

func back(s *stage, a []string) error { return s.react(a, false) }

var answering = series{
	name: "answer", environ: []string{eventful}, before: threadOf(10), settle: take,
	errands: []errand{
		{what: "a comment in GitLab", act: later(comment), costs: costs{"", "chat.postMessage 1", "notes 1", ""}},
		{what: "a label given in GitLab", act: later(verbOf(gitlabVerbs["label"].do, "lena", "first", "team::Ops")), costs: costs{"", "chat.update 1", "notes 1", ""}},
		{what: "closed in GitLab", act: later(closeThere), costs: costs{"", "chat.postMessage 1, chat.update 1, reactions.add 1", "notes 1", ""}},
		{what: "reopened in GitLab", act: later(reopenThere), costs: costs{"", "chat.postMessage 1, chat.update 1, reactions.remove 1", "notes 1, who did it 1", ""}},
	},
}

// later is something in GitLab, and the time until a poll has told of it.
func later(act func(*simulation) error) func(*simulation) error {
	return func(s *simulation) error {
		err := act(s)
		time.Sleep(20 * time.Second)
		return err
	}
}

// standing makes so many messages, named t0 and so on.
func standing(n int, age time.Duration) func(*simulation) error {
	return func(s *simulation) (err error) {
		first := time.Now().Add(-age).Unix()
		for i := range n {
			name := fmt.Sprint("t", i)
			if s.messages[name], err = s.slack.Post(stageChannel, userID("ada"), "help with "+name, fakeslack.Options{TS: fmt.Sprintf("%d.%06d", first, i+1)}); err != nil {
				return err
			}
		}
		return nil
	}
}

// takenOver gives each of so many messages its 👀.
func takenOver(n int) func(*simulation) error {
	return func(s *simulation) error {
		for i := range n {
			if err := s.react([]string{"one", fmt.Sprint("t", i), "eyes"}, true); err != nil {
				return err
			}
		}
		return nil
	}
}

var storming = series{
	name: "storm", vast: true, environ: []string{eventful, "POLL_INTERVAL=10m"}, before: standing(500, time.Minute),
	errands: []errand{{
		what: "a storm: 5,000 events over 500 threads", during: 20 * time.Minute,
		act: func(s *simulation) error {
			err := takenOver(500)(s)
			for i := range 9 * 500 {
				err = errors.Join(err, s.reply([]string{fmt.Sprint("t", i%500), fmt.Sprint("reply", i), "bob", "me too"}))
			}
			return err
		},
		costs: costs{"conversations.replies 500, users.info ≤3", "chat.postMessage 500", "notes ≤500, project ≤4", "new issue 500, new note ≤500"},
	}},
}

var idling = series{
	name: "idle", before: threadOf(10), settle: take,
	errands: []errand{{
		what: "an hour in which nothing happens, two channels and projects", during: time.Hour, polls: true,
		costs: costs{"conversations.history 12, conversations.info ≤6", "", "issues by number 6, poll ≤480, project ≤16", ""},
	}},
}

// quiet has the channel without cards, which are posted one a second.
var quietAgents = "AGENTS_JSON=" + strings.Replace(simulatedAgents, `"project": "acme/app",`, `"project": "acme/app", "card": "off",`, 1)

const oneSweep = 10 * time.Minute

var sweeping = series{
	name: "sweep", vast: true, environ: []string{quietAgents, "POLL_INTERVAL=10m", "BACKFILL=1h"}, before: standing(1010, time.Minute), settle: takenOver(1000),
	errands: []errand{
		{
			what: "a sweep of 1,000 open threads in the window, nothing changed", during: oneSweep,
			costs: costs{"conversations.history 7, conversations.info ≤2", "", "issues by number 10, project ≤4", ""},
		},
		{
			what: "the same, with 2 ✅, 2 replies and 2 👀 that no event told of", during: oneSweep, act: silently("t1000", "t1001"),
			costs: costs{"conversations.history 7, conversations.info ≤2, conversations.replies 6, users.info ≤3", "", "issues by number ≤11, labels ≤1, notes ≤6, project ≤4, user ≤1", "change issue 2, new issue 2, new note 2"},
		},
	},
}

// silently is what people do while Slack delivers no events.
func silently(fresh ...string) func(*simulation) error {
	return func(s *simulation) error {
		s.slack.DropEvents(true)
		defer s.slack.DropEvents(false)
		return errors.Join(
			s.react([]string{"one", "t0", "white_check_mark"}, true), s.react([]string{"one", "t1", "white_check_mark"}, true),
			s.reply([]string{"t2", "r2", "bob", "me too"}), s.reply([]string{"t3", "r3", "bob", "me too"}),
			s.react([]string{"one", fresh[0], "eyes"}, true), s.react([]string{"one", fresh[1], "eyes"}, true))
	}
}

var spreading = series{
	name: "spread", environ: []string{quietAgents, "SWEEP_WINDOW=1h"}, before: standing(20, 48*time.Hour), settle: takenOver(20),
	errands: []errand{{
		what: "a sweep of 20 open threads older than the window, nothing changed", during: oneSweep + 2*time.Minute,
		costs: costs{"conversations.history 2, conversations.info ≤2, conversations.replies 20", "", "issues by number 1, project ≤4", ""},
		also:  apart("conversations.replies", time.Second),
	}},
}

// apart wants calls of a method to be so far apart at least.
func apart(method string, pause time.Duration) func(*simulation, bill) error {
	return func(s *simulation, _ bill) error {
		var last time.Time
		for _, r := range s.slack.Desk().Requests() {
			if requestName("slack", r) != method {
				continue
			}
			if gap := r.At.Sub(last); gap < pause {
				return fmt.Errorf("%s %v after the one before, want at least %v", method, gap, pause)
			}
			last = r.At
		}
		return nil
	}
}

var returning = series{
	name: "return", environ: []string{quietAgents, "POLL_INTERVAL=1h", "BACKFILL=1h"}, before: standing(32, time.Minute), settle: takenOver(30),
	errands: []errand{{
		what: "the hour after a day without Slack: 30 open threads in the window, 6 changes", during: time.Hour, act: deafForADay,
		costs: costs{"apps.connections.open 2, conversations.history 12, conversations.info ≤6, conversations.replies 6, emoji.list ≤1, users.info ≤3", "chat.postMessage 1",
			"issues by number 6, labels ≤2, notes ≤6, project ≤16, user ≤1", "change issue 2, new issue 2, new note 2"},
	}},
}

// deafForADay has people go on while Slack answers nothing, for a day, and counts from then on.
func deafForADay(s *simulation) error {
	s.slack.Desk().Clear()
	s.slack.Desk().Order(faults.Fault{Status: 503, Times: -1})
	s.slack.KillConnections(fakeslack.All)
	time.Sleep(12 * time.Hour)
	err := silently("t30", "t31")(s)
	time.Sleep(12 * time.Hour)
	s.slack.Desk().Clear()
	s.slack.Desk().Order(faults.Fault{Delay: vendorTakes, Times: -1})
	s.slack.Desk().Forget()
	s.gitlab.Desk().Forget()
	return err
}
