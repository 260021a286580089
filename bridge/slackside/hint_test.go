package slackside

import (
	"slices"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestTell(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	thread := bridge.Thread{Channel: "C1", TS: root}
	hint := new(markup.SlackBuilder).Text("only agents close <this>").Slack()
	if err := w.Tell(t.Context(), thread, "U2", hint); err != nil {
		t.Fatalf("Tell(U2) = %v, want nil", err)
	}
	told := w.Ephemerals()
	if len(told) != 1 || told[0].User != "U2" || told[0].ThreadTS != root || told[0].Channel != "C1" || told[0].Text != hint.String() {
		t.Errorf("Tell(U2) showed %s, want the text to U2 in thread %s", show(told), root)
	}
	if err := w.Tell(t.Context(), thread, "U9", hint); outcomeOf(err) != forever {
		t.Errorf("Tell(a stranger) = %v, want never", err)
	}
	w.order(tellMethod, faults.Fault{DoWork: true, Reset: true})
	if err := w.Tell(t.Context(), thread, "U2", hint); outcomeOf(err) != unknown {
		t.Errorf("Tell() with a lost answer = %v, want unknown", err)
	}
}

func TestSign(t *testing.T) {
	w := started(t)
	bot := w.Config().BotUserID
	thread := bridge.Thread{Channel: "C1", TS: w.post(t, "U1", "first", fakeslack.Options{})}
	gone := bridge.Thread{Channel: "C1", TS: "1600000000.000100"}
	for _, step := range []struct {
		what   string
		thread bridge.Thread
		emoji  string
		on     bool
		want   outcome
		signed bool
	}{
		{"taken away where it is not", thread, "white_check_mark", false, done, false},
		{"given", thread, "white_check_mark", true, done, true},
		{"given again", thread, "white_check_mark", true, done, true},
		{"another emoji", thread, "no_such_emoji", true, forever, true},
		{"taken away", thread, "white_check_mark", false, done, false},
		{"given to no message", gone, "white_check_mark", true, done, false},
		{"taken from no message", gone, "white_check_mark", false, done, false},
	} {
		if err := w.Sign(t.Context(), step.thread, step.emoji, step.on); outcomeOf(err) != step.want {
			t.Errorf("%s: Sign(%s, %s, %v) = %v, want %v", step.what, step.thread, step.emoji, step.on, err, step.want)
		}
		m, _ := w.Message("C1", thread.TS)
		signed := slices.ContainsFunc(m.Reactions, func(r fakeslack.Reaction) bool { return slices.Contains(r.Users, bot) })
		if signed != step.signed {
			t.Errorf("%s: reactions = %s, want the bridge's: %v", step.what, show(m.Reactions), step.signed)
		}
	}
	w.SetScopes("chat:write")
	if err := w.Sign(t.Context(), thread, "eyes", true); outcomeOf(err) != forever {
		t.Errorf("Sign() without the scope = %v, want never: the rest goes on", err)
	}
}
