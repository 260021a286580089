package main

import (
	_ "embed"
	"io"
)

// manifestText is the Slack app's manifest, for Slack's page "Create new app, from a manifest".
//
//go:embed manifest.yaml
var manifestText string

type manifestCommand struct{}

// Run prints the manifest.
func (manifestCommand) Run(w world) error {
	_, err := io.WriteString(w.out, manifestText)
	return err
}
