package bridge

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/store"
)

// Rebuilt is what Rebuild found in one project.
type Rebuilt struct {
	Project string // its path
	Issues  int    // with a mark, or adopted
	Threads int    // of these: without a link so far
	Adopted int    // of these: by a permalink alone
}

// ErrNotNew means that a store is not to be rebuilt, since it knows something.
var ErrNotNew = errors.New("the store is not empty")

// Rebuild puts into a new store what the marks in GitLab tell, of all projects of the agents file: which thread has which issue. The bridge that
// runs on it next takes these threads over. With adopt it takes also issues without a mark, of the bridge's account or a former one, that have a
// permalink of a thread in a channel of theirs. It asks GitLab once per 100 issues. Cut short, it may be called again. found is told of each
// project.
//
// ErrNotNew if the store knows something; nothing was touched then.
func Rebuild(ctx context.Context, g GitLab, s *store.Store, team *agents.File, adopt bool, found func(Rebuilt)) error {
	if fresh, err := isNew(ctx, s); err != nil || !fresh {
		return errors.Join(err, ErrNotNew)
	}
	now := time.Now().UTC()
	c := s.Change()
	c.Put(lapseKey, lapse{Until: now})
	seen := map[int]bool{}
	for _, channel := range team.Channels() {
		p, err := g.Project(ctx, channel.Project)
		if err != nil {
			return err
		}
		if seen[p.ID] {
			continue
		}
		seen[p.ID] = true
		var byPermalink func(Issue) (Thread, bool)
		if adopt {
			byPermalink = func(i Issue) (Thread, bool) { return linkedThread(ctx, g, team, p.ID, i) }
		}
		n, err := readMarks(ctx, g, s, p.ID, time.Time{}, byPermalink)
		if err != nil {
			return fmt.Errorf("read marks of %s: %w", p.Path, err)
		}
		c.Put(marksKey(p.ID), marksRecord{Until: now, At: now, Any: n.Issues > 0, Last: n.Last})
		found(Rebuilt{Project: p.Path, Issues: n.Issues, Threads: n.Threads, Adopted: n.Adopted})
	}
	return s.Commit(ctx, c)
}

// permalink is the address of a Slack message: https://acme.slack.com/archives/C0123456789/p1700000000000100, of a reply with
// ?thread_ts=1700000000.000000.
var permalink = regexp.MustCompile(`https?://[^\s/]+/archives/([A-Z0-9]+)/p([0-9]{9,11})([0-9]{6})(?:\?(?:[^\s)>\]]*&)?thread_ts=([0-9]{9,11}\.[0-9]{6}))?`)

// linkedThread tells which thread an issue is of by the first permalink in its description, if the thread's channel belongs to its project.
func linkedThread(ctx context.Context, g GitLab, team *agents.File, project int, i Issue) (Thread, bool) {
	m := permalink.FindStringSubmatch(i.Description)
	if m == nil {
		return Thread{}, false
	}
	channel, listed := team.Channel(m[1])
	if !listed {
		return Thread{}, false
	}
	p, err := g.Project(ctx, channel.Project)
	if err != nil || p.ID != project {
		return Thread{}, false
	}
	t := Thread{Channel: m[1], TS: m[2] + "." + m[3]}
	if m[4] != "" {
		t.TS = m[4]
	}
	return t, true
}

const accountsKey = "account/all"

// Accounts notes the GitLab account of the bridge in a store, and returns all that it ever was: a new token may be a new account, and the marks
// of those before still count.
func Accounts(ctx context.Context, s *store.Store, username string) (all []string, err error) {
	if _, err := s.Get(ctx, accountsKey, &all); err != nil {
		return nil, err
	}
	if noted := unique(append(all, username)); len(noted) > len(all) {
		c := s.Change()
		c.Put(accountsKey, noted)
		if err := s.Commit(ctx, c); err != nil {
			return all, err
		}
		all = noted
	}
	return all, nil
}
