package fakegitlab

import (
	"strconv"
	"strings"
	"time"
)

// dueDate reads what /due takes: a date, today, tomorrow, or "in 3 days".
func dueDate(arg string, now time.Time) string {
	arg = strings.ToLower(strings.TrimPrefix(arg, "in "))
	switch arg {
	case "today":
		return now.Format(time.DateOnly)
	case "tomorrow":
		return now.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	if at, err := time.Parse(time.DateOnly, arg); err == nil {
		return at.Format(time.DateOnly)
	}
	count, unit, _ := strings.Cut(arg, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return ""
	}
	switch strings.TrimSuffix(unit, "s") {
	case "day":
		return now.AddDate(0, 0, n).Format(time.DateOnly)
	case "week":
		return now.AddDate(0, 0, 7*n).Format(time.DateOnly)
	case "month":
		return now.AddDate(0, n, 0).Format(time.DateOnly)
	}
	return ""
}

func (r *run) due() string {
	date := dueDate(r.arg, r.s.now())
	if date == "" || !r.manages() {
		return ""
	}
	return r.apply(change{due: &date}, "due_date", date, "Set the due date to "+date+".")
}

func (r *run) removeDue() string {
	if r.is.due == "" || !r.manages() {
		return ""
	}
	none := ""
	return r.apply(change{due: &none}, "due_date", nil, "Removed the due date.")
}

// To-do items belong to the writer and are not kept.
func (r *run) todo() string { return r.apply(change{}, "todo_event", "add", "Added a to-do item.") }
func (r *run) done() string {
	return r.apply(change{}, "todo_event", "done", "Marked to-do item as done.")
}

func (r *run) subscribe() string {
	r.is.subscribers[r.who.user.ID] = true
	return r.apply(change{}, "subscription_event", "subscribe", "Subscribed to notifications.")
}

func (r *run) unsubscribe() string {
	delete(r.is.subscribers, r.who.user.ID)
	return r.apply(change{}, "subscription_event", "unsubscribe", "Unsubscribed from notifications.")
}

// issueNamed finds the issue of the argument, if the writer may see it.
func (r *run) issueNamed() *issue {
	refs, urls := scan(r.arg)
	for _, u := range urls {
		if f, own := r.s.scanURL(u); own {
			refs = append(refs, f)
		}
	}
	for _, f := range refs {
		if t, exists := r.s.resolve(f, r.is.project, r.who.user); exists && t.issue != nil && t.issue != r.is {
			return t.issue
		}
	}
	return nil
}

func (r *run) duplicate() string {
	other := r.issueNamed()
	if other == nil || !r.manages() {
		return ""
	}
	r.s.systemNote(r.who, r.is, "marked this issue as a duplicate of "+other.reference(r.is.project))
	r.s.systemNote(r.who, other, "marked "+r.is.reference(other.project)+" as a duplicate of this issue")
	return r.apply(change{state: "close"}, "canonical_issue_id", other.id, "Closed this issue. Marked as related to, and a duplicate of, "+other.reference(r.is.project)+".")
}

func (r *run) relate() string {
	other := r.issueNamed()
	if other == nil || !r.manages() {
		return ""
	}
	for _, l := range r.is.links {
		if l.other == other {
			return ""
		}
	}
	r.s.relate(r.who, r.is, other, "relates_to")
	return r.apply(change{}, "issue_links", other.id, "Added "+other.reference(r.is.project)+" as a linked item related to this issue.")
}

// projectNamed finds the project of the argument, if the writer may manage its issues.
func (r *run) projectNamed() *project {
	p := r.s.projectAt(r.arg)
	if p == nil || r.who.api && !r.s.manages(p, r.who.user) || !r.manages() {
		return nil
	}
	return p
}

func (r *run) move() string {
	to := r.projectNamed()
	if to == nil || to == r.is.project || r.is.movedTo != nil {
		return ""
	}
	r.s.moveIssue(r.who, r.is, to)
	return r.apply(change{}, "target_project", to.id, "Moved this issue to "+to.Path+".")
}

func (r *run) clone() string {
	to := r.projectNamed()
	if r.arg == "" && r.manages() {
		to = r.is.project
	}
	if to == nil {
		return ""
	}
	title := r.is.title
	made, refusal := r.s.createIssue(r.who, to, draft{change: change{title: &title}})
	if refusal != nil {
		return ""
	}
	made.description = r.is.description
	r.s.systemNote(r.who, r.is, "cloned to "+made.reference(r.is.project))
	return r.apply(change{}, "target_clone_project", to.id, "Cloned this issue to "+to.Path+".")
}

func (r *run) retype() string {
	kind := strings.ReplaceAll(strings.ToLower(r.arg), " ", "_")
	for _, known := range issueTypes {
		if kind == known && kind != r.is.kind && r.manages() {
			return r.apply(change{kind: kind}, "issue_type", kind, "Type changed successfully.")
		}
	}
	return ""
}

func (r *run) react() string {
	name := strings.Trim(r.arg, ":")
	if !emojiName(name) {
		return ""
	}
	if _, fresh := r.s.award(&r.is.awards, r.who.user, name); !fresh {
		return ""
	}
	return r.apply(change{}, "emoji_award", name, "Toggled :"+name+": emoji reaction.")
}
