package main

import (
	"context"
	"fmt"
	"time"
)

// manyMost is how much more the bridge may take with many threads than with none.
const manyMost = 1.5

// startMost is how long the bridge may take to be ready, in ms, however much its store holds.
const startMost = 200

// measureMemory starts the bridge on stores of growing size: what it takes is not to grow with them, nor how long the start takes.
func measureMemory(ctx context.Context, b *bench) (rows []row, err error) {
	if !b.wants("bridge") {
		return nil, nil
	}
	var none memory
	for _, threads := range []int{0, 10_000, 200_000} {
		m, took, err := b.startWith(ctx, b.size(threads, threads/1000))
		if err != nil {
			return rows, err
		}
		if threads == 0 {
			none = m
		}
		with := fmt.Sprintf(", %d linked threads", threads)
		rows = append(rows,
			row{name: "resident" + with, subject: "bridge", value: megabytes(m.resident), unit: "MB"}.atMost(idleMost*manyMost, ""),
			row{name: "of it no file's" + with, subject: "bridge", value: megabytes(m.anonymous), unit: "MB"}.
				atMost(megabytes(none.anonymous)*manyMost, "MB"),
			row{name: "start to ready" + with, subject: "bridge", value: milliseconds(took), unit: "ms"}.atMost(startMost, ""))
	}
	return rows, nil
}

// startWith starts the bridge on a store with so many threads, and looks at it when it has swept and rests.
func (b *bench) startWith(ctx context.Context, threads int) (m memory, took time.Duration, err error) {
	s, err := b.stage(stageOptions{})
	if err != nil {
		return m, 0, err
	}
	defer func() { err = s.closeAfter(err) }()
	if threads > 0 {
		// Their issues were closed a month ago.
		g := grown{path: s.store(), channel: s.channels[0], project: s.project, threads: threads, messages: 2, until: time.Now().UTC().AddDate(0, -1, 0)}
		if err := g.make(ctx); err != nil {
			return m, 0, err
		}
	}
	p, took, err := s.start(ctx, b.bridge())
	if err != nil {
		return m, 0, err
	}
	defer p.stop()
	time.Sleep(time.Duration(b.size(15, 1)) * time.Second)
	m, err = p.memory()
	return m, took, err
}

// closeAfter closes the stage and keeps the error that came before, if there is one.
func (s *stage) closeAfter(err error) error {
	if closing := s.close(); err == nil {
		return closing
	}
	return err
}
