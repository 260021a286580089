package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// noted lists the threads that sweeps read the links of.
func (r *rig) noted() (threads []string) { return r.under(openPrefix) }

// under lists what there is under a prefix.
func (r *rig) under(prefix string) (names []string) {
	r.t.Helper()
	records, err := r.engine.Scan(context.Background(), prefix, "", 1e6)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, kv := range records {
		names = append(names, strings.TrimPrefix(kv.Key, prefix))
	}
	return names
}

// wantNoted checks that no open issue is hidden from sweeps, whatever has happened.
func (r *rig) wantNoted() {
	r.t.Helper()
	links, err := r.engine.Scan(context.Background(), "link/", "", 1e6)
	if err != nil {
		r.t.Fatal(err)
	}
	r.wantSought("in the end", -1)
	noted := r.noted()
	for _, kv := range links {
		var link Link
		if err := (store.Record{Key: kv.Key, Raw: kv.Value}).Decode(&link); err != nil {
			r.t.Fatal(err)
		}
		if thread := strings.TrimPrefix(kv.Key, "link/"); link.open() && !slices.Contains(noted, thread) {
			r.t.Errorf("%s is open, and sweeps know of %v alone", thread, noted)
		}
	}
}

// wantSought checks that so many threads are sought: each with an open issue that was found, and no more; -1: however many.
func (r *rig) wantSought(when string, want int) {
	r.t.Helper()
	sought := r.under(seekPrefix)
	records, err := r.engine.Scan(context.Background(), foundPrefix, "", 1e6)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, kv := range records {
		var found foundRecord
		if err := (store.Record{Key: kv.Key, Raw: kv.Value}).Decode(&found); err != nil {
			r.t.Fatal(err)
		}
		if thread := strings.TrimPrefix(kv.Key, foundPrefix); found.Closed.IsZero() && !found.Idle && !slices.Contains(sought, thread) {
			r.t.Errorf("%s: %s was found open, and sweeps know of %v alone", when, thread, sought)
		}
	}
	if want >= 0 && len(sought) != want {
		r.t.Errorf("%s: sweeps read %d records of issues that were found, want %d", when, len(sought), want)
	}
}

// After a store was lost, a sweep asks for the issues that were found open, and reads not one of the others that were.
func TestSweepSeeksWhatIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const closed, open = 2000, 5
		r := newRig(t)
		r.start()
		defer r.stop()
		for i := range closed + open {
			f := foundRecord{Project: 7, IID: i + 1}
			if i >= open {
				f.Closed = time.Now().Add(-720 * time.Hour)
			}
			if noted, err := noteFound(t.Context(), r.store, Thread{help, at(i - 5_000_000)}, f); !noted || err != nil {
				t.Fatalf("noteFound = %t, %v", noted, err)
			}
		}
		r.wantSought("before a sweep", closed+open)
		looks, err := r.bridge.sweepFound(t.Context(), help)
		if looks != open || err != nil {
			t.Errorf("sweepFound = %d, %v; want %d, nil", looks, err, open)
		}
		r.wantSought("after it", open)
		r.idle() // none of the threads is there
		if _, err := r.bridge.sweepFound(t.Context(), help); err != nil {
			t.Error(err)
		}
		r.wantSought("once they were looked for in vain", 0)
	})
}

// aged is a link as it is, its issue closed so long ago; 0: open.
func aged(iid int, closed time.Duration) *Link {
	link := &Link{Issue: Issue{Project: 7, IID: iid, Closed: closed != 0}, Polled: time.Now()}
	if closed != 0 {
		link.Closed = time.Now().Add(-closed).UTC()
	}
	return link
}

// A sweep reads as many links as there are open issues, and not one of the many that were closed long ago.
func TestSweepReadsWhatIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const closed, open = 10_000, 10
		r := newRig(t)
		r.start()
		defer r.stop()
		c := r.store.Change()
		for i := range closed + open {
			age := 720 * time.Hour
			if i%(closed/open) == 500 && i < closed || i >= closed+open/2 { // half of them among the closed
				age = 0
			}
			link := aged(i+1, age)
			putLink(c, Thread{help, at(i - 5_000_000)}, link, false)
			r.gitlab.mu.Lock()
			r.gitlab.issues = append(r.gitlab.issues, &fakeIssue{Issue: link.Issue})
			r.gitlab.mu.Unlock()
		}
		if err := r.store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		all := len(r.noted())
		sweep := func() (links, others int) {
			var mu sync.Mutex
			r.disk.onReading(func(key string) {
				mu.Lock()
				defer mu.Unlock()
				if strings.HasPrefix(key, "link/") {
					links++
				} else {
					others++
				}
			})
			defer r.disk.onReading(nil)
			s := sweeper{b: r.bridge, channel: help, rules: r.bridge.rules(help), whole: true}
			if err := s.oldThreads(t.Context(), time.Now().Add(-r.window)); err != nil {
				t.Fatal(err)
			}
			if _, err := r.bridge.sweepIssues(t.Context(), help, map[int]*Project{}); err != nil {
				t.Fatal(err)
			}
			return links, others
		}
		if links, _ := sweep(); links != all+len(r.noted()) {
			t.Errorf("the first sweep reads %d links, want each of %d once to find that it is past, and %d twice", links, all, len(r.noted()))
		}
		left := len(r.noted())
		if links, others := sweep(); left != 15 || links != 2*left || others > 4*left {
			t.Errorf("a sweep with %d open threads and %d closed ones reads %d links and %d other records, want 15, 30 and at most 60", left, closed, links, others)
		}
	})
}

// What is closed is compared for the time of the window, then no more; opened again, it is again.
func TestOpenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.poll, r.window = 15*time.Second, 4*time.Hour
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is red"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		want := func(when string, noted bool) {
			t.Helper()
			if got := r.noted(); slices.Contains(got, th.String()) != noted {
				t.Errorf("%s: sweeps know of %v, want %v: %t", when, got, th, noted)
			}
		}
		turn := func(closed bool) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Closed = closed })
			time.Sleep(time.Minute)
			r.idle()
		}
		want("at first", true)
		turn(true)
		time.Sleep(r.window - time.Hour)
		want("closed within the window", true)
		time.Sleep(2 * time.Hour)
		want("closed before the window", false)
		turn(false)
		want("opened again", true)
		time.Sleep(r.window + 2*time.Hour)
		want("open for long", true)
		r.stop()
	})
}

// older writes a store as the first version of it was: links, and not which of them are open.
func older(t *testing.T, path string, links []*Link) {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Change()
	for i, link := range links {
		c.Put(linkKey(Thread{help, at(i)}), link)
	}
	c.Put(foundKey(Thread{help, at(-1)}), foundRecord{Project: 7, IID: 9999})
	err = s.Commit(t.Context(), c)
	if err == nil {
		err = engine.Commit(t.Context(), store.Batch{Puts: []store.KV{{Key: "meta/version", Value: []byte(`{"version":1}`)}}})
	}
	if err = errors.Join(err, engine.Close()); err != nil {
		t.Fatal(err)
	}
}

// A store whose program did not note what is open is brought up to date, also if the process dies in between.
func TestNoteOpen(t *testing.T) {
	t.Parallel()
	var links []*Link
	var want []string
	for i := range 2*mirrorPage + 5 {
		age := map[int]time.Duration{3: 0, mirrorPage + 200: 0, mirrorPage + 300: time.Hour}
		closed, recent := age[i]
		if recent {
			want = append(want, Thread{help, at(i)}.String())
		} else {
			closed = 720 * time.Hour
		}
		links = append(links, aged(i+1, closed))
	}
	for commits := 1; commits < 8; commits++ { // of the version, of three pages, of what was found, of being done, of what orient is for
		r := newRig(t)
		older(t, r.path, links)
		r.bridge = new(Bridge) // of the process before
		r.orients(commits)
		r.orients(1000)
		var err error
		if r.engine, err = bolt.Open(r.path, bolt.Options{}); err != nil {
			t.Fatal(err)
		}
		if got := r.noted(); !slices.Equal(got, want) {
			t.Errorf("killed after %d commits: sweeps know of %v, want %v", commits, got, want)
		}
		r.wantSought("afterwards", 1)
		if _, err := r.engine.Get(t.Context(), store.OpenUnknownKey); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("killed after %d commits: Get(%s) = %v, want ErrNotFound", commits, store.OpenUnknownKey, err)
		}
		if err := r.engine.Close(); err != nil {
			t.Error(err)
		}
	}
}

// One damaged link does not keep the bridge from starting; once it is mended, the next start notes what is open.
func TestNoteOpenDamaged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		older(t, r.path, []*Link{aged(1, 0), aged(2, 0)})
		engine, err := bolt.Open(r.path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		disk := &fakeDisk{Engine: engine}
		s, err := store.Open(t.Context(), disk)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			damaged string
			want    int
		}{{linkKey(Thread{help, at(1)}), 0}, {"", 2}} {
			disk.damages(c.damaged)
			b := New(Config{SweepWindow: r.window}, r.slack, r.gitlab, s, parseTeam(t, testTeam), zerolog.New(&r.log), noMeter{})
			if err := b.orient(t.Context()); err != nil {
				t.Errorf("orient with %q damaged = %v, want nil", c.damaged, err)
			}
			noted, err := engine.Scan(t.Context(), openPrefix, "", 10)
			if err != nil || len(noted) != c.want {
				t.Errorf("with %q damaged sweeps know of %v, %v, want %d", c.damaged, noted, err, c.want)
			}
		}
		if log := r.log.String(); !strings.Contains(log, "damaged") {
			t.Errorf("the log does not tell: %s", log)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
}
