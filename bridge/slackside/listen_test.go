package slackside

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// listener records what Listen does.
type listener struct {
	*workspace
	stop func()

	mu      sync.Mutex
	events  []bridge.Event
	gaps    [][2]time.Time // but for the first, which has no beginning
	opened  int            // how often that was told
	results map[string]int // "message accepted": how often
	accept  func(bridge.Event) error

	recorder func(context.Context, bridge.Event) error // accepted, if not another one
}

// listen starts Listen in a workspace and waits for its sockets. It is stopped at the test's end.
func listen(t *testing.T, accept func(bridge.Event) error, adjustments ...adjust) *listener {
	t.Helper()
	l := &listener{results: map[string]int{}, accept: accept}
	l.workspace = started(t, append(adjustments, l.count)...)
	l.begin(t)
	return l
}

// simulate is listen, in simulated time.
func simulate(t *testing.T, test func(*testing.T, *listener, *network), adjustments ...adjust) {
	t.Helper()
	l := &listener{results: map[string]int{}}
	simulated(t, func(t *testing.T, w *workspace, n *network) {
		l.workspace = w
		l.Slack.log = zerolog.New(zerolog.NewTestWriter(t))
		w.start(t)
		l.begin(t)
		test(t, l, n)
	}, append(adjustments, l.count)...)
}

// count counts what becomes of the envelopes.
func (l *listener) count(_ *fakeslack.Config, ours *Config) {
	ours.OnEvent = func(kind, result string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.results[kind+" "+result]++
	}
}

// begin starts Listen and waits for its sockets. It is stopped at the test's end.
func (l *listener) begin(t *testing.T) {
	t.Helper()
	l.run(t)
	eventually(t, "all sockets open", func() bool { return l.State().Connected == len(l.connections) })
}

// run starts Listen. It is stopped at the test's end.
func (l *listener) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	if l.recorder == nil {
		l.recorder = l.accepted
	}
	go func() { done <- l.Listen(ctx, l.recorder, l.gap) }()
	l.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Listen() = %v, want context.Canceled", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Listen() does not return after its context ended")
		}
	})
	t.Cleanup(l.stop)
}

func (l *listener) accepted(_ context.Context, e bridge.Event) error {
	if l.accept != nil {
		if err := l.accept(e); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	return nil
}

func (l *listener) gap(from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from.IsZero() {
		l.opened++
		return
	}
	l.gaps = append(l.gaps, [2]time.Time{from, to})
}

func (l *listener) got() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, e := range l.events {
		list = append(list, e.TS)
	}
	return list
}

func (l *listener) firstGap() (from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gaps[0][0], l.gaps[0][1]
}

func (l *listener) gapCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.gaps)
}

// openings counts the gaps without a beginning.
func (l *listener) openings() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

func (l *listener) result(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.results[name]
}

func one(_ *fakeslack.Config, ours *Config) { ours.Connections = 1 }

// impatient is a Slack that sends again soon what was not acknowledged.
func impatient(f *fakeslack.Config, _ *Config) {
	f.AckDeadline = 100 * time.Millisecond
	f.RetryDelays = slices.Repeat([]time.Duration{50 * time.Millisecond}, 200)
}

func TestAcknowledgedAfterAccept(t *testing.T) {
	release := make(chan struct{})
	begun := make(chan struct{}, 1)
	l := listen(t, func(bridge.Event) error {
		begun <- struct{}{}
		<-release
		return nil
	})
	ts := l.post(t, "U1", "Hi", fakeslack.Options{})
	<-begun
	if c := l.Counts(); c.Acked != 0 {
		t.Errorf("Slack counts %+v while the event is being recorded, want none acknowledged", c)
	}
	close(release)
	eventually(t, "the event acknowledged", func() bool { return l.Counts().Acked == 1 })
	if got := l.got(); !slices.Equal(got, []string{ts}) {
		t.Errorf("accepted %v, want %s", got, ts)
	}
}

func TestNotAcknowledgedAfterFailure(t *testing.T) {
	tries := 0
	l := listen(t, func(bridge.Event) error {
		tries++ // one lane, so one at a time
		if tries < 3 {
			return errors.New("disk full")
		}
		return nil
	}, impatient)
	l.post(t, "U1", "Hi", fakeslack.Options{})
	eventually(t, "the event acknowledged", func() bool { return l.Counts().Acked == 1 })
	if c := l.Counts(); c.Retries != 2 || l.result("message failed") != 2 || l.result("message accepted") != 1 {
		t.Errorf("Slack counts %+v, and results differ, want two failures and two retries", c)
	}
}

func TestRepeatedEvents(t *testing.T) {
	for name, newEnvelope := range map[string]bool{"same envelope": false, "new envelope": true} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, nil)
			l.Duplicate(1, newEnvelope)
			ts := l.post(t, "U1", "Hi", fakeslack.Options{})
			eventually(t, "both answered", func() bool { return l.result("message accepted")+l.result("message repeated") == 2 })
			if got := l.got(); !slices.Equal(got, []string{ts}) {
				t.Errorf("accepted %v, want %s once", got, ts)
			}
		})
	}
}

// TestBlocksUnknownToTheLibrary sends a message that slack-go cannot decode.
func TestBlocksUnknownToTheLibrary(t *testing.T) {
	l := listen(t, nil)
	_, err := l.SendEvent(json.RawMessage(`{"type":"message","text":"Hi","user":"U1","ts":"1610261659.001400","channel":"C1","blocks":[{"type":"section","text":[7]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the event accepted", func() bool { return slices.Equal(l.got(), []string{"1610261659.001400"}) })
}

func TestOrderWithinAThread(t *testing.T) {
	l := listen(t, nil, one)
	root := l.post(t, "U1", "first", fakeslack.Options{})
	var want []string
	for range 100 {
		want = append(want, l.post(t, "U2", "reply", fakeslack.Options{ThreadTS: root}))
	}
	eventually(t, "all accepted", func() bool { return len(l.got()) == len(want)+1 })
	got := slices.DeleteFunc(l.got(), func(ts string) bool { return ts == root })
	if !slices.Equal(got, want) {
		t.Errorf("replies accepted as %v, want %v", got, want)
	}
}

func TestDisconnects(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets", "brand_new", "", strings.Repeat("x", 1000)} {
		t.Run(clipped(reason), func(t *testing.T) {
			l := listen(t, nil, impatient, func(f *fakeslack.Config, _ *Config) {
				f.CloseGrace, f.WarningGrace = 20*time.Millisecond, 20*time.Millisecond
			})
			asked := l.calls(openMethod)
			var behind string
			l.SendDisconnect(0, reason, func() { behind = l.post(t, "U1", "behind the frame", fakeslack.Options{}) })
			eventually(t, "a socket opened anew", func() bool { return l.calls(openMethod) > asked && l.State().Connected == 2 })
			eventually(t, "the event accepted", func() bool { return slices.Contains(l.got(), behind) })
			if n := l.gapCount(); n != 0 {
				t.Errorf("%d gaps while one socket of two was refreshed, want none", n)
			}
		})
	}
}

func TestGap(t *testing.T) {
	l := listen(t, nil)
	eventually(t, "the first gap, that has no beginning", func() bool { return l.openings() == 1 })
	before := time.Now()
	l.DropEvents(true)
	l.order(openMethod, faults.Fault{Times: 4, Status: 503})
	l.KillConnections(fakeslack.All)
	eventually(t, "no socket open", func() bool { return l.State().Connected == 0 })
	eventually(t, "all sockets open", func() bool { return l.State().Connected == 2 })
	eventually(t, "one gap", func() bool { return l.gapCount() == 1 })
	if from, to := l.firstGap(); from.After(to) || to.Before(before) {
		t.Errorf("gap(%v, %v), want it to begin before it ends, after %v", from, to, before)
	}
	if s := l.State(); s.Fault != "" || s.NumConnections != 2 || s.LastFrame.IsZero() {
		t.Errorf("State() = %+v, want no fault and two sockets", s)
	}
	if n := l.openings(); n != 1 {
		t.Errorf("a gap without a beginning was told %d times, want once, when the first socket of all opened", n)
	}
}

// TestSilentSocket has the path die without a word: it is noticed by the missing pings.
func TestSilentSocket(t *testing.T) {
	l := listen(t, nil, one, impatient, func(f *fakeslack.Config, ours *Config) {
		f.PingInterval, ours.Silence = 50*time.Millisecond, time.Second
	})
	release := make(chan struct{})
	l.order(openMethod, faults.Fault{DoWork: true, Hang: true, Release: release})
	l.Freeze(fakeslack.All)
	eventually(t, "the socket given up", func() bool { return l.State().Connected == 0 })
	heard := l.State().LastFrame
	close(release)
	eventually(t, "one gap", func() bool { return l.gapCount() == 1 })
	if from, _ := l.firstGap(); !from.Equal(heard) {
		t.Errorf("gap from %v, want from when something was last heard, %v", from, heard)
	}
	ts := l.post(t, "U1", "Hi", fakeslack.Options{})
	eventually(t, "an event accepted", func() bool { return slices.Contains(l.got(), ts) })
}

// TestOutageWithFullHands is the trap of slack-go: many events are pending when Slack goes away, its channels fill up, and reader and
// connector wait for each other for ever.
func TestOutageWithFullHands(t *testing.T) {
	release := make(chan struct{})
	l := listen(t, func(bridge.Event) error { <-release; return nil }, one, impatient,
		func(_ *fakeslack.Config, ours *Config) { ours.Backoff = time.Millisecond })
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	for range 300 {
		l.post(t, "U1", "Hi", fakeslack.Options{})
	}
	asked := l.calls(openMethod)
	l.order(openMethod, faults.Fault{Times: -1, Status: 503})
	l.KillConnections(fakeslack.All)
	eventually(t, "eight attempts to connect", func() bool { return l.calls(openMethod) >= asked+8 })
	letGo()
	l.Desk().Clear()
	eventually(t, "the socket open", func() bool { return l.State().Connected == 1 })
	ts := l.post(t, "U1", "after it", fakeslack.Options{})
	eventually(t, "the event after the outage accepted", func() bool { return slices.Contains(l.got(), ts) })
	eventually(t, "every event accepted", func() bool { return len(l.got()) == 301 })
	eventually(t, "every event acknowledged", func() bool { return l.Counts().Acked == 301 })
}

func TestRefusedWhileRunning(t *testing.T) {
	for _, word := range []string{"invalid_auth", "account_inactive", "token_expired", "not_allowed_token_type", "missing_scope"} {
		t.Run(word, func(t *testing.T) {
			l := listen(t, nil, one)
			l.order(openMethod, faults.Fault{Times: -1, Status: 200, Answer: `{"ok":false,"error":"` + word + `"}`})
			l.KillConnections(fakeslack.All)
			eventually(t, "the fault shown", func() bool {
				s := l.State()
				return s.Connected == 0 && strings.Contains(s.Fault, "SLACK_APP_TOKEN") && strings.Contains(s.Fault, word)
			})
			l.Desk().Clear()
			eventually(t, "the socket open", func() bool { return l.State().Connected == 1 && l.State().Fault == "" })
		})
	}
}

// TestSocketClosedAtOnce has Slack accept and drop every socket: it must not be asked in a tight loop.
func TestSocketClosedAtOnce(t *testing.T) {
	l := listen(t, nil, one, func(_ *fakeslack.Config, ours *Config) { ours.Backoff = time.Hour })
	l.KillConnections(fakeslack.All)
	eventually(t, "the fault shown", func() bool { return strings.Contains(l.State().Fault, "closed the socket at once") })
	if n := l.calls(openMethod); n > 2 {
		t.Errorf("%d sockets asked for, want no more than one after the first", n)
	}
	l.stop()
}

func TestCachesFollowEvents(t *testing.T) {
	l := listen(t, nil)
	names := func() (string, string, string) {
		n, err := l.Names(t.Context(), []string{"U1"}, []string{"C1"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n.Users["U1"], n.Channels["C1"], l.Canonical("done")
	}
	if user, channel, emoji := names(); user != "Display U1" || channel != "help" || emoji != "done" {
		t.Fatalf("names are %s, %s, %s", user, channel, emoji)
	}
	if err := l.UpdateUser(fakeslack.User{ID: "U1", Name: "ada", DisplayName: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Rename("C1", "support"); err != nil {
		t.Fatal(err)
	}
	l.order("emoji.list", faults.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"1"}}})
	l.AddEmoji("done", "alias:white_check_mark")
	eventually(t, "the new names known", func() bool {
		user, channel, emoji := names()
		return user == "Ada" && channel == "support" && emoji == "white_check_mark"
	})
}

// TestFullLane drops what does not fit, unacknowledged, and never waits.
func TestFullLane(t *testing.T) {
	w := started(t)
	results := map[string]int{}
	w.cfg.OnEvent = func(kind, result string) { results[kind+" "+result]++ }
	payload := json.RawMessage(wrap(`{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1360782400.498405"}}`))
	for range laneDepth + 3 {
		w.take(nil, envelope{ID: "e", Type: "events_api", Payload: payload})
	}
	if results["reaction_added overflow"] != 3 {
		t.Errorf("results are %v, want 3 of %d dropped", results, laneDepth+3)
	}
}

func TestSeenIsBounded(t *testing.T) {
	var s seen
	for i := range seenMost + 10 {
		s.add(time.Unix(int64(i), 0).String())
		s.add(time.Unix(int64(i), 0).String())
	}
	s.add("")
	if s.has(time.Unix(9, 0).String()) || !s.has(time.Unix(10, 0).String()) || s.has("") || len(s.ids) != seenMost {
		t.Errorf("after %d events %d are remembered, want the last %d", seenMost+10, len(s.ids), seenMost)
	}
}

func TestShutdownLeavesNothingRunning(t *testing.T) {
	l := listen(t, nil)
	l.post(t, "U1", "Hi", fakeslack.Options{})
	eventually(t, "the event accepted", func() bool { return len(l.got()) == 1 })
	l.stop()
	eventually(t, "no goroutine of ours left", func() bool {
		buffer := make([]byte, 1<<20)
		stacks := string(buffer[:runtime.Stack(buffer, true)])
		return !strings.Contains(stacks, "slackside.(*") && !strings.Contains(stacks, "socketmode.(*")
	})
	if got := l.State().Connected; got != 0 {
		t.Errorf("State().Connected = %d after Listen returned, want 0", got)
	}
}

func TestStopWhileNotConnected(t *testing.T) {
	l := listen(t, nil, func(_ *fakeslack.Config, ours *Config) { ours.Backoff = time.Hour })
	l.order(openMethod, faults.Fault{Times: -1, Hang: true})
	l.KillConnections(fakeslack.All)
	eventually(t, "no socket open", func() bool { return l.State().Connected == 0 })
	l.stop()
}
