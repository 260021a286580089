package markup

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// node is a JSON object of unknown make. Slack's blocks gain members all the
// time, and apps send what they like, so nothing is required to be of the right
// type: what is not there, or is something else, reads as the zero value.
type node map[string]any

// nodes reads an array of objects, from JSON or from inside a node.
func nodes(v any) []node {
	if raw, ok := v.(json.RawMessage); ok {
		v = nil
		if json.Unmarshal(raw, &v) != nil {
			return nil
		}
	}
	list, _ := v.([]any)
	var out []node
	for _, e := range list {
		if object, ok := e.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

func (n node) str(key string) string { s, _ := n[key].(string); return s }

func (n node) flag(key string) bool { b, _ := n[key].(bool); return b }

func (n node) object(key string) node { m, _ := n[key].(map[string]any); return m }

// objects returns the names of the members that are objects, sorted.
func (n node) objects() []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(n)) {
		if n.object(key) != nil {
			out = append(out, key)
		}
	}
	return out
}

func (n node) list(key string) []node { return nodes(n[key]) }

// number returns a whole number between 0 and high, the nearest if it is
// outside. Times may come as texts.
func (n node) number(key string, high int64) int64 {
	f, ok := n[key].(float64)
	if !ok {
		f, _ = strconv.ParseFloat(n.str(key), 64)
	}
	switch {
	case !(f > 0): // not a number neither
		return 0
	case f >= float64(high):
		return high
	}
	return int64(f)
}

// first returns the first of these members that is a text and not empty.
func (n node) first(keys ...string) string {
	for _, key := range keys {
		if s := n.str(key); s != "" {
			return s
		}
	}
	return ""
}
