package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// importKey is there while an import is under way. The version, without which Open
// refuses the records, comes in the commit that takes it away: an import that was cut
// short is never taken for a store.
const importKey = metaPrefix + "import"

var importMark = []byte(`{}`)

// How much goes into one commit of an import, unless one record is more, and how long
// a line may be: together they bound what an import needs of memory. No engine finds
// such a commit too big.
const (
	importRecords = 500
	importBytes   = 1 << 20
	importLine    = 64 << 20
)

// ErrNotEmpty means that what is to be imported into an engine would mix with what it holds.
var ErrNotEmpty = errors.New("the store is not empty")

// Import puts what Export wrote into an engine that is empty, or holds nothing but
// the rest of an import that was cut short, and returns the number of records. Nobody
// else may use the engine meanwhile. It is there whole or not at all: after an error
// the engine is empty again, and if the process dies, or even that fails, Open
// refuses what is there until Import was called again.
//
// ErrNotEmpty if there is something; nothing was touched then.
func Import(ctx context.Context, e Engine, r io.Reader) (n int, err error) {
	in := &importer{engine: e, lines: bufio.NewReaderSize(r, 64<<10)}
	h, err := in.header()
	if err == nil {
		err = in.begin(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("import: %w", err)
	}
	if err = in.records(ctx); err == nil {
		err = in.finish(ctx, h)
	}
	if err != nil {
		// Also after the end of ctx: to clean up is quick.
		return 0, fmt.Errorf("import: %w", errors.Join(err, in.wipe(context.WithoutCancel(ctx))))
	}
	return in.n, nil
}

// importer is an import under way.
type importer struct {
	engine Engine
	lines  *bufio.Reader
	line   int // the number of the last one read, from 1
	n      int // records so far
	last   string
	batch  Batch
	size   int  // of the batch's keys and values, in bytes
	copied bool // the records tell when they were copied
}

// next reads a line; io.EOF after the last.
func (i *importer) next() (line []byte, err error) {
	i.line++
	for {
		part, err := i.lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > importLine:
			return nil, i.fault("longer than %d bytes", importLine)
		case err == nil:
			return line, nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			return nil, i.fault("cut short: the export is not complete")
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// fault names the line with what is wrong about it.
func (i *importer) fault(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", i.line, fmt.Errorf(format, args...))
}

func (i *importer) decode(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return i.fault("%w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return i.fault("more than one value")
	}
	return nil
}

// header reads the first line and refuses what this program cannot know.
func (i *importer) header() (h exportHeader, err error) {
	line, err := i.next()
	if errors.Is(err, io.EOF) {
		return h, errors.New("there is nothing to import")
	}
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Format != exportFormat {
		return h, i.fault("not the header of an export of this program")
	}
	if newest := len(migrations) + 1; h.Version > exportVersion || h.Store > newest {
		return h, i.fault("an export of version %d of a store of version %d, this program knows up to %d and %d: run the newer program that wrote it",
			h.Version, h.Store, exportVersion, newest)
	}
	if h.Version < 1 || h.Store < 1 {
		return h, i.fault("there is no version %d of an export or %d of a store", h.Version, h.Store)
	}
	return h, nil
}

// begin marks an empty engine, and makes one empty that holds the rest of an import.
func (i *importer) begin(ctx context.Context) error {
	switch _, err := i.engine.Get(ctx, importKey); {
	case err == nil:
		if err := i.wipe(ctx); err != nil {
			return fmt.Errorf("remove what an import left that was cut short: %w", err)
		}
	case !errors.Is(err, ErrNotFound):
		return err
	}
	kvs, err := i.engine.Scan(ctx, "", "", 2)
	if err != nil {
		return err
	}
	b := Batch{Guards: []Guard{{Key: importKey}}, Puts: []KV{{importKey, importMark}}}
	for _, kv := range kvs {
		if kv.Key != versionKey {
			return fmt.Errorf("%w: it holds %q", ErrNotEmpty, kv.Key)
		}
		b.Guards = append(b.Guards, Guard{versionKey, kv.Value})
		b.Deletes = append(b.Deletes, versionKey)
	}
	return i.engine.Commit(ctx, b)
}

// records puts record after record, until the trailer.
func (i *importer) records(ctx context.Context) error {
	for {
		line, err := i.next()
		if errors.Is(err, io.EOF) {
			return i.fault("the end is missing: the export is not complete")
		}
		if err != nil {
			return err
		}
		var l exportLine
		if err := i.decode(line, &l); err != nil {
			return err
		}
		if l.Records != nil {
			return i.trailer(*l.Records)
		}
		if err := i.put(ctx, l); err != nil {
			return err
		}
	}
}

// trailer checks the number of records, and that nothing follows.
func (i *importer) trailer(want int) error {
	if i.n != want {
		return i.fault("%d records came before it, it says %d: the export is not complete", i.n, want)
	}
	if _, err := i.next(); !errors.Is(err, io.EOF) {
		return i.fault("something follows the end")
	}
	return nil
}

// put takes up one record, and commits those before it when there are enough.
func (i *importer) put(ctx context.Context, l exportLine) error {
	kv, err := l.record()
	switch {
	case err != nil:
		return i.fault("%w", err)
	case kv.Key <= i.last:
		return i.fault("%q comes after %q: the lines are not as they were written", kv.Key, i.last)
	case kv.Key == versionKey || kv.Key == importKey:
		return i.fault("%q is not for an export", kv.Key)
	}
	if err := checkKey(kv.Key); err != nil {
		return i.fault("%w", err)
	}
	size := len(kv.Key) + len(kv.Value)
	if n := len(i.batch.Puts); n == importRecords || n > 0 && i.size+size > importBytes {
		if err := i.commit(ctx); err != nil {
			return err
		}
	}
	i.n++
	i.last = kv.Key
	i.copied = i.copied || kv.Key == CopiedKey
	i.batch.Puts = append(i.batch.Puts, kv)
	i.size += size
	return nil
}

// record is the record of a line.
func (l exportLine) record() (kv KV, err error) {
	if (l.Key == nil) == (l.Key64 == nil) || (l.Value == nil) == (l.Value64 == nil) {
		return kv, errors.New("not one key and one value")
	}
	kv.Key, kv.Value = string(l.Key64), l.Value
	if l.Key != nil {
		kv.Key = *l.Key
	}
	if l.Value64 != nil {
		kv.Value = append([]byte{}, *l.Value64...) // never nil
	}
	return kv, nil
}

// commit writes what was taken up.
func (i *importer) commit(ctx context.Context) error {
	i.batch.Guards = []Guard{{importKey, importMark}}
	err := i.engine.Commit(ctx, i.batch)
	i.batch, i.size = Batch{}, 0
	return err
}

// finish makes it a store, with the last of the records, and says that it is a copy.
func (i *importer) finish(ctx context.Context, h exportHeader) error {
	raw, err := encode(version{h.Store})
	if err != nil {
		return err
	}
	i.batch.Puts = append(i.batch.Puts, KV{versionKey, raw})
	if !i.copied {
		i.batch.Puts = append(i.batch.Puts, Copied(h.Taken))
	}
	i.batch.Deletes = append(i.batch.Deletes, importKey)
	return i.commit(ctx)
}

// wipe deletes all there is, the mark last, as long as the mark is there.
func (i *importer) wipe(ctx context.Context) error {
	mark := []Guard{{importKey, importMark}}
	for {
		kvs, err := i.engine.Scan(ctx, "", "", importRecords)
		if err != nil {
			return err
		}
		b := Batch{Guards: mark}
		for _, kv := range kvs {
			if kv.Key != importKey || len(kvs) == 1 {
				b.Deletes = append(b.Deletes, kv.Key)
			}
		}
		if err := i.engine.Commit(ctx, b); err != nil {
			return err
		}
		if len(kvs) == 1 {
			return nil
		}
	}
}
