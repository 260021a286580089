package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// page is how many records are read at once where all are wanted: enough to make the
// round trips few, little enough to hold no read open for long.
const page = 500

// Store is jobs and records over an engine. Every method may be called at any time
// from any goroutine.
type Store struct {
	engine Engine
	term   int64 // on which commits depend; zero: on none
	*waiting
}

// waiting is what Next chooses from.
type waiting struct {
	mu      sync.Mutex
	queue   *queue
	seq     uint64        // the greatest Seq given or seen
	changed chan struct{} // closed when Next has to look again; nil: nobody waits
}

// Open reads what waits in the engine and follows its commits from then on. It
// refuses an engine written by a newer program and brings an older one up to date.
// The engine stays the caller's to close.
func Open(ctx context.Context, engine Engine) (*Store, error) {
	if err := upgrade(ctx, engine, migrations); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{engine: engine, waiting: &waiting{queue: newQueue()}}
	// Commits that come during the scan wait for the lock and are applied after it,
	// in their order: whatever the scan saw of them, the end is the same.
	s.mu.Lock()
	defer s.mu.Unlock()
	engine.Watch(s.follow)
	if shared, ok := engine.(Shared); ok {
		shared.WatchGap(s.catchUp)
	}
	found, err := readJobs(ctx, engine)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	for _, e := range found {
		s.index(e)
	}
	return s, nil
}

// readJobs reads what waits: who has waited longest has the first turn.
func readJobs(ctx context.Context, r Reader) (found []*entry, err error) {
	err = scan(ctx, r, jobPrefix, func(kv KV) error {
		j, err := decodeJob(kv)
		found = append(found, entryOf(j))
		return err
	})
	slices.SortFunc(found, (*entry).compare)
	return found, err
}

// During returns the same store, all of whose commits depend on Batch.Term: on the
// process that was elected with that term being the holder still. What waits is the
// same for both.
func (s *Store) During(term int64) *Store {
	return &Store{engine: s.engine, term: term, waiting: s.waiting}
}

// Check reports whether the store can be written, by writing.
func (s *Store) Check(ctx context.Context) error { return s.engine.Check(ctx) }

// Record is a record as read. Raw is its JSON, and what Change.Guard takes.
type Record struct {
	Key string
	Raw []byte
}

// Decode puts the record into v, as json.Unmarshal does.
func (r Record) Decode(v any) error {
	if err := json.Unmarshal(r.Raw, v); err != nil {
		return fmt.Errorf("decode %s: %w", r.Key, err)
	}
	return nil
}

// Read returns the record of that key and whether there is one.
func (s *Store) Read(ctx context.Context, key string) (r Record, found bool, err error) {
	raw, err := s.engine.Get(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return Record{}, false, nil
	}
	if err != nil {
		return Record{}, false, err
	}
	return Record{key, raw}, true, nil
}

// Get puts the record of that key into v and reports whether there is one; if not, v
// is left alone.
func (s *Store) Get(ctx context.Context, key string, v any) (found bool, err error) {
	r, found, err := s.Read(ctx, key)
	if !found || err != nil {
		return false, err
	}
	return true, r.Decode(v)
}

// List returns at most limit records (limit > 0) whose keys start with prefix and are
// greater than after, in ascending order of keys.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) ([]Record, error) {
	kvs, err := s.engine.Scan(ctx, prefix, after, limit)
	if err != nil {
		return nil, err
	}
	records := make([]Record, len(kvs))
	for i, kv := range kvs {
		records[i] = Record{kv.Key, kv.Value}
	}
	return records, nil
}

// scan calls f with every record under prefix, in ascending order of keys, page by
// page.
func (s *Store) scan(ctx context.Context, prefix string, f func(KV) error) error {
	return scan(ctx, s.engine, prefix, f)
}

func scan(ctx context.Context, e Reader, prefix string, f func(KV) error) error {
	for after := ""; ; {
		kvs, err := e.Scan(ctx, prefix, after, page)
		if err != nil {
			return err
		}
		for _, kv := range kvs {
			if err := f(kv); err != nil {
				return err
			}
			after = kv.Key
		}
		if len(kvs) < page {
			return nil
		}
	}
}

// follow keeps the index in step with one commit.
func (s *Store) follow(b Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range b.Deletes {
		if name, ok := strings.CutPrefix(key, jobPrefix); ok {
			s.queue.remove(name, time.Now())
		}
	}
	for _, kv := range b.Puts {
		if !strings.HasPrefix(kv.Key, jobPrefix) {
			continue
		}
		j, err := decodeJob(kv)
		if err != nil {
			panic("store: a job it committed itself: " + err.Error())
		}
		s.index(entryOf(j))
	}
	s.wake()
}

// catchUp brings the index up to a picture, in place of the commits that led there.
func (s *Store) catchUp(ctx context.Context, now Reader) error {
	found, err := readJobs(ctx, now)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := maps.Clone(s.queue.jobs)
	for _, e := range found {
		s.index(e)
		delete(ended, e.key)
	}
	for key := range ended {
		s.queue.remove(key, time.Now())
	}
	s.wake()
	return nil
}

// index takes up one job as stored. The caller holds the lock.
func (s *Store) index(e *entry) {
	s.seq = max(s.seq, e.seq)
	s.queue.put(e, time.Now())
}
