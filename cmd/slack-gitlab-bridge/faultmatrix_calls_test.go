package main

// outward is a call that the daemon makes: a row of the matrix, with the smallest scenario that makes it.
type outward struct {
	name   string
	kind   string // one of kinds
	vendor string
	route  string // of the request, as faults.Fault has it
	body   string // tells it from others of the same route

	created bool   // success is 201
	list    bool   // the answer is a list
	empty   string // an answer of success that says nothing; filled by outwards
	refused string // Slack's word for a refusal as things stand; empty: HTTP statuses say so

	fence  bool                    // GITLAB_FENCE=iid is set, and the account an Owner
	early  bool                    // the daemon makes it at its start: the fault is there before
	before func(*simulation) error // what has to be there; nil: a message that was taken over
	act    func(*simulation) error // what brings the call about; nil: a message is taken over
	want   func(*simulation) error // how it has to be in the end; nil: whole
	less   func(*simulation) error // how it is in the end where the rest goes on without

	find   string // of what must not be done twice: how its effect is looked for
	change string // of a search: the request whose effect is looked for; its answer is lost
	by     string // tells both from others of the same route by their body
}

const (
	createIssue = `^POST /api/v4/projects/1/issues$`
	findIssue   = `^GET /api/v4/projects/1/issues\?.*author_id=`
	addNote     = `^POST /api/v4/projects/1/issues/1/notes$`
	findNote    = `^GET /api/v4/projects/1/issues/1/notes\?.*order_by=created_at`
	putIssue    = `^PUT /api/v4/projects/1/issues/1$`
	oneNote     = ` /api/v4/projects/1/issues/1/notes/[0-9]+$`

	readsProject = "GitLab: reading project, labels and people"
	readsIssue   = "GitLab: reading an issue and what belongs to it"
	changesIssue = "GitLab: changing an issue or a note"
	rounds       = "GitLab: polls and sweeps"
)

// gitlabCalls are those to GitLab.
var gitlabCalls = []outward{
	{name: "read own account", kind: "GitLab: who the bridge is, at the start", route: `^GET /api/v4/user$`, early: true},
	{name: "read token", kind: "GitLab: what the token may do, at the start", route: `^GET /api/v4/personal_access_tokens/self$`, early: true},
	{name: "read project by path", kind: readsProject, route: `^GET /api/v4/projects/acme%2Fapp$`, early: true},
	{name: "read labels", kind: readsProject, route: `^GET /api/v4/projects/1/labels\?`, list: true, early: true},
	{name: "read user", kind: readsProject, route: `^GET /api/v4/users\?username=one$`, list: true, early: true, want: all(whole(), assigned("one"))},
	{name: "create issue", kind: "GitLab: making the issue", route: createIssue, created: true, before: asked, find: findIssue},
	{name: "find issue", kind: "GitLab: looking whether the issue is there already", route: findIssue, list: true, before: asked, change: createIssue},
	{name: "create issue, by its number", kind: "GitLab: making the issue", route: createIssue, created: true, before: asked, find: findIssue, fence: true},
	{name: "read the newest issues", kind: readsProject, route: `^GET /api/v4/projects/1/issues\?.*sort=desc`, list: true, before: asked, fence: true},
	{name: "add note", kind: "GitLab: adding a note", route: addNote, created: true, act: reply, want: whole("more"), find: findNote},
	{name: "find note", kind: "GitLab: looking whether the note is there already", route: findNote, list: true, act: reply, want: whole("more"), change: addNote},
	{name: "read issue", kind: readsIssue, route: `^GET /api/v4/projects/1/issues/1$`, act: retitle, want: retitled},
	{name: "update issue: state and labels", kind: changesIssue, route: putIssue, act: resolve, want: all(closed, check((*stage).checkIssue, "first", "labels", "flow::done"))},
	{name: "update issue: assignees", kind: changesIssue, route: putIssue, act: verbOf(give, "two", "first", "eyes"), want: all(whole(), assigned("two"))},
	{name: "update issue: texts", kind: changesIssue, route: putIssue, act: retitle, want: retitled},
	{name: "read note", kind: readsIssue, route: "^GET" + oneNote, before: replied, act: edit, want: edited},
	{name: "update note", kind: changesIssue, route: "^PUT" + oneNote, before: replied, act: edit, want: edited},
	{name: "upload file", kind: "GitLab: putting a file into the project", route: `^POST /api/v4/projects/1/uploads$`, created: true, act: attach("all of it"), want: copied, less: named},
	{name: "list changed issues", kind: rounds, route: `^GET /api/v4/projects/1/issues\?.*order_by=updated_at`, list: true, act: comment, want: commentSaid},
	{name: "list notes", kind: readsIssue, route: `^GET /api/v4/projects/1/issues/1/notes\?.*order_by=updated_at`, list: true, act: comment, want: commentSaid},
	{
		name: "read who reopened", kind: readsIssue, route: `^GET /api/v4/projects/1/issues/1/resource_state_events\?`, list: true,
		before: resolved, act: reopenThere, want: all(whole(), check((*stage).said, "first", "Reopened by Lena")),
	},
	{name: "read where it was moved", kind: readsIssue, route: findNote, list: true, act: move, want: moved},
	{
		name: "read the moved issue", kind: "GitLab: reading where a moved issue is now", route: `^GET /api/v4/projects/2/issues/1$`,
		act: move, want: moved, less: check((*stage).card, "first", "*moved* to a project that the bridge cannot read"),
	},
	{
		name: "list issues by number", kind: rounds, route: `^GET /api/v4/projects/1/issues\?.*iids`, list: true,
		act: verbOf(gitlabVerbs["destroy"].do, "lena", "first"), want: check((*stage).card, "first", "deleted in GitLab"),
	},
	{
		name: "read project by number", kind: rounds, route: `^GET /api/v4/projects/1$`,
		act: verbOf(gitlabVerbs["project"].do, "public"), want: all(whole(), check((*stage).checkIssue, "first", "confidential", "true")),
	},
}

// outwards are all calls, with what their rows leave out.
func outwards() (out []outward) {
	for _, c := range gitlabCalls {
		c.vendor = "gitlab"
		out = append(out, c.filled("{}"))
	}
	for _, c := range slackCalls {
		c.vendor = "slack"
		out = append(out, c.filled(`{"ok":true}`))
	}
	return out
}

func (c outward) filled(empty string) outward {
	switch {
	case c.list:
		c.empty = "[" + empty + "]"
	case c.vendor == "gitlab" || c.refused != "":
		c.empty = empty
	}
	if c.before == nil {
		c.before = taken
		if c.early {
			c.before = asked
		}
	}
	if c.act == nil {
		c.act = take
	}
	if c.want == nil {
		c.want = whole()
	}
	return c
}

// endless is how an answer of success begins that does not end.
func (c outward) endless() string {
	switch {
	case c.refused != "":
		return `{"ok":true,"text":"x`
	case c.vendor == "slack":
		return "x"
	case c.list:
		return `[{"id":1,"title":"x`
	}
	return `{"id":1,"title":"x`
}
