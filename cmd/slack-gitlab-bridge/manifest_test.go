package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge/slackside"
)

func TestManifest(t *testing.T) {
	status, out, _ := try(t, nil, "manifest")
	if status != 0 || out != manifestText {
		t.Fatalf("manifest = %d, %q; want 0 and the manifest", status, out)
	}
	tree, err := readYAML(out)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var m slack.Manifest
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("slack.Manifest does not take the manifest: %v\n%s", err, raw)
	}
	scopes := slices.Clone(m.OAuthConfig.Scopes.Bot)
	slices.Sort(scopes)
	want := slices.AppendSeq(slices.Clone(slackside.BotScopes), maps.Keys(slackside.OptionalScopes))
	slices.Sort(want)
	if !slices.Equal(scopes, want) {
		t.Errorf("bot scopes = %q, want those that the bridge uses and no others: %q", scopes, want)
	}
	for _, event := range []string{"reaction_added", "reaction_removed", "message.channels", "message.groups", "emoji_changed", "user_change", "subteam_updated", "channel_left", "group_left"} {
		if !slices.Contains(m.Settings.EventSubscriptions.BotEvents, event) {
			t.Errorf("bot events lack %s", event)
		}
	}
	if !m.Settings.SocketModeEnabled {
		t.Error("Socket Mode is off, want on")
	}
	// Slack refuses longer ones.
	if len(m.Display.Name) > 35 || len(m.Display.Description) > 140 || len(m.Features.BotUser.DisplayName) > 80 {
		t.Errorf("names too long: %q, %q, %q", m.Display.Name, m.Display.Description, m.Features.BotUser.DisplayName)
	}
}

// Each subscription needs a scope, and Slack refuses a manifest that lacks it.
func TestManifestScopesCoverEvents(t *testing.T) {
	needs := map[string]string{
		"reaction": "reactions:read", "message.channels": "channels:history", "message.groups": "groups:history", "channel": "channels:read", "group": "groups:read",
		"member": "channels:read", "emoji": "emoji:read", "user": "users:read", "subteam": "usergroups:read",
	}
	_, events, _ := strings.Cut(manifestText, "bot_events:\n")
	events, _, _ = strings.Cut(events, "  interactivity:")
	list := strings.Fields(strings.ReplaceAll(events, "- ", ""))
	if len(list) < 10 {
		t.Fatalf("bot events = %q, want at least 10", list)
	}
	for _, event := range list {
		word, _, _ := strings.Cut(event, "_")
		scope, known := needs[word]
		if !known || !slices.Contains(slackside.BotScopes, scope) {
			t.Errorf("event %s needs the scope %q, want one of %q", event, scope, slackside.BotScopes)
		}
	}
}

// readYAML reads the little of YAML that the manifest is written in: mappings and lists by indentation, plain and quoted scalars.
func readYAML(text string) (any, error) {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines = append(lines, line)
		}
	}
	v, rest, err := readBlock(lines, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("line %q stands too far left or right", rest[0])
	}
	return v, err
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func readBlock(lines []string, at int) (any, []string, error) {
	var list []any
	fields := map[string]any{}
	for len(lines) > 0 && indent(lines[0]) == at {
		line := strings.TrimSpace(lines[0])
		lines = lines[1:]
		if item, isItem := strings.CutPrefix(line, "- "); isItem {
			list = append(list, scalar(item))
			continue
		}
		key, value, found := strings.Cut(line, ":")
		if _, twice := fields[key]; !found || twice {
			return nil, nil, fmt.Errorf("line %q: no new key", line)
		}
		if value = strings.TrimSpace(value); value != "" {
			fields[key] = scalar(value)
			continue
		}
		if len(lines) == 0 || indent(lines[0]) <= at {
			return nil, nil, fmt.Errorf("key %s has no value", key)
		}
		var err error
		if fields[key], lines, err = readBlock(lines, indent(lines[0])); err != nil {
			return nil, nil, err
		}
	}
	if list != nil && len(fields) > 0 {
		return nil, nil, fmt.Errorf("a list and a mapping in one place: %v", list)
	}
	if list != nil {
		return list, lines, nil
	}
	return fields, lines, nil
}

func scalar(s string) any {
	if s == "true" || s == "false" {
		return s == "true"
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return strings.Trim(s, `"`)
}
