package fakegitlab

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Happening is something that a text set off beside being stored: a quick action, a mention or a reference.
type Happening struct {
	Kind    string    `json:"kind"`   // command, mention or reference
	What    string    `json:"what"`   // the command's name, or user, issue, merge_request, label, milestone, …
	Text    string    `json:"text"`   // as written
	Effect  string    `json:"effect"` // what came of it; empty if nothing did, as with an issue that does not exist
	Where   string    `json:"where"`  // title, description or note
	Project int       `json:"project"`
	IID     int       `json:"iid"`
	NoteID  int       `json:"note_id"` // 0 unless it stands in a note
	UserID  int       `json:"user_id"` // who wrote it
	API     bool      `json:"api"`     // written over the API, not by one of the methods that act as a person
	At      time.Time `json:"at"`
}

// String is for failure messages.
func (h Happening) String() string {
	return fmt.Sprintf("%s %s %q in the %s of #%d: %s", h.What, h.Kind, h.Text, h.Where, h.IID, pick(h.Effect == "", "no effect", h.Effect))
}

// Happenings lists what texts set off so far, in order. A text read again after an edit is listed again.
func (s *Server) Happenings() (all []Happening) {
	s.locked(func() { all = slices.Clone(s.happened) })
	return all
}

// APIHappenings lists what texts written over the API set off. A program whose texts are meant to be inert wants none.
func (s *Server) APIHappenings() []Happening {
	return slices.DeleteFunc(s.Happenings(), func(h Happening) bool { return !h.API })
}

func (s *Server) happen(who actor, is *issue, n *note, h Happening) {
	h.Project, h.IID, h.UserID, h.API, h.At = is.project.id, is.iid, who.user.ID, who.api, s.now()
	if n != nil {
		h.NoteID = n.id
	}
	s.happened = append(s.happened, h)
}

// read looks for mentions and references in a new text, as GitLab does after storing it, and lets them have their
// effect: people are notified, and issues are told that they were mentioned. Titles are no Markdown.
func (s *Server) read(who actor, is *issue, n *note, where, text string) {
	var refs []found
	add := func(text string) {
		more, urls := scan(text)
		refs = append(refs, more...)
		for _, u := range urls {
			if f, own := s.scanURL(u); own {
				refs = append(refs, f)
			}
		}
	}
	if where == "title" {
		add(text)
	} else {
		eachText(RenderHTML(text), func(text string) string { add(text); return "" }, func(href string) {
			if f, own := s.scanURL(href); own {
				refs = append(refs, f)
				return
			}
			// a link that leads to "#1" or "@user" is a reference as well
			if more, _ := scan(href); len(more) == 1 && more[0].text == href {
				refs = append(refs, more...)
			}
		})
	}
	for _, f := range refs {
		h := Happening{Kind: pick(f.kind == "user", "mention", "reference"), What: f.kind, Text: f.text, Where: where}
		h.Effect = s.effect(who, is, f)
		s.happen(who, is, n, h)
	}
}

// effect notifies and cross-references.
func (s *Server) effect(who actor, is *issue, f found) string {
	t, exists := s.resolve(f, is.project, who.user)
	switch {
	case !exists:
		return ""
	case t.issue != nil:
		return s.crossReference(who, is, t.issue)
	case f.kind != "user":
		return "linked"
	}
	var names []string
	for _, u := range t.users {
		if u != who.user && s.readsIssue(is, u) {
			names = append(names, u.Username)
			is.subscribers[u.ID] = true
		}
	}
	if len(names) == 0 {
		return "linked"
	}
	return "notified " + strings.Join(names, ", ")
}

// crossReference leaves one "mentioned in" for each issue that mentions another.
func (s *Server) crossReference(who actor, from, to *issue) string {
	if from == to {
		return "linked"
	}
	source := fmt.Sprint(from.id)
	if !to.mentionedBy[source] {
		to.mentionedBy[source] = true
		s.systemNote(who, to, "mentioned in issue "+from.reference(to.project))
	}
	return "mentioned in " + to.reference(nil)
}
