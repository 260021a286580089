package fakegitlab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are a request's parameters, wherever they came from. Arrays keep their items; everything is text until asked
// for as something else, as in GitLab, which takes "5" for 5 and "true" for true.
type params map[string]value

type value struct {
	items []string
	array bool
	null  bool
}

func fromValues(v url.Values) params {
	p := params{}
	p.addValues(v)
	return p
}

func (p params) addValues(v url.Values) {
	for k, items := range v {
		if name, isArray := strings.CutSuffix(k, "[]"); isArray {
			p[name] = value{items: items, array: true}
		} else {
			p[k] = value{items: items[len(items)-1:]}
		}
	}
}

func (p params) addJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return err
	}
	p.addObject("", object)
	return nil
}

func (p params) addObject(prefix string, object map[string]any) {
	for k, v := range object {
		if prefix != "" {
			k = prefix + "[" + k + "]"
		}
		switch v := v.(type) {
		case nil:
			p[k] = value{null: true}
		case map[string]any:
			p.addObject(k, v)
		case []any:
			list := value{array: true}
			for _, item := range v {
				list.items = append(list.items, fmt.Sprint(item))
			}
			p[k] = list
		default:
			p[k] = value{items: []string{fmt.Sprint(v)}}
		}
	}
}

func (p params) has(name string) bool { _, ok := p[name]; return ok }

// str is the parameter as text; empty if absent or null.
func (p params) str(name string) string {
	v := p[name]
	if len(v.items) == 0 {
		return ""
	}
	return v.items[len(v.items)-1]
}

// text is nil if the parameter is absent; null is an empty text.
func (p params) text(name string) *string {
	if !p.has(name) {
		return nil
	}
	s := p.str(name)
	return &s
}

// list splits a text at commas, and the items of an array as well; items are trimmed and empty ones left out.
func (p params) list(name string) []string {
	var out []string
	for _, it := range p[name].items {
		for part := range strings.SplitSeq(it, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func (p params) ints(name string) []int {
	var out []int
	for _, it := range p.list(name) {
		n, _ := strconv.Atoi(it) // checked before
		out = append(out, n)
	}
	return out
}

func (p params) int(name string) int { n, _ := strconv.Atoi(p.str(name)); return n }

var truths = map[string]bool{"true": true, "t": true, "1": true, "on": true, "yes": true}
var lies = map[string]bool{"false": true, "f": true, "0": true, "off": true, "no": true}

// flag is nil if the parameter is absent or empty.
func (p params) flag(name string) *bool {
	if p.str(name) == "" {
		return nil
	}
	b := truths[strings.ToLower(p.str(name))]
	return &b
}

func (p params) is(name string) bool { b := p.flag(name); return b != nil && *b }

func (p params) time(name string) time.Time {
	at, _ := parseTime(p.str(name))
	return at
}

func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// rule says what a parameter must look like.
type rule struct {
	name string
	kind string   // int, ints, bool, time, date, or empty for any text
	must bool     // missing is an error
	enum []string // allowed values
}

// check gives GitLab's complaint about the first parameters that break their rules, joined, or "".
func (p params) check(rules ...rule) string {
	var wrong []string
	for _, r := range rules {
		switch {
		case !p.has(r.name):
			if r.must {
				wrong = append(wrong, r.name+" is missing")
			}
		case !p.valid(r):
			wrong = append(wrong, r.name+" is invalid")
		case !p.listed(r):
			wrong = append(wrong, r.name+" does not have a valid value")
		}
	}
	return strings.Join(wrong, ", ")
}

func (p params) valid(r rule) bool {
	text := p.str(r.name)
	if text == "" {
		return true
	}
	switch r.kind {
	case "int":
		_, err := strconv.Atoi(text)
		return err == nil
	case "ints":
		for _, it := range p.list(r.name) {
			if _, err := strconv.Atoi(it); err != nil {
				return false
			}
		}
	case "bool":
		low := strings.ToLower(text)
		return truths[low] || lies[low]
	case "time":
		_, fine := parseTime(text)
		return fine
	}
	return true
}

func (p params) listed(r rule) bool {
	v := p[r.name]
	if len(r.enum) == 0 || v.null {
		return true
	}
	for _, it := range v.items {
		if !slices.Contains(r.enum, it) {
			return false
		}
	}
	return true
}
