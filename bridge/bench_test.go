package bridge

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// newBench is a bridge that does nothing by itself, with so many threads that have their issues.
func newBench(b testing.TB, threads int) (*rig, []Thread) {
	r := newRig(b)
	var err error
	if r.engine, err = bolt.Open(r.path, bolt.Options{}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := r.engine.Close(); err != nil {
			b.Error(err)
		}
	})
	if r.store, err = store.Open(b.Context(), r.engine); err != nil {
		b.Fatal(err)
	}
	r.bridge = New(Config{Settle: time.Minute, Undo: time.Minute, GitLabHost: "gitlab.example.com"}, r.slack, r.gitlab, r.store, parseTeam(b, testTeam), zerolog.Nop(), r.meter)
	all := make([]Thread, threads)
	for i := range all {
		all[i] = Thread{help, fmt.Sprintf("%d.%06d", time.Now().Unix()-3600, i)}
		r.slack.post(all[i], says(all[i].TS, asker, "The build is red"))
		r.reacted(all[i], all[i].TS, agentOne, "eyes", true)
	}
	r.work()
	return r, all
}

// work does what waits and is due.
func (r *rig) work() {
	r.t.Helper()
	for r.store.Stats().Waiting+r.store.Stats().Begun > 0 {
		job, err := r.store.Next(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		for next := &job; next != nil; {
			next = r.bridge.attempt(r.t.Context(), *next, next != &job)
		}
		r.store.Release(job.Lane)
	}
}

// BenchmarkAccept shows what an event costs until it is durable, and how many share one fsync.
func BenchmarkAccept(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			r, threads := newBench(b, callers)
			before := r.engine.FsyncCount()
			b.ReportAllocs()
			b.ResetTimer()
			var n atomic.Int64
			var wg sync.WaitGroup
			for _, th := range threads {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						m := Message{TS: fmt.Sprintf("%d.%06d", time.Now().Unix(), i), ThreadTS: th.TS, User: asker, Content: markup.Message{Text: "And another thing"}}
						if err := r.bridge.Accept(context.Background(), Event{Kind: MessagePosted, Channel: help, TS: m.TS, User: asker, Message: &m}); err != nil {
							b.Errorf("Accept = %v", err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(r.engine.FsyncCount()-before)/float64(b.N), "fsyncs/op")
		})
	}
}

// BenchmarkIgnored shows what an event costs that concerns nothing here, as most do: none is written down.
func BenchmarkIgnored(b *testing.B) {
	r, _ := newBench(b, 1)
	e := Event{Kind: MessagePosted, Channel: help, TS: at(50), User: asker, Message: new(says(at(50), asker, "Good morning"))}
	e.Message.ThreadTS = at(40)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.bridge.Accept(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReply shows what a reply costs from its event to its note, but for what GitLab takes.
func BenchmarkReply(b *testing.B) {
	r, threads := newBench(b, 1)
	before := r.engine.FsyncCount()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		m := says(fmt.Sprintf("%d.%06d", time.Now().Unix(), n), asker, "And another thing")
		m.ThreadTS = threads[0].TS
		r.accept(Event{Kind: MessagePosted, Channel: help, TS: m.TS, User: asker, Message: &m})
		r.work()
	}
	b.ReportMetric(float64(r.engine.FsyncCount()-before)/float64(b.N), "fsyncs/op")
}

// BenchmarkDecide shows what a decision costs about a thread that gets its issue.
func BenchmarkDecide(b *testing.B) {
	for _, replies := range []int{0, 200} {
		b.Run(fmt.Sprintf("replies=%d", replies), func(b *testing.B) {
			bare := Bridge{slack: &fakeSlack{}}
			bare.file.Store(parseTeam(b, testTeam))
			root := says(at(0), asker, "The build is red")
			root.Reactions = []Reaction{{Emoji: "eyes", Users: []string{agentOne}, Count: 1}}
			f := Facts{Now: time.Now().UTC(), Thread: Thread{help, at(0)}, Rules: bare.rules(help), Root: &root, Whole: true, Reactions: true,
				Mirrored: map[string]mirror{}, Fresh: map[Given]bool{}, Names: markup.Names{Users: map[string]string{asker: "Ada"}},
				Channel: ChannelInfo{ID: help, Name: "help", Private: true}, Project: Project{ID: 7, Path: "acme/app", Visibility: "private"}}
			for i := range replies {
				m := says(at(i+1), asker, "And another thing, with *bold* words and a link <https://example.com/|here>")
				m.ThreadTS = f.Thread.TS
				f.Replies = append(f.Replies, m)
			}
			b.ReportAllocs()
			for b.Loop() {
				if v := Decide(f); len(v.Actions) == 0 {
					b.Fatalf("Decide = %+v, want an issue", v)
				}
			}
		})
	}
}

// BenchmarkRules shows what finding the rules of a channel costs, which each event begins with.
func BenchmarkRules(b *testing.B) {
	r, _ := newBench(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		if r.bridge.rules(help) == nil {
			b.Fatal("no rules")
		}
	}
}
