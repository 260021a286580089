package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// ending is all that can be seen in both imitations, with names instead of what differs from run to run.
type ending struct {
	state  string
	told   map[string][]string // by user, what that person alone was told, in order
	untold map[string]int      // by user, how many of these a death has met
}

func (p *theatre) end() ending {
	var b strings.Builder
	for _, c := range p.slack.Snapshot().Channels {
		for _, root := range c.Messages {
			p.describe(&b, "", root)
			for _, m := range root.Replies {
				p.describe(&b, "  ", m)
			}
		}
	}
	for _, project := range slices.Sorted(maps.Values(p.projects)) {
		for _, i := range p.gitlab.Issues(project) {
			var names []string
			for _, u := range i.Assignees {
				names = append(names, u.Username)
			}
			fmt.Fprintf(&b, "issue %d/%d %s, labels %v, assignees %v, confidential %v: %s\n%s\n", project, i.IID, i.State,
				slices.Sorted(slices.Values(i.Labels)), names, i.Confidential, i.Title, i.Description)
			for _, n := range i.Notes {
				fmt.Fprintf(&b, "  note of %s, system %v, internal %v: %s\n", n.Author.Username, n.System, n.Internal, n.Body)
			}
		}
	}
	told := map[string][]string{}
	for _, e := range p.slack.Ephemerals() {
		told[e.User] = append(told[e.User], p.named(e.ThreadTS+" "+e.Text))
	}
	return ending{p.named(b.String()), told, p.untold}
}

func (p *theatre) describe(b *strings.Builder, indent string, m fakeslack.Message) {
	var meta struct {
		Payload struct{ Kind string } `json:"event_payload"`
	}
	_ = json.Unmarshal(m.Metadata, &meta) // people's messages have none
	fmt.Fprintf(b, "%s%s by %s, kind %q, reactions", indent, m.TS, m.User, meta.Payload.Kind)
	for _, r := range slices.SortedFunc(slices.Values(m.Reactions), func(x, y fakeslack.Reaction) int { return cmp.Compare(x.Name, y.Name) }) {
		fmt.Fprintf(b, " %s %v", r.Name, slices.Sorted(slices.Values(r.Users)))
	}
	fmt.Fprintf(b, ", %d files: %s\n", len(m.Files), m.Text)
}

var (
	uploaded = regexp.MustCompile(`/uploads/[0-9a-f]{32}/[^\s)"]+`)
	stamps   = regexp.MustCompile(`\b\d{10}\.\d{6}\b`)
	numbers  = regexp.MustCompile(`\b\d{13}\b|\bnote/\d+/\d+/\d+`)
	dates    = regexp.MustCompile(`\d{4}-\d\d-\d\d|\b\d\d:\d\d\b|<!date\^\d+\^[^>]*>`)
	noteLink = regexp.MustCompile(`#note_\d+`)
)

// named puts names in the place of times, addresses and numbers; an uploaded file is replaced by what it holds.
func (p *theatre) named(text string) string {
	text = uploaded.ReplaceAllStringFunc(text, func(path string) string {
		resp, err := p.gitlabHTTP.Client().Get(fmt.Sprintf("%s/-/project/%d%s", p.gitlabHTTP.URL, p.project, path))
		if err != nil {
			return path
		}
		defer resp.Body.Close()
		content, _ := io.ReadAll(resp.Body)
		return fmt.Sprintf("/uploads/%s/%s", resp.Status, content)
	})
	var names []string
	for name, ts := range p.messages {
		names = append(names, ts, name, "p"+strings.ReplaceAll(ts, ".", ""), "link-"+name)
	}
	names = append(names, p.slackHTTP.URL, "SLACK", p.gitlabHTTP.URL, "GITLAB")
	text = strings.NewReplacer(names...).Replace(text)
	text = stamps.ReplaceAllString(text, "TS")
	text = numbers.ReplaceAllString(text, "NUMBER")
	text = noteLink.ReplaceAllString(text, "#note")
	return dates.ReplaceAllString(text, "DATE")
}

// sameEnd is the one comparison: all that a run with deaths left behind is what the run without any left behind, to the letter. Only what
// one person was to be told, at most once, may be missing for that person if a death met it.
func sameEnd(got, want ending) error {
	if got.state != want.state {
		return fmt.Errorf("the end differs from that without a crash: %s", firstDifference(got.state, want.state))
	}
	all := maps.Clone(want.told)
	maps.Copy(all, got.told)
	for _, user := range slices.Sorted(maps.Keys(all)) {
		left := slices.Clone(want.told[user])
		for _, line := range got.told[user] {
			i := slices.Index(left, line)
			if i < 0 {
				return fmt.Errorf("%s was told %q, which is too much: got %q, want %q", user, line, got.told[user], want.told[user])
			}
			left = slices.Delete(left, i, i+1)
		}
		if len(left) > got.untold[user] {
			return fmt.Errorf("%s was told %q, want %q; at most %d may be missing", user, got.told[user], want.told[user], got.untold[user])
		}
	}
	return nil
}

// firstDifference gives the first line that differs.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, a, b)
		}
	}
	return ""
}
