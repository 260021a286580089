package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// grown is a store to measure: threads with an issue each, as the bridge leaves them once nothing waits.
type grown struct {
	path     string
	channel  string
	project  int
	threads  int
	messages int       // replies in each, all mirrored
	until    time.Time // when the last of them was
}

// together is how many threads people write in at the same time: what lies side by side in the store was not written one after the other.
const together = 5000

// growEvery is how long after one thread the next begins.
const growEvery = 30 * time.Second

// ts gives the n-th message of a thread its name; the first is 0.
func (g grown) ts(thread, n int) string {
	at := g.until.Add(time.Duration(thread-g.threads-together) * growEvery).Add(time.Duration(n) * 97 * time.Second)
	return fmt.Sprintf("%d.%06d", at.Unix(), thread*7%1_000_000)
}

func (g grown) thread(i int) string { return g.channel + "/" + g.ts(i, 0) }

// make writes the store, thousands of messages at once.
func (g grown) make(ctx context.Context) error { return g.write(ctx, g.rounds) }

// write writes the store, its threads by fill.
func (g grown) write(ctx context.Context, fill func(context.Context, *store.Store) error) (err error) {
	engine, err := bolt.Open(g.path, bolt.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	s, err := store.Open(ctx, engine)
	if err != nil {
		return err
	}
	c := s.Change()
	c.Put("rules/2df8a86c81583913", map[string]any{"acknowledged": "eyes", "agents": []string{"U0ONE", "U0TWO"}})
	c.Put("cursor/listed/"+g.channel, g.until.AddDate(-1, 0, 0))
	c.Put("cursor/lapse", struct{}{})
	c.Put(fmt.Sprintf("cursor/poll/%d", g.project), g.until)
	c.Put("cursor/alive", g.until)
	if err := s.Commit(ctx, c); err != nil {
		return err
	}
	return fill(ctx, s)
}

// rounds puts down message after message of thousands of threads together.
func (g grown) rounds(ctx context.Context, s *store.Store) error {
	for first := 0; first < g.threads; first += together {
		for n := 0; n <= g.messages; n++ {
			if err := g.round(ctx, s, first, min(first+together, g.threads), n); err != nil {
				return err
			}
		}
	}
	return nil
}

// round puts down that the n-th message of each of these threads was passed on.
func (g grown) round(ctx context.Context, s *store.Store, from, to, n int) error {
	c := s.Change()
	for i := from; i < to; i++ {
		g.message(c, i, n)
	}
	return s.Commit(ctx, c)
}

// message puts down that the n-th message of a thread was passed on.
func (g grown) message(c *store.Change, i, n int) {
	t, ts := g.thread(i), g.ts(i, n)
	c.Put("link/"+t, g.link(i, n))
	c.Put("audit/"+t, g.audit(i, n))
	if n == 0 {
		c.Put(fmt.Sprintf("issue/%d/%d", g.project, i+1), map[string]string{"channel": g.channel, "ts": ts})
		c.Put("card/"+t, map[string]string{"ts": ts, "hash": "84eab9d170e8dd6e"})
	} else {
		c.Put("msg/"+t+"/"+ts, 100_000_000+i*1000+n)
	}
}

func (g grown) link(i, n int) map[string]any {
	at := g.until.Add(time.Duration(i-g.threads) * growEvery)
	return map[string]any{
		"issue": map[string]any{"project": g.project, "iid": i + 1, "closed": true, "labels": []string{"flow::new"}, "assignees": []string{"one"},
			"url": fmt.Sprintf("https://gitlab.example.com/acme/app/-/issues/%d", i+1), "ref": fmt.Sprintf("acme/app#%d", i+1)},
		"created": at, "closed": at, "done": at, "requester": "U0ADA", "newest": g.ts(i, n), "read": g.ts(i, n), "birth": []string{"flow::new"},
		"seen": []map[string]any{{"e": "eyes", "u": "U0ONE", "as": "one"}}, "meanings": "2df8a86c81583913", "by": "U0ONE",
		"title": "1f0e84eab9d170e8", "text": "d6e84eab9d170e8d", "polled": at, "shown": true,
	}
}

// audit is the history of a thread: how it came about, and the last replies.
func (g grown) audit(i, n int) []map[string]any {
	at := g.until.Add(time.Duration(i-g.threads) * growEvery).Truncate(time.Second)
	deeds := []map[string]any{{"at": at, "what": "acknowledged by U0ONE"}, {"at": at, "what": fmt.Sprintf("created acme/app#%d", i+1)}, {"at": at, "what": "card posted"}}
	for m := max(0, n-3); m < n; m++ {
		deeds = append(deeds, map[string]any{"at": at, "what": "1 new reply"},
			map[string]any{"at": at, "what": fmt.Sprintf("note %d on acme/app#%d with 1 reply", i*10+m+1, i+1)})
	}
	return deeds
}
