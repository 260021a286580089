package slackside

import (
	"errors"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

func TestPerson(t *testing.T) {
	w := started(t)
	w.AddUser(fakeslack.User{ID: "U4", Name: "left", Deleted: true})
	w.AddUser(fakeslack.User{ID: "U5", Name: "robot", IsBot: true})
	w.AddUser(fakeslack.User{ID: "U6", Name: "stranger", Invisible: true})
	for id, want := range map[string]Person{
		"U1": {Found: true}, "U4": {Found: true, Deactivated: true}, "U5": {Found: true, Bot: true}, "U6": {}, "U7": {}, "no ID": {},
	} {
		if got, err := w.Person(t.Context(), id); got != want || err != nil {
			t.Errorf("Person(%q) = %+v, %v; want %+v", id, got, err, want)
		}
	}
}

func TestChannelSize(t *testing.T) {
	w := started(t)
	if got, err := w.ChannelSize(t.Context(), "C1"); got != 4 || err != nil {
		t.Errorf("ChannelSize(C1) = %d, %v; want 4", got, err)
	}
	if _, err := w.ChannelSize(t.Context(), "C9"); err == nil {
		t.Error("ChannelSize(C9) = nil, want an error: there is none")
	}
}

func TestCountSockets(t *testing.T) {
	w := started(t)
	count := func(want int) {
		t.Helper()
		if got, err := w.CountSockets(t.Context()); got != want || err != nil {
			t.Errorf("CountSockets() = %d, %v; want %d", got, err, want)
		}
		for deadline := time.Now().Add(10 * time.Second); w.Connections() > want && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if got := w.Connections(); got != want {
			t.Errorf("%d sockets are open after CountSockets(), want %d: its own is closed", got, want)
		}
	}
	count(0)

	w.SetSocketApp("A0OTHER")
	var outage *bridge.Outage
	if _, err := w.CountSockets(t.Context()); !errors.As(err, &outage) || !strings.Contains(err.Error(), "A0OTHER") {
		t.Errorf("CountSockets() of another app = %v, want an outage that names it", err)
	}
}

func TestCountSocketsRefused(t *testing.T) {
	w := started(t, func(c *fakeslack.Config, _ *Config) { c.MaxSockets = -1 })
	if _, err := w.CountSockets(t.Context()); err == nil || !strings.Contains(err.Error(), "too_many_websockets") {
		t.Errorf("CountSockets() with too many = %v, want what Slack said", err)
	}
}
