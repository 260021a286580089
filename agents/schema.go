package agents

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	schema "slack-gitlab-bridge"
)

// judge is the embedded schema: compiled to judge by, and as text to take
// keys, examples and patterns for the messages from.
type judge struct {
	compiled *jsonschema.Schema
	root     *node
	patterns map[string]*regexp.Regexp // of the definitions that have one
}

var judgeOnce = sync.OnceValue(func() judge {
	compiled, err := compileSchema()
	if err != nil {
		panic("agents.schema.json: " + err.Error()) // embedded, and compiled by a test
	}
	root, _, _ := readJSON(schema.JSON, linesOf(schema.JSON))
	s := judge{compiled, root, map[string]*regexp.Regexp{}}
	for _, def := range root.get("$defs").members {
		if p := def.value.get("pattern"); p != nil {
			if s.patterns[def.name], err = compilePattern(p.text); err != nil {
				panic("agents.schema.json: " + err.Error())
			}
		}
	}
	return s
})

// compilePattern compiles a pattern at a tenth of what the package regexp
// takes for a repeated large class, 10 ms of every start: where there is a
// choice at the beginning, here of what never fits, it does not examine
// whether one pass would do.
func compilePattern(text string) (*regexp.Regexp, error) {
	return regexp.Compile(`(?:` + text + `)|\b\B`)
}

// compileSchema also holds the schema against the meta-schema of its draft.
func compileSchema() (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(schema.JSON)))
	if err != nil {
		return nil, err
	}
	const name = "embedded:///agents.schema.json"
	compiler := jsonschema.NewCompiler()
	patterns := map[string]*regexp.Regexp{} // each is asked for several times
	compiler.UseRegexpEngine(func(text string) (jsonschema.Regexp, error) {
		if p := patterns[text]; p != nil {
			return p, nil
		}
		p, err := compilePattern(text)
		if err != nil {
			return nil, err
		}
		patterns[text] = p
		return p, nil
	})
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is ever fetched
	if err := compiler.AddResource(name, document); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
}

// fits tells whether a text has the pattern of that definition.
func fits(definition, text string) bool {
	return judgeOnce().patterns[definition].MatchString(text)
}

// schemaFaults tells, in plain words, where root departs from the schema.
func schemaFaults(root *node) []offsetFault {
	s := judgeOnce()
	err := s.compiled.Validate(plain(root))
	if err == nil {
		return nil
	}
	t := translator{schema: s, root: root}
	departures, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		panic("bridge: hold the agents file against its schema: " + err.Error()) // the validator knows no other error
	}
	t.walk(departures)
	return t.faults
}

// plain gives the value in the form that the validator takes.
func plain(n *node) any {
	switch n.kind {
	case objectNode:
		object := make(map[string]any, len(n.members))
		for _, m := range n.members {
			object[m.name] = plain(m.value)
		}
		return object
	case listNode:
		list := make([]any, 0, len(n.items))
		for _, item := range n.items {
			list = append(list, plain(item))
		}
		return list
	case textNode:
		return n.text
	case boolNode:
		return n.text == "true"
	case numberNode:
		return plainNumber(n.text)
	}
	return nil
}

// plainNumber passes on a whole number that could be a project's. Any other
// becomes one half, which nothing in the schema takes: the validator computes
// with exact fractions, and 1e999999999 would keep it busy for days.
func plainNumber(text string) json.Number {
	const longest = 15 // digits that any editor's numbers hold exactly
	if _, err := strconv.ParseInt(text, 10, 64); err != nil || len(text) > longest {
		return "0.5"
	}
	return json.Number(text)
}

// translator turns the validator's tree of errors into faults.
type translator struct {
	schema judge
	root   *node
	faults []offsetFault
}

func (t *translator) walk(e *jsonschema.ValidationError) {
	if _, either := e.ErrorKind.(*kind.AnyOf); !either && len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			t.walk(cause)
		}
		return
	}
	n, place := t.instance(e.InstanceLocation)
	at, definition := t.rule(e.SchemaURL)
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		t.add(n.at, fmt.Sprintf("%s must be %s, not %s", place, wanted(k.Want), found(n)), typeRemedy(n, k.Want, at))
	case *kind.Enum:
		t.add(n.at, fmt.Sprintf("%s cannot be %s", place, found(n)), "write "+choices(at))
	case *kind.Required:
		for _, key := range k.Missing {
			if mistyped(n, key, keysOf(at)) {
				continue // told as an unknown key already
			}
			t.add(n.at, fmt.Sprintf("%s lacks %q", place, key), fmt.Sprintf("add %q: %s", key, example(t.follow(at.get("properties").get(key)))))
		}
	case *kind.AnyOf:
		if mistyped(n, "agents", keysOf(at)) || mistyped(n, "agents_from", keysOf(at)) {
			return
		}
		t.add(n.at, `the file has neither "agents" nor "agents_from"`, "name the people who may act under one of them")
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			t.unknownKey(n.byName[key], at)
		}
	case *kind.Pattern, *kind.MaxLength, *kind.Minimum:
		what, remedy := textWords(definition, place, n.text)
		t.add(n.at, what, remedy)
	case *kind.MinItems, *kind.MinProperties:
		t.add(n.at, place+" is empty", "put something in or remove the key")
	case *kind.MaxItems:
		t.add(n.at, fmt.Sprintf("%s has %d entries, at most %d may be there", place, k.Got, k.Want), "remove some")
	case *kind.MaxProperties:
		t.add(n.at, fmt.Sprintf("%s has %d entries, at most %d may be there", place, k.Got, k.Want), "remove some")
	case *kind.UniqueItems:
		// Told by checker, which knows what counts as the same and tells all of them.
	default:
		t.add(n.at, fmt.Sprintf("%s is refused by the schema (%s)", place, strings.Join(k.KeywordPath(), " ")), "compare it with agents.example.json")
	}
}

func (t *translator) add(at int, what, remedy string) {
	t.faults = append(t.faults, offsetFault{at, what, remedy})
}

// instance finds the value that an error is about, and a name for it.
func (t *translator) instance(location []string) (n *node, place string) {
	n, place = t.root, "the file"
	for _, token := range location {
		if n.kind == listNode {
			i, _ := strconv.Atoi(token)
			n, place = n.items[i], fmt.Sprintf("item %d of %s", i+1, place)
			continue
		}
		n, place = n.get(token), short(token)
	}
	return n, place
}

// rule finds the part of the schema that an error comes from, and its last name.
func (t *translator) rule(location string) (n *node, name string) {
	_, pointer, _ := strings.Cut(location, "#")
	if unescaped, err := url.PathUnescape(pointer); err == nil {
		pointer = unescaped
	}
	return t.at(pointer)
}

// at follows a pointer into the schema; none of ours leads through a list.
func (t *translator) at(pointer string) (n *node, name string) {
	n = t.schema.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		n = n.get(name)
	}
	return n, name
}

// follow goes from a schema that only refers to the one that it refers to.
func (t *translator) follow(n *node) *node {
	for n.get("$ref") != nil && n.get("examples") == nil {
		n, _ = t.at(strings.TrimPrefix(n.get("$ref").text, "#"))
	}
	return n
}

// unknownKey tells of a key that its object cannot have, and which was meant.
func (t *translator) unknownKey(m *member, rule *node) {
	if rule.get("patternProperties") != nil { // keys here are emojis
		what, remedy := textWords("emoji", "", m.name)
		t.add(m.at, what, remedy)
		return
	}
	known := keysOf(rule)
	remedy := "remove it; known here: " + strings.Join(known, ", ")
	if near := nearest(m.name, known); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	} else if slices.Contains(keysOf(t.schema.root.get("$defs").get("channel")), m.name) {
		remedy = "it belongs into an entry of channels"
	} else if slices.Contains(keysOf(t.schema.root), m.name) {
		remedy = "it belongs to the outermost level of the file"
	}
	t.add(m.at, "unknown key "+short(m.name), remedy)
}

// mistyped tells whether the object n has an unknown key that is meant for this one.
func mistyped(n *node, key string, known []string) bool {
	return slices.ContainsFunc(n.members, func(m *member) bool {
		return !slices.Contains(known, m.name) && nearest(m.name, known) == key
	})
}

func keysOf(rule *node) []string {
	var keys []string
	for _, m := range rule.get("properties").members {
		keys = append(keys, m.name)
	}
	return keys
}
