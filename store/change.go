package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Change is what is to be committed at once. Its methods only gather; a fault in what
// they are given comes out of Commit. The last word on a key counts. It belongs to
// one goroutine and is committed once.
type Change struct {
	guards []Guard
	writes map[string]*write
	order  []string
	err    error
}

// write is the last word on one key: a job, a value or, with neither, a delete.
type write struct {
	job   *Job
	last  bool // the job goes to the end of its lane
	value []byte
}

// Change returns an empty change.
func (s *Store) Change() *Change { return &Change{writes: map[string]*write{}} }

// GuardJob makes the commit depend on the job being as it was read: by Job, Jobs,
// ThreadJobs or Next, or as PutJob returned it.
func (c *Change) GuardJob(read Job) {
	if read.raw == nil {
		c.fail(fmt.Errorf("guard job %s: it was not read from the store", read.Key))
		return
	}
	c.guards = append(c.guards, Guard{jobPrefix + read.Key, read.raw})
}

// GuardNoJob makes the commit depend on there being no job of that key.
func (c *Change) GuardNoJob(key string) {
	c.guards = append(c.guards, Guard{Key: jobPrefix + key})
}

// PutJob adds the job or replaces the one of its key. What it returns is the job as
// stored, once Commit has returned nil: a further change may be guarded by it without
// reading the job again.
func (c *Change) PutJob(j Job) *Job {
	if j.Key == "" || j.Lane == "" {
		c.fail(fmt.Errorf("put job %q in lane %q: both must be named", j.Key, j.Lane))
	}
	c.write(jobPrefix+j.Key, &write{job: &j})
	return &j
}

// PutJobLast is PutJob, but a job that is there already goes to the end of its lane.
func (c *Change) PutJobLast(j Job) *Job {
	put := c.PutJob(j)
	c.writes[jobPrefix+j.Key].last = true
	return put
}

// DeleteJob ends the job of that key, if there is one.
func (c *Change) DeleteJob(key string) { c.write(jobPrefix+key, &write{}) }

// Guard makes the commit depend on the record being as it was read: raw is
// Record.Raw.
func (c *Change) Guard(key string, raw []byte) {
	if raw == nil {
		c.fail(fmt.Errorf("guard %s: no value as read", key))
		return
	}
	c.guards = append(c.guards, Guard{key, raw})
}

// GuardAbsent makes the commit depend on there being no record of that key.
func (c *Change) GuardAbsent(key string) { c.guards = append(c.guards, Guard{Key: key}) }

// Put writes v, as JSON, under key, which is a prefix, a slash and a name, such as
// link/C1/1.5.
func (c *Change) Put(key string, v any) {
	value, err := encode(v)
	if err != nil {
		c.fail(fmt.Errorf("put %s: %w", key, err))
	}
	c.record(key, &write{value: value})
}

// Delete removes the record of that key, if there is one.
func (c *Change) Delete(key string) { c.record(key, &write{}) }

// Empty reports whether the change writes nothing.
func (c *Change) Empty() bool { return len(c.order) == 0 }

func (c *Change) record(key string, w *write) {
	if !strings.Contains(key, "/") || strings.HasPrefix(key, jobPrefix) || strings.HasPrefix(key, metaPrefix) {
		c.fail(fmt.Errorf("write record %q: a record has a prefix of its own", key))
	}
	c.write(key, w)
}

func (c *Change) write(key string, w *write) {
	if c.writes[key] == nil {
		c.order = append(c.order, key)
	}
	c.writes[key] = w
}

// fail keeps the first fault: the others often follow from it.
func (c *Change) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// Commit does all of c or nothing; the errors are those of Engine.Commit. When it
// returns nil, c is durable and Next knows of it.
func (s *Store) Commit(ctx context.Context, c *Change) error {
	b, err := s.batch(c)
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return s.engine.Commit(ctx, b)
}

// batch numbers the jobs of c and puts all into the engine's form.
func (s *Store) batch(c *Change) (Batch, error) {
	b := Batch{Guards: c.guards, Term: s.term}
	if c.err != nil {
		return b, c.err
	}
	for _, key := range c.order {
		w := c.writes[key]
		if w.job != nil {
			s.number(w.job, w.last, c.absent(key))
			raw, err := encodeJob(*w.job)
			if err != nil {
				return b, err
			}
			w.job.raw, w.value = raw, raw
		}
		if w.value == nil {
			b.Deletes = append(b.Deletes, key)
		} else {
			b.Puts = append(b.Puts, KV{key, w.value})
		}
	}
	return b, nil
}

// absent reports whether the change depends on there being nothing under the key.
func (c *Change) absent(key string) bool {
	return slices.ContainsFunc(c.guards, func(g Guard) bool { return g.Key == key && g.Value == nil })
}

// number gives the job its place, its revision and its birth. A job put without
// having been read keeps those of the one it replaces, unless it is fresh: then there
// is none, though the index may not know yet that the one before has ended.
func (s *Store) number(j *Job, last, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.queue.jobs[j.Key]; old != nil {
		j.Rev = max(j.Rev, old.rev)
		last = last || fresh
		if j.Seq == 0 {
			j.Seq = old.seq
		}
		if j.Since.IsZero() {
			j.Since = old.since
		}
	}
	j.Rev++
	if last || j.Seq == 0 {
		s.seq++
		j.Seq = s.seq
	}
	if j.Since.IsZero() {
		j.Since = time.Now()
	}
}
