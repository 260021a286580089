// Package schema holds the JSON Schema of the agents file, so that the program
// that checks a file and the editor that helps to write it read the same words.
package schema

import _ "embed"

// JSON is the text of agents.schema.json, draft 2020-12. It is the source of
// truth for the keys of the agents file, their types, patterns and defaults.
// Treat it as read-only.
//
//go:embed agents.schema.json
var JSON []byte
