package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"slack-gitlab-bridge/store"
)

// Where the account may choose the numbers of its issues, each is reserved before it is asked for, in the commit that notes the request as begun. A
// request that GitLab carries out late then asks for a number that is taken, and GitLab itself refuses it. Another number is asked for only
// when the one before is known to be that of something else: it is taken for good, so what may still be under way for it comes to nothing.
// Numbers are left out by that; nobody promised that there are no gaps.

// numbers are those that this process has reserved. Its zero value is ready.
type numbers struct {
	mu      sync.Mutex
	last    map[int]int  // the highest of each project
	ignored map[int]bool // the projects in which GitLab chose another
}

// next gives a number above highest that was not given before.
func (n *numbers) next(project, highest int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil {
		n.last = map[int]int{}
	}
	n.last[project] = max(n.last[project], highest) + 1
	return n.last[project]
}

// news reports whether it is the first time that a project ignores what it is asked for.
func (n *numbers) news(project int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ignored[project] {
		return false
	}
	if n.ignored == nil {
		n.ignored = map[int]bool{}
	}
	n.ignored[project] = true
	return true
}

// fences reports whether the action's issue gets a number of the bridge's choice.
func (b *Bridge) fences(a Action) bool { return b.config.Fence && a.Create != nil }

// reserved puts a number into the job that makes an issue, if it is to have one and has none yet. It is written down with the job's being begun.
func (b *Bridge) reserved(ctx context.Context, job store.Job, a Action) (store.Job, error) {
	if !b.fences(a) || a.Create.Issue.IID != 0 {
		return job, nil
	}
	return b.renumbered(ctx, job, a)
}

// renumbered puts another number into the job: above all that GitLab shows, and none that an issue of the store ever had, since one that was
// deleted has left its number behind.
func (b *Bridge) renumbered(ctx context.Context, job store.Job, a Action) (store.Job, error) {
	project := a.Create.Project
	iid, err := b.gitlab.HighestIssue(ctx, project)
	if err != nil {
		return job, fmt.Errorf("reserve a number for an issue: %w", err)
	}
	for known := true; known; {
		iid = b.numbers.next(project, iid)
		if _, known, err = b.store.Read(ctx, issueKey(project, iid)); err != nil {
			return job, err
		}
	}
	a.Create.Issue.IID = iid
	job.Body, err = marshal(a)
	return job, err
}

// taken finds out whose the issue is that has the number which GitLab refused. It is the thread's own if an earlier request made it, and is found
// by that. Else another number is reserved. looked says that the effect of an earlier try with this number was looked for, and will not come any more.
func (b *Bridge) taken(ctx context.Context, job store.Job, t Thread, a Action, looked bool) (outcome, error) {
	project, iid := a.Create.Project, a.Create.Issue.IID
	issue, err := b.gitlab.Issue(ctx, project, iid)
	of, marked := markedThread(issue)
	switch {
	case err == nil && issue.Own && marked && of == t:
		return a.Create.found(issue), nil
	case errors.Is(err, ErrGone) && !looked: // it may be the thread's, and not to be seen yet
		return outcome{}, fmt.Errorf("number %d of project %d is taken, and no issue has it", iid, project)
	case err != nil && !errors.Is(err, ErrGone):
		return outcome{}, err
	}
	c := b.store.Change()
	c.GuardJob(job)
	if job, err = b.renumbered(ctx, job, a); err != nil {
		return outcome{}, err
	}
	job.Begun = time.Time{}
	c.PutJob(job)
	if err := b.store.Commit(ctx, c); err != nil {
		return outcome{}, err
	}
	return outcome{}, &Later{After: time.Second, Err: fmt.Errorf("number %d of project %d is another issue's: %d is reserved", iid, project, a.Create.Issue.IID)}
}

// create makes the thread's issue, and tells ops if GitLab did not heed the number that it was asked for.
func (b *Bridge) create(ctx context.Context, c *CreateIssue) (outcome, error) {
	issue, err := b.gitlab.CreateIssue(ctx, c.Project, c.Issue)
	if err != nil {
		return outcome{}, err
	}
	if c.Issue.IID != 0 && issue.IID != c.Issue.IID && b.numbers.news(c.Project) {
		b.log.Warn().Str("issue", issue.Ref).Int("reserved", c.Issue.IID).Msg("gitlab gave another number than was asked for: GITLAB_FENCE=iid needs a token with the role Owner")
		b.TellOps("GITLAB_FENCE=iid has no effect: GitLab gave " + issue.Ref + " another number than it was asked for. Give the account of GITLAB_TOKEN the role Owner there.")
	}
	return c.made(issue), nil
}
