package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// maxAct bounds the body of one act, in bytes: files of 5 MiB together, in base64.
const maxAct = 7 << 20

// act is what somebody does on the page. Each act uses the fields it needs.
type act struct {
	// In Slack.
	User    string `json:"user"` // Slack ID; that of the pager to write as the app
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Thread  string `json:"thread"` // first message's ts, for a reply
	Emoji   string `json:"emoji"`
	Files   []file `json:"files"`
	// In GitLab.
	As       int    `json:"as"` // number of the account
	Project  int    `json:"project"`
	Issue    int    `json:"issue"` // its number in the project
	Label    string `json:"label"`
	Assignee int    `json:"assignee"` // 0: nobody
	Internal bool   `json:"internal"`
	Note     int    `json:"note"`
	Title    string `json:"title"`
	To       int    `json:"to"` // number of the project to move to
	// In both.
	Text     string `json:"text"`
	On       bool   `json:"on"`
	Audience string `json:"audience"` // public, private, shared; internal in GitLab only
}

// file is what somebody attaches to a message.
type file struct {
	Name string `json:"name"`
	Data []byte `json:"data"` // base64 in JSON
}

// acts are what the page can do, by the rest of the path after /act/.
var acts = map[string]func(*World, act) error{
	"slack/post": postAct,
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
	"slack/audience":   readersAct,
	"gitlab/close":     func(w *World, a act) error { return w.gitlab.SetState(a.Project, a.Issue, a.As, "close") },
	"gitlab/reopen":    func(w *World, a act) error { return w.gitlab.SetState(a.Project, a.Issue, a.As, "reopen") },
	"gitlab/hide":      func(w *World, a act) error { return w.gitlab.SetConfidential(a.Project, a.Issue, a.As, a.On) },
	"gitlab/label":     labelAct,
	"gitlab/assign":    assignAct,
	"gitlab/comment":   commentAct,
	"gitlab/rewrite":   rewriteAct,
	"gitlab/note":      noteAct,
	"gitlab/erase":     eraseAct,
	"gitlab/move":      moveAct,
	"gitlab/delete":    func(w *World, a act) error { return w.gitlab.DeleteIssue(a.Project, a.Issue, a.As) },
	"gitlab/audience":  func(w *World, a act) error { return w.gitlab.SetVisibility(a.Project, a.Audience) },
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

func postAct(w *World, a act) error {
	o := fakeslack.Options{ThreadTS: a.Thread}
	for _, f := range a.Files {
		o.Files = append(o.Files, fakeslack.File{Name: f.Name, Content: f.Data})
	}
	if a.User == w.cast.pager.UserID {
		_, err := w.slack.PostAsApp(a.Channel, w.cast.pager, w.slackText(a.Text), o)
		return err
	}
	_, err := w.slack.Post(a.Channel, a.User, w.slackText(a.Text), o)
	return err
}

// readersAct makes a channel public, private, or shared with another company.
func readersAct(w *World, a act) error {
	if !slices.Contains([]string{"public", "private", "shared"}, a.Audience) {
		return fmt.Errorf("400: audience %q", a.Audience)
	}
	if err := w.slack.SetPrivate(a.Channel, a.User, a.Audience == "private"); err != nil {
		return err
	}
	return w.slack.SetShared(a.Channel, a.Audience == "shared")
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
