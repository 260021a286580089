package slackside

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestNames(t *testing.T) {
	w := started(t)
	w.AddUser(fakeslack.User{ID: "U4", Name: "four", RealName: "Real Four"})
	w.AddUser(fakeslack.User{ID: "U5", Name: "five"})
	w.AddUser(fakeslack.User{ID: "U6", Name: "six", Invisible: true})
	w.AddUsergroup(fakeslack.Usergroup{ID: "S1", Name: "Developers", Handle: "devs"})
	users := []string{"U1", "U4", "U5", "U6", "U404", "not an ID", "U1"}
	channels, groups := []string{"C1", "C404"}, []string{"S1", "S404"}
	for _, time := range []string{"first", "second"} {
		got, err := w.Names(t.Context(), users, channels, groups)
		if err != nil {
			t.Fatalf("Names() the %s time = %v, want nil", time, err)
		}
		for what, m := range map[string][2]map[string]string{
			"users":    {got.Users, {"U1": "Display U1", "U4": "Real Four", "U5": "five"}},
			"channels": {got.Channels, {"C1": "help"}},
			"groups":   {got.Groups, {"S1": "devs"}},
		} {
			if !maps.Equal(m[0], m[1]) {
				t.Errorf("Names() the %s time: %s = %v, want %v", time, what, m[0], m[1])
			}
		}
	}
	for method, want := range map[string]int{"users.info": 5, "conversations.info": 2, "usergroups.list": 1} {
		if n := w.calls(method); n != want {
			t.Errorf("Names() twice took %d requests of %s, want %d", n, method, want)
		}
	}
}

func TestNamesWithoutScopes(t *testing.T) {
	w := started(t)
	w.SetScopes("chat:write")
	got, err := w.Names(t.Context(), []string{"U1"}, []string{"C1"}, []string{"S1"})
	if len(got.Users)+len(got.Channels)+len(got.Groups) != 0 || err != nil {
		t.Errorf("Names() without scopes = %v, %v, want none, nil", got, err)
	}
}

func TestNamesPassOnWhatWillMend(t *testing.T) {
	w := started(t)
	w.order("users.info", faults.Fault{Status: 429})
	got, err := w.Names(t.Context(), []string{"U1"}, []string{"C1"}, nil)
	if outcomeOf(err) != later || got.Channels["C1"] != "help" {
		t.Errorf("Names() with users.info limited = %v, %v, want the channel, and later", got, err)
	}
	w2 := started(t)
	w2.order("users.info", faults.Fault{Status: 500})
	if _, err := w2.Names(t.Context(), []string{"U1"}, nil, nil); outcomeOf(err) != plain {
		t.Errorf("Names() answered 500 = %v, want a plain error", err)
	}
	if got, err := w2.Names(t.Context(), []string{"U1"}, nil, nil); got.Users["U1"] != "Display U1" || err != nil {
		t.Errorf("Names() after a 500 = %v, %v, want the name: a failure is not remembered", got, err)
	}
}

// TestNamesAreBounded has one hostile message mention a thousand people.
func TestNamesAreBounded(t *testing.T) {
	w := started(t)
	var users []string
	for i := range 1000 {
		users = append(users, "UX"+strconv.Itoa(i))
	}
	if _, err := w.Names(t.Context(), users, nil, nil); err != nil {
		t.Errorf("Names(1000 users) = %v, want nil", err)
	}
	if n := w.calls("users.info"); n != lookupsMost {
		t.Errorf("Names(1000 users) took %d requests, want %d", n, lookupsMost)
	}
}

func TestChannel(t *testing.T) {
	w := started(t)
	w.AddChannel(fakeslack.Channel{ID: "C2", Name: "secret", Private: true, ExtShared: true, Members: []string{"U1", w.Identity().UserID}})
	w.AddChannel(fakeslack.Channel{ID: "C3", Name: "old", Archived: true, Members: []string{"U1"}})
	for id, want := range map[string]bridge.ChannelInfo{
		"C1": {ID: "C1", Name: "help", Member: true},
		"C2": {ID: "C2", Name: "secret", Private: true, Shared: true, Member: true},
		"C3": {ID: "C3", Name: "old", Archived: true},
	} {
		for range 2 {
			if got, err := w.Channel(t.Context(), id); got != want || err != nil {
				t.Errorf("Channel(%s) = %+v, %v, want %+v", id, got, err, want)
			}
		}
	}
	for range 2 {
		if _, err := w.Channel(t.Context(), "C404"); outcomeOf(err) != outage(bridge.ChannelScope("C404")) {
			t.Errorf("Channel(C404) = %v, want an outage of it", err)
		}
	}
	if n := w.calls("conversations.info"); n != 4 {
		t.Errorf("Channel() twice for each of 4 took %d requests, want 4", n)
	}
}

func TestMemo(t *testing.T) {
	m := memo[int]{most: 2}
	fetches := 0
	fetch := func(good time.Duration, err error) func(context.Context) (int, time.Duration, error) {
		return func(context.Context) (int, time.Duration, error) {
			fetches++
			return fetches, good, err
		}
	}
	broken := errors.New("broken")
	steps := []struct {
		do      func()
		key     string
		good    time.Duration
		err     error
		want    int
		wantErr error
	}{
		{key: "a", good: time.Hour, want: 1},
		{key: "a", good: time.Hour, want: 1},
		{key: "b", err: broken, want: 2, wantErr: broken},
		{key: "b", good: 0, want: 3},
		{key: "b", good: time.Hour, want: 4},
		{key: "a", good: time.Hour, want: 1},
		{do: func() { m.forget("a") }, key: "a", good: time.Hour, want: 5},
		{do: m.clear, key: "b", good: time.Hour, want: 6},
	}
	for i, s := range steps {
		if s.do != nil {
			s.do()
		}
		if got, err := m.get(t.Context(), s.key, fetch(s.good, s.err)); got != s.want || err != s.wantErr {
			t.Errorf("step %d: get(%s) = %d, %v, want %d, %v", i, s.key, got, err, s.want, s.wantErr)
		}
	}
	for i := range 10 {
		if _, err := m.get(t.Context(), fmt.Sprint(i), fetch(time.Hour, nil)); err != nil {
			t.Fatal(err)
		}
		if n := len(m.entries); n > m.most {
			t.Errorf("memo keeps %d answers, want at most %d", n, m.most)
		}
	}
}

func TestMemoSharesOneRequest(t *testing.T) {
	m := memo[int]{most: 10}
	release, begun := make(chan struct{}), make(chan struct{}, 100)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := m.get(t.Context(), "a", func(context.Context) (int, time.Duration, error) {
				begun <- struct{}{}
				<-release
				return 7, time.Hour, nil
			})
			if got != 7 || err != nil {
				t.Errorf("get(a) = %d, %v, want 7, nil", got, err)
			}
		})
	}
	<-begun
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.get(gone, "a", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("get(a) with a cancelled context = %v, want it", err)
	}
	close(release)
	wg.Wait()
	if n := len(begun); n != 0 {
		t.Errorf("20 callers made %d requests, want 1", n+1)
	}
}
