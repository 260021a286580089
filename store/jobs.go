package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Job returns the job of that key and whether there is one.
func (s *Store) Job(ctx context.Context, key string) (j Job, found bool, err error) {
	raw, err := s.engine.Get(ctx, jobPrefix+key)
	if errors.Is(err, ErrNotFound) {
		return Job{}, false, nil
	}
	if err != nil {
		return Job{}, false, fmt.Errorf("read job %s: %w", key, err)
	}
	j, err = decodeJob(KV{jobPrefix + key, raw})
	return j, err == nil, err
}

// ThreadJobs returns the jobs whose keys start with prefix, in the order in which
// they were first put. To mean one thread and no other, the prefix ends with the
// separator: C1/1.5/.
func (s *Store) ThreadJobs(ctx context.Context, prefix string) ([]Job, error) {
	var jobs []Job
	err := s.scan(ctx, jobPrefix+prefix, func(kv KV) error {
		j, err := decodeJob(kv)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read jobs %s: %w", prefix, err)
	}
	slices.SortFunc(jobs, func(a, b Job) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Key, b.Key))
	})
	return jobs, nil
}

// HasJob reports whether there is a job whose key starts with prefix.
func (s *Store) HasJob(ctx context.Context, prefix string) (bool, error) {
	kvs, err := s.engine.Scan(ctx, jobPrefix+prefix, "", 1)
	return len(kvs) > 0, err
}

// Jobs returns all jobs in the order in which they were first put. It reads them from
// disk: for people, not for the loop.
func (s *Store) Jobs(ctx context.Context) ([]Job, error) { return s.ThreadJobs(ctx, "") }

// Gated returns the keys of the jobs that wait, or have waited, at a gate, from memory.
func (s *Store) Gated() (keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, e := range s.queue.jobs {
		if e.gate != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Stats is what waits, counted.
type Stats struct {
	Waiting int       // neither begun nor parked
	Begun   int       // begun and not parked: sent, or about to be, and not ended
	Parked  int       // given up
	Lanes   int       // lanes with a job that is not parked out of the way
	Taken   int       // lanes handed out by Next and not released
	Oldest  time.Time // Since of the oldest job that is not parked; zero: none
}

// Stats counts from memory.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.stats()
}

// StatsBy counts from memory the jobs of each group into which their keys fall, without
// their lanes. group must be quick and must not call the store.
func (s *Store) StatsBy(group func(key string) string) map[string]Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]Stats{}
	for _, e := range s.queue.jobs {
		name := group(e.key)
		st := out[name]
		st.count(e)
		out[name] = st
	}
	return out
}

// count adds one job.
func (st *Stats) count(e *entry) {
	switch {
	case e.parked:
		st.Parked++
		return
	case e.begun:
		st.Begun++
	default:
		st.Waiting++
	}
	if st.Oldest.IsZero() || e.since.Before(st.Oldest) {
		st.Oldest = e.since
	}
}
