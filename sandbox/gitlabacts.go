package sandbox

import (
	"errors"
	"fmt"
	"strings"
)

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

// rewriteAct changes an issue's title and description, each only if it differs: GitLab notes every change.
func rewriteAct(w *World, a act) error {
	is, ok := w.gitlab.Issue(a.Project, a.Issue)
	if !ok {
		return fmt.Errorf("404: no issue %d", a.Issue)
	}
	if a.Title != is.Title {
		if err := w.gitlab.SetTitle(a.Project, a.Issue, a.As, a.Title); err != nil {
			return err
		}
	}
	if a.Text == is.Description {
		return nil
	}
	return w.gitlab.SetDescription(a.Project, a.Issue, a.As, a.Text)
}

func noteAct(w *World, a act) error {
	if err := w.ownNote(a); err != nil {
		return err
	}
	return w.gitlab.EditNote(a.Project, a.Issue, a.As, a.Note, a.Text)
}

func eraseAct(w *World, a act) error {
	if err := w.ownNote(a); err != nil {
		return err
	}
	return w.gitlab.DeleteNote(a.Project, a.Issue, a.As, a.Note)
}

// ownNote refuses to change what another account has written.
func (w *World) ownNote(a act) error {
	is, _ := w.gitlab.Issue(a.Project, a.Issue)
	for _, n := range is.Notes {
		switch {
		case n.ID != a.Note || n.System:
		case n.Author.ID != a.As:
			return errors.New("403 Forbidden: only its author edits a comment")
		default:
			return nil
		}
	}
	return errors.New("404 Note Not Found")
}

func moveAct(w *World, a act) error {
	is, _ := w.gitlab.Issue(a.Project, a.Issue)
	if is.MovedToID != 0 {
		return errors.New("400: this issue has been moved already")
	}
	_, err := w.gitlab.MoveIssue(a.Project, a.Issue, a.As, a.To)
	return err
}
