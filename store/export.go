package store

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// An export is JSON Lines: a header, a line a record in ascending order of keys, and
// a trailer with their number, so that one which was cut short is noticed. Records
// are in it as they are stored, byte for byte: what is no text goes in base 64.

const (
	exportFormat  = "slack-gitlab-bridge export"
	exportVersion = 1
)

// exportHeader is the first line.
type exportHeader struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Store is the version of the records, as versionKey has it.
	Store int `json:"store"`
	// Taken is when; zero: by an older program, which did not tell.
	Taken time.Time `json:"taken,omitzero"`
}

// exportLine is any other line: a record or, with Records, the trailer.
type exportLine struct {
	Key     *string         `json:"key,omitempty"`
	Key64   []byte          `json:"key64,omitempty"` // instead of Key, where that is no UTF-8
	Value   json.RawMessage `json:"value,omitempty"`
	Value64 *[]byte         `json:"value64,omitempty"` // instead of Value, where that is no JSON
	Records *int            `json:"records,omitempty"`
}

// Export writes all records to w, without holding more than a page of them in memory,
// and returns how many there were. They must hold still meanwhile: pages of different
// moments do not fit each other; so what is in use is copied first (Backuper), or read
// from one picture (Shared). What w holds after an error lacks its last line, and
// Import refuses it.
func Export(ctx context.Context, e Reader, w io.Writer) (n int, err error) {
	v, err := readVersion(ctx, e)
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	err = writeLine(out, exportHeader{exportFormat, exportVersion, v, time.Now().UTC()})
	if err == nil {
		err = scan(ctx, e, "", func(kv KV) error {
			if kv.Key == versionKey {
				return nil // the header has it
			}
			n++
			return writeLine(out, lineOf(kv))
		})
	}
	if err == nil {
		err = writeLine(out, exportLine{Records: &n})
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return n, fmt.Errorf("export: %w", err)
	}
	return n, nil
}

// readVersion returns the version of a store that is whole.
func readVersion(ctx context.Context, e Reader) (int, error) {
	raw, err := e.Get(ctx, versionKey)
	if errors.Is(err, ErrNotFound) {
		return 0, notOurs(ctx, e)
	}
	if err != nil {
		return 0, err
	}
	return decodeVersion(raw)
}

func lineOf(kv KV) exportLine {
	var l exportLine
	if utf8.ValidString(kv.Key) {
		l.Key = &kv.Key
	} else {
		l.Key64 = []byte(kv.Key)
	}
	// Only what survives being written and read as it is.
	if again, err := encode(json.RawMessage(kv.Value)); err == nil && string(again) == string(kv.Value) && utf8.Valid(kv.Value) {
		l.Value = kv.Value
	} else {
		value := append([]byte{}, kv.Value...)
		l.Value64 = &value
	}
	return l
}

func writeLine(w io.Writer, v any) error {
	line, err := encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
