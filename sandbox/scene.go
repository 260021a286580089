package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// patience is how long the scene waits for one effect, and for a bridge to connect.
const patience = 20 * time.Second

// afterwards is waited at the end, so that what comes twice has the time to.
const afterwards = 700 * time.Millisecond

// Scene plays a prepared story against the imitations: a request, its thread, and what people do with it until it is closed. It waits
// for each effect on the other side, 20 seconds at most, writes it all to out as a readable story, and ends with the issue as GitLab
// shows it. The error says what was told and did not come about. A bridge must be connected, or connect meanwhile.
func (w *World) Scene(ctx context.Context, out io.Writer) error {
	return w.play(ctx, out, patience, afterwards)
}

func (w *World) play(ctx context.Context, out io.Writer, patience, afterwards time.Duration) error {
	s := &scene{w: w, out: &teller{to: out}, patience: patience, project: w.cast.projects[infraProject], before: map[int]bool{}}
	for _, is := range w.gitlab.Issues(s.project) {
		s.before[is.IID] = true
	}
	s.out.line("One request, from the first message to the closed issue.\n")
	if err := s.await(ctx, check{"the bridge connects to Slack", connected}); err != nil {
		return err
	}
	for _, b := range story() {
		s.out.now(b.told)
		if err := b.do(s); err != nil {
			return fmt.Errorf("%s: %w", b.told, err)
		}
		began := time.Now()
		for _, c := range b.then {
			if err := s.await(ctx, c); err != nil {
				return fmt.Errorf("after %q: %w", b.told, err)
			}
			s.out.effect(c.told, time.Since(began))
		}
	}
	if err := s.ends(ctx, afterwards); err != nil {
		return err
	}
	s.out.line("\nBoth sides ended as told.")
	return s.out.err
}

// scene is one performance.
type scene struct {
	w        *World
	out      *teller
	patience time.Duration
	project  int
	before   map[int]bool // issues that were there already
	root     string       // ts of the first message
	replies  []string     // their texts
	sent     []string     // their ts
}

// check is something that has to become true. wrong says what is not as told, or nothing.
type check struct {
	told  string
	wrong func(*scene) error
}

// await looks again after each change on either side until the check holds.
func (s *scene) await(ctx context.Context, c check) error {
	slack, stopSlack := s.w.slack.Subscribe()
	defer stopSlack()
	gitlab, stopGitLab := s.w.gitlab.Subscribe()
	defer stopGitLab()
	late := time.NewTimer(s.patience)
	defer late.Stop()
	for {
		wrong := c.wrong(s)
		if wrong == nil {
			return nil
		}
		select {
		case _, open := <-slack:
			if !open {
				return errors.New("the sandbox was closed during the scene")
			}
		case <-gitlab:
		case <-late.C:
			return fmt.Errorf("%s: %w (waited %v)", c.told, wrong, s.patience)
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", c.told, ctx.Err())
		}
	}
}

// ends looks at everything once more, after a while, and shows the issue.
func (s *scene) ends(ctx context.Context, after time.Duration) error {
	select {
	case <-time.After(after):
	case <-ctx.Done():
		return ctx.Err()
	}
	var wrong []error
	for _, c := range ending() {
		if err := c.wrong(s); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", c.told, err))
		}
	}
	if is, err := s.issue(); err == nil {
		s.out.line("\nThe issue, as GitLab shows it:\n")
		s.out.line(showIssue(infraProject, is))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("at the end: %w", errors.Join(wrong...))
	}
	return nil
}

// issue gives the one that the scene has brought about.
func (s *scene) issue() (fakegitlab.Issue, error) {
	var made []fakegitlab.Issue
	for _, is := range s.w.gitlab.Issues(s.project) {
		if !s.before[is.IID] {
			made = append(made, is)
		}
	}
	if len(made) != 1 {
		return fakegitlab.Issue{}, fmt.Errorf("%s has %d new issues, want 1", infraProject, len(made))
	}
	return made[0], nil
}

// ofApp gives the app's messages in the thread, those that it marks as a card or the others. Only the bridge's card has a kind that the
// imitation need know.
func (s *scene) ofApp(cards bool) (found []fakeslack.Message) {
	root, _ := s.w.slack.Message(helpInfra, s.root)
	for _, m := range root.Replies {
		var meta struct {
			Payload struct{ Kind string } `json:"event_payload"`
		}
		_ = json.Unmarshal(m.Metadata, &meta) // without any it is no card
		if m.BotID == s.w.slack.Config().BotID && (meta.Payload.Kind == "card") == cards {
			found = append(found, m)
		}
	}
	return found
}

// card gives the one card in the thread, which links to the issue.
func (s *scene) card() (fakeslack.Message, error) {
	is, err := s.issue()
	if err != nil {
		return fakeslack.Message{}, err
	}
	cards := slices.DeleteFunc(s.ofApp(true), func(m fakeslack.Message) bool { return !strings.Contains(m.Text+string(m.Blocks), is.WebURL) })
	if len(cards) != 1 {
		return fakeslack.Message{}, fmt.Errorf("%d messages of the app in the thread link to %s, want 1", len(cards), is.WebURL)
	}
	return cards[0], nil
}
