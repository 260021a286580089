package fakeslack

import (
	"encoding/base64"
	"strconv"
	"time"
)

// cursor is where a listing goes on. It is good for its method alone, and not for long.
type cursor struct {
	method string
	next   int64 // the method's own: an index, or a time in microseconds
	until  time.Time
}

// pageSize reads the limit argument: def if absent or 0, at most most and at most Config.MaxPage.
func (c *call) pageSize(def, most int) (int, error) {
	n := def
	if text := c.args["limit"]; text != "" {
		given, err := strconv.Atoi(text)
		if err != nil || given < 0 {
			return 0, Error("invalid_limit")
		}
		if given > 0 {
			n = given
		}
	}
	if c.cfg.MaxPage > 0 {
		most = min(most, c.cfg.MaxPage)
	}
	return min(n, most), nil
}

// start gives what the cursor argument points at; ok is false without one.
func (c *call) start() (next int64, ok bool, err error) {
	text := c.args["cursor"]
	if text == "" {
		return 0, false, nil
	}
	at, known := c.web.cursors[text]
	if !known || at.method != c.name || time.Now().After(at.until) {
		return 0, false, Error("invalid_cursor")
	}
	return at.next, true, nil
}

// goOn makes the cursor for the next page.
func (c *call) goOn(next int64) string {
	now := time.Now()
	for text, at := range c.web.cursors {
		if now.After(at.until) {
			delete(c.web.cursors, text)
		}
	}
	text := base64.StdEncoding.EncodeToString([]byte("next:" + randomID()))
	c.web.cursors[text] = cursor{method: c.name, next: next, until: now.Add(c.cfg.CursorLifetime)}
	return text
}

// page cuts one page out of a list and adds the cursor to the answer under response_metadata.
func page[T any](c *call, out obj, key string, list []T, def, most int) error {
	size, err := c.pageSize(def, most)
	if err != nil {
		return err
	}
	from, _, err := c.start()
	if err != nil {
		return err
	}
	begin := min(int(from), len(list))
	end := min(begin+size, len(list))
	out[key] = append([]T{}, list[begin:end]...)
	next := ""
	if end < len(list) {
		next = c.goOn(int64(end))
	}
	out["response_metadata"] = obj{"next_cursor": next}
	return nil
}
