package schema

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

func TestJSONIsThePublishedFile(t *testing.T) {
	file, err := os.ReadFile("agents.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(JSON, file) {
		t.Error("JSON differs from agents.schema.json")
	}
	var document struct {
		Schema string `json:"$schema"`
	}
	if err := json.Unmarshal(JSON, &document); err != nil {
		t.Fatalf("agents.schema.json: %v", err)
	}
	if want := "https://json-schema.org/draft/2020-12/schema"; document.Schema != want {
		t.Errorf("$schema is %q, want %q", document.Schema, want)
	}
}
