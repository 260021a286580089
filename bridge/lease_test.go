package bridge

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// leased starts a bridge whose lease lasts as long as what is returned says.
func leased(t *testing.T, lasts time.Duration) (r *rig, th Thread, lease *atomic.Int64) {
	t.Helper()
	r, lease = newRig(t), new(atomic.Int64)
	lease.Store(int64(lasts))
	r.lease = func() time.Duration { return time.Duration(lease.Load()) }
	r.start()
	th = Thread{help, at(0)}
	r.slack.post(th, says(th.TS, asker, "The build is red"))
	return r, th, lease
}

// What must not be done twice is not even written down as begun when another instance may take over before its answer.
func TestNothingIsSentAtTheEndOfALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, th, lease := leased(t, leaseMargin+leastCall-time.Millisecond)
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Minute)
		if n := r.gitlab.count("CreateIssue"); n != 0 {
			t.Errorf("%d issues were sent though the lease hardly lasted, want 0", n)
		}
		lease.Store(int64(5 * time.Second))
		r.idle()
		r.only()
		if created, found := r.gitlab.count("CreateIssue"), r.gitlab.count("FindIssue"); created != 1 || found != 0 {
			t.Errorf("%d issues were sent and %d searches made, want 1 and none", created, found)
		}
		r.stop()
	})
}

// A request ends before the lease does. What became of it is looked for.
func TestARequestEndsBeforeTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, th, _ := leased(t, 5*time.Second)
		r.gitlab.mu.Lock()
		r.gitlab.takes = time.Minute
		r.gitlab.mu.Unlock()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(5*time.Second - leaseMargin + 100*time.Millisecond)
		synctest.Wait()
		jobs, err := r.store.Jobs(t.Context())
		if err != nil || len(jobs) != 1 || jobs[0].Tries != 1 || jobs[0].Begun.IsZero() {
			t.Errorf("jobs when the lease might end = %+v, %v; want one, begun and cut short", jobs, err)
		}
		r.gitlab.mu.Lock()
		r.gitlab.takes = 0
		r.gitlab.mu.Unlock()
		r.idle()
		r.only()
		r.stop()
	})
}
