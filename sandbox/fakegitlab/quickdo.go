package fakegitlab

import (
	"fmt"
	"slices"
	"strings"
)

// run is one command being executed.
type run struct {
	s   *Server
	who actor
	is  *issue
	arg string
	out *outcome
}

// effects are the commands that do something to an issue here, by name. Each says in GitLab's words what it did, or
// nothing if it did nothing.
var effects map[string]func(*run) string

func init() { // not at the declaration: the functions lead back to the table by way of execute
	effects = map[string]func(*run) string{
		"close": (*run).close, "reopen": (*run).reopen, "title": (*run).title, "duplicate": (*run).duplicate,
		"label": (*run).label, "labels": (*run).label, "unlabel": (*run).unlabel, "remove_label": (*run).unlabel,
		"remove_labels": (*run).unlabel, "relabel": (*run).relabel,
		"assign": (*run).assign, "reassign": (*run).reassign, "unassign": (*run).unassign,
		"confidential": (*run).confidential, "lock": (*run).lock, "unlock": (*run).unlock,
		"due": (*run).due, "remove_due_date": (*run).removeDue, "todo": (*run).todo, "done": (*run).done,
		"subscribe": (*run).subscribe, "unsubscribe": (*run).unsubscribe, "move": (*run).move, "clone": (*run).clone,
		"relate": (*run).relate, "link": (*run).relate, "type": (*run).retype, "award": (*run).react, "react": (*run).react,
	}
}

// untracked commands apply to issues, but what they change is not kept here.
var untracked = strings.Fields(`
	add_contacts add_email blocked_by blocks board_move clear_health_status clear_weight convert_to_ticket copy_metadata
	create_merge_request epic escalate estimate estimate_time health_status invite_email iteration milestone page
	parent_epic promote promote_to promote_to_epic promote_to_incident publish remove_contacts remove_email remove_epic
	remove_estimate remove_iteration remove_milestone remove_parent remove_time_estimate remove_time_spent remove_weight
	remove_zoom set_parent severity spend spend_time spent start_date status timeline unlink weight zoom`)

// execute runs the commands found in a text of the issue, or of a note of it, with the rights of the writer, and
// records every one.
func (s *Server) execute(who actor, is *issue, n *note, commands []command) outcome {
	out := outcome{changes: object{}, summary: []string{}}
	for _, c := range commands {
		r := &run{s: s, who: who, is: is, arg: strings.TrimSpace(c.arg), out: &out}
		did := ""
		if do := effects[c.name]; do != nil {
			did = do(r)
		} else if slices.Contains(untracked, c.name) && r.manages() {
			did = "Executed /" + c.name + "."
		} else if substitutions[c.name] != "" {
			did = "Replaced by a text."
		}
		where := pick(n == nil, "description", "note")
		s.happen(who, is, n, Happening{Kind: "command", What: c.name, Text: c.line, Where: where, Effect: did})
		if did != "" && substitutions[c.name] == "" {
			out.summary = append(out.summary, did)
		}
	}
	return out
}

// People who act in the browser are not asked for their rights.
func (r *run) manages() bool { return !r.who.api || r.s.manages(r.is.project, r.who.user) }
func (r *run) edits() bool   { return !r.who.api || r.s.edits(r.is, r.who.user) }

func (r *run) apply(ch change, key string, now any, did string) string {
	r.s.apply(r.who, r.is, ch)
	r.out.changes[key] = now
	return did
}

func (r *run) close() string {
	if r.is.state == "closed" || r.who.api && !r.s.closes(r.is, r.who.user) {
		return ""
	}
	return r.apply(change{state: "close"}, "state_event", "close", "Closed this issue.")
}

func (r *run) reopen() string {
	if r.is.state == "opened" || r.who.api && !r.s.closes(r.is, r.who.user) {
		return ""
	}
	return r.apply(change{state: "reopen"}, "state_event", "reopen", "Reopened this issue.")
}

func (r *run) title() string {
	if r.arg == "" || !r.edits() || checkText(&r.arg, nil) != nil {
		return ""
	}
	return r.apply(change{title: &r.arg}, "title", r.arg, fmt.Sprintf("Changed the title to %q.", r.arg))
}

// labelsNamed finds the labels of the argument; a command makes no new ones.
func (r *run) labelsNamed() (names []string, ids []int) {
	add := func(name string) {
		if l := r.is.project.label(name); l != nil && !slices.Contains(names, name) {
			names, ids = append(names, name), append(ids, l.ID)
		}
	}
	refs, _ := scan(r.arg)
	for _, f := range refs {
		if f.kind == "label" {
			add(f.name)
		}
	}
	for word := range strings.FieldsSeq(r.arg) {
		add(word)
	}
	return names, ids
}

func (r *run) label() string {
	names, ids := r.labelsNamed()
	if len(names) == 0 || !r.manages() {
		return ""
	}
	return r.apply(change{add: names}, "add_label_ids", ids, "Added "+labelWords(names)+".")
}

func (r *run) unlabel() string {
	names, ids := r.labelsNamed()
	if r.arg == "" {
		for _, l := range r.is.labels {
			names, ids = append(names, l.Name), append(ids, l.ID)
		}
	}
	if len(names) == 0 || !r.manages() {
		return ""
	}
	return r.apply(change{remove: names}, "remove_label_ids", ids, "Removed "+labelWords(names)+".")
}

func (r *run) relabel() string {
	names, ids := r.labelsNamed()
	if len(names) == 0 || !r.manages() {
		return ""
	}
	return r.apply(change{labels: &names}, "label_ids", ids, "Replaced all labels with "+labelWords(names)+".")
}

func labelWords(names []string) string {
	return `~"` + strings.Join(names, `" ~"`) + `" ` + pick(len(names) == 1, "label", "labels")
}

// usersNamed finds the users of the argument; me is the writer.
func (r *run) usersNamed() (ids []int) {
	for _, word := range strings.FieldsFunc(r.arg, func(c rune) bool { return c == ' ' || c == ',' }) {
		u := r.s.userNamed(strings.TrimPrefix(word, "@"))
		if word == "me" {
			u = r.who.user
		}
		if u != nil && r.s.sees(r.is.project, u) && !slices.Contains(ids, u.ID) {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

func (r *run) assign() string {
	ids := r.usersNamed()
	if len(ids) == 0 || !r.manages() {
		return ""
	}
	if r.s.cfg.Premium {
		for _, u := range r.is.assignees {
			ids = append([]int{u.ID}, ids...)
		}
	} else {
		ids = ids[:1]
	}
	return r.apply(change{assignees: &ids}, "assignee_ids", ids, "Assigned "+r.arg+".")
}

func (r *run) reassign() string {
	ids := r.usersNamed()
	if len(ids) == 0 || !r.manages() {
		return ""
	}
	return r.apply(change{assignees: &ids}, "assignee_ids", ids, "Changed assignees to "+r.arg+".")
}

func (r *run) unassign() string {
	if len(r.is.assignees) == 0 || !r.manages() {
		return ""
	}
	away, left := r.usersNamed(), []int{}
	for _, u := range r.is.assignees {
		if r.arg != "" && !slices.Contains(away, u.ID) {
			left = append(left, u.ID)
		}
	}
	return r.apply(change{assignees: &left}, "assignee_ids", left, "Removed assignees.")
}

func (r *run) confidential() string {
	if r.is.confidential || !r.manages() {
		return ""
	}
	yes := true
	return r.apply(change{confidential: &yes}, "confidential", true, "Made this issue confidential.")
}

func (r *run) lock() string   { return r.setLock(true, "Locked the discussion.") }
func (r *run) unlock() string { return r.setLock(false, "Unlocked the discussion.") }

func (r *run) setLock(locked bool, did string) string {
	if r.is.locked == locked || !r.manages() {
		return ""
	}
	return r.apply(change{locked: &locked}, "discussion_locked", locked, did)
}
