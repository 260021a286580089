package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// maxAct bounds the body of one act, in bytes.
const maxAct = 256 << 10

// act is what somebody does on the page. Each act uses the fields it needs.
type act struct {
	// In Slack.
	User    string `json:"user"` // Slack ID; that of the pager to write as the app
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Thread  string `json:"thread"` // first message's ts, for a reply
	Emoji   string `json:"emoji"`
	// In GitLab.
	As       int    `json:"as"` // number of the account
	Project  int    `json:"project"`
	Issue    int    `json:"issue"` // its number in the project
	Label    string `json:"label"`
	Assignee int    `json:"assignee"` // 0: nobody
	Internal bool   `json:"internal"`
	// In both.
	Text string `json:"text"`
	On   bool   `json:"on"`
}

// acts are what the page can do, by the rest of the path after /act/.
var acts = map[string]func(*World, act) error{
	"slack/post": func(w *World, a act) error {
		o := fakeslack.Options{ThreadTS: a.Thread}
		if a.User == w.cast.pager.UserID {
			_, err := w.slack.PostAsApp(a.Channel, w.cast.pager, w.slackText(a.Text), o)
			return err
		}
		_, err := w.slack.Post(a.Channel, a.User, w.slackText(a.Text), o)
		return err
	},
	"slack/edit": func(w *World, a act) error {
		if err := w.own(a, "cant_update_message"); err != nil {
			return err
		}
		return w.slack.Edit(a.Channel, a.TS, w.slackText(a.Text), fakeslack.Options{})
	},
	"slack/delete": func(w *World, a act) error {
		if err := w.own(a, "cant_delete_message"); err != nil {
			return err
		}
		return w.slack.Delete(a.Channel, a.TS)
	},
	"slack/react":      func(w *World, a act) error { return w.slack.React(a.Channel, a.TS, a.User, a.Emoji) },
	"slack/unreact":    func(w *World, a act) error { return w.slack.Unreact(a.Channel, a.TS, a.User, a.Emoji) },
	"gitlab/close":     func(w *World, a act) error { return w.gitlab.SetState(a.Project, a.Issue, a.As, "close") },
	"gitlab/reopen":    func(w *World, a act) error { return w.gitlab.SetState(a.Project, a.Issue, a.As, "reopen") },
	"gitlab/title":     func(w *World, a act) error { return w.gitlab.SetTitle(a.Project, a.Issue, a.As, a.Text) },
	"gitlab/hide":      func(w *World, a act) error { return w.gitlab.SetConfidential(a.Project, a.Issue, a.As, a.On) },
	"gitlab/label":     labelAct,
	"gitlab/assign":    assignAct,
	"gitlab/comment":   commentAct,
	"fault/lost":       func(w *World, _ act) error { w.loseAnswer(); return nil },
	"fault/rate-limit": func(w *World, _ act) error { w.limitRate(); return nil },
	"fault/drop":       func(w *World, _ act) error { w.dropSockets(); return nil },
	"fault/twice":      func(w *World, _ act) error { w.deliverTwice(); return nil },
}

// own refuses to change what another person has written, with Slack's word for it.
func (w *World) own(a act, word string) error {
	m, ok := w.slack.Message(a.Channel, a.TS)
	switch {
	case !ok:
		return fakeslack.Error("message_not_found")
	case m.User != a.User:
		return fakeslack.Error(word)
	}
	return nil
}

func labelAct(w *World, a act) error {
	if strings.TrimSpace(a.Label) == "" {
		return errors.New("400: label is empty")
	}
	if a.On {
		return w.gitlab.ChangeLabels(a.Project, a.Issue, a.As, []string{a.Label}, nil)
	}
	return w.gitlab.ChangeLabels(a.Project, a.Issue, a.As, nil, []string{a.Label})
}

func assignAct(w *World, a act) error {
	ids := []int{}
	if a.Assignee != 0 {
		ids = append(ids, a.Assignee)
	}
	return w.gitlab.SetAssignees(a.Project, a.Issue, a.As, ids)
}

func commentAct(w *World, a act) error {
	_, err := w.gitlab.Comment(a.Project, a.Issue, a.As, a.Text, a.Internal)
	return err
}

// serveAct answers POST /act/SIDE/WHAT. A refusal is 422 with the vendor's own word for it.
func (w *World) serveAct(rw http.ResponseWriter, r *http.Request) {
	do, known := acts[r.PathValue("act")]
	if !known {
		writeJSON(rw, http.StatusNotFound, problem(fmt.Errorf("no act %q", r.PathValue("act"))))
		return
	}
	if r.Header.Get("Content-Type") != "application/json" {
		// A form of another page can send anything but this, so a browser asks first, and is refused.
		writeJSON(rw, http.StatusUnsupportedMediaType, problem(errors.New("send application/json")))
		return
	}
	var a act
	d := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxAct))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		writeJSON(rw, http.StatusBadRequest, problem(fmt.Errorf("read the act: %w", err)))
		return
	}
	if err := do(w, a); err != nil {
		writeJSON(rw, http.StatusUnprocessableEntity, problem(err))
		return
	}
	writeJSON(rw, http.StatusOK, map[string]any{"ok": true})
}

func problem(err error) map[string]any { return map[string]any{"ok": false, "error": err.Error()} }
