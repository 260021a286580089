package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// trouble makes one call of a fake fail: it refuses, or it obeys and loses the answer.
type trouble struct {
	call  string
	obey  bool
	err   error
	times int
}

// fakeEnd is what both fakes share: a list of calls, and ordered trouble.
type fakeEnd struct {
	mu       sync.Mutex
	calls    []string
	objects  []string // some calls again, with what they are about
	troubles []trouble
	during   func(call string) // what happens while a call is under way; it must not call the fake
	takes    time.Duration     // how long the calls that are slow take
}

// slow lets a call take its time, and reports whether it was cut short.
func (e *fakeEnd) slow(ctx context.Context) error {
	e.mu.Lock()
	d := e.takes
	e.mu.Unlock()
	if d > 0 {
		sleep(ctx, d)
	}
	return ctx.Err()
}

// called notes a call and gives the trouble that hits it, if any. The caller holds the lock.
func (e *fakeEnd) called(call string) *trouble {
	e.calls = append(e.calls, call)
	if e.during != nil {
		e.during(call)
	}
	return e.trouble(call)
}

func (e *fakeEnd) trouble(call string) *trouble {
	for i := range e.troubles {
		if t := &e.troubles[i]; t.call == call && t.times > 0 {
			t.times--
			return t
		}
	}
	return nil
}

// also notes the call under a second name, which tells its object.
func (e *fakeEnd) also(call string) *trouble {
	e.objects = append(e.objects, call)
	return e.trouble(call)
}

func (e *fakeEnd) order(t trouble) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t.times = max(1, t.times)
	e.troubles = append(e.troubles, t)
}

// calm ends all trouble.
func (e *fakeEnd) calm() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.troubles = nil
}

// count says how often the calls were made since the last forget.
func (e *fakeEnd) count(calls ...string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, c := range append(slices.Clone(e.calls), e.objects...) {
		if slices.Contains(calls, c) {
			n++
		}
	}
	return n
}

// asked lists the calls since the last forget.
func (e *fakeEnd) asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// requests lists the calls since the last forget that cost a request: what a project is called is cached.
func (e *fakeEnd) requests() []string {
	return slices.DeleteFunc(e.asked(), func(call string) bool { return call == "Project" })
}

func (e *fakeEnd) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls, e.objects = nil, nil
}

// fakeSlack holds one workspace: threads by name, first message first.
type fakeSlack struct {
	fakeEnd
	threads map[Thread][]Message
	cards   map[Thread][]string // their texts
	info    ChannelInfo
	cut     int // user lists in Messages and FirstMessages hold no more than this; 0: all

	replies   []*fakeReply // all that the bridge has posted; the ts is the index
	told      []string     // "user: text"
	announced []string     // "channel: text"
	signs     map[Thread][]string
	files     map[string]string // contents by ID
	names     map[string]string // of people, by ID; "Name of ID" where it has none
}

// fakeReply is a message of the bridge.
type fakeReply struct {
	thread        Thread
	ts, key, text string
	gone          bool
}

func (s *fakeSlack) cutLists(m Message) Message {
	m.Reactions = slices.Clone(m.Reactions)
	for i, r := range m.Reactions {
		m.Reactions[i].Users = slices.Clone(r.Users)
		if s.cut > 0 && len(r.Users) > s.cut {
			m.Reactions[i].Users = r.Users[:s.cut]
		}
	}
	return m
}

func (s *fakeSlack) Messages(ctx context.Context, t Thread) ([]Message, error) {
	if err := s.slow(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if tr := cmp.Or(s.called("Messages"), s.also("Messages "+t.String())); tr != nil {
		return nil, tr.err
	}
	var out []Message
	for _, m := range s.threads[t] {
		out = append(out, s.cutLists(m))
	}
	if out != nil {
		return out, nil
	}
	for root, messages := range s.threads {
		for _, m := range messages {
			if root.Channel == t.Channel && m.TS == t.TS {
				return []Message{s.cutLists(m)}, nil
			}
		}
	}
	return nil, nil
}

func (s *fakeSlack) Reactions(_ context.Context, t Thread) (Message, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tr := s.called("Reactions"); tr != nil {
		return Message{}, false, tr.err
	}
	if m := s.threads[t]; len(m) > 0 {
		root := m[0]
		root.Reactions = slices.Clone(root.Reactions)
		for i, r := range root.Reactions {
			root.Reactions[i].Users = slices.Clone(r.Users)
		}
		return root, true, nil
	}
	return Message{}, false, nil
}

func (s *fakeSlack) FirstMessages(_ context.Context, channel, oldest string, page func([]Message) error) error {
	s.mu.Lock()
	if tr := cmp.Or(s.called("FirstMessages"), s.also("FirstMessages "+channel)); tr != nil {
		s.mu.Unlock()
		return tr.err
	}
	var roots []Message
	for t, m := range s.threads {
		if t.Channel != channel || !before(oldest, t.TS) {
			continue
		}
		root := s.cutLists(m[0])
		root.ReplyCount = len(m) - 1
		root.LatestReply = ""
		if len(m) > 1 {
			root.LatestReply = m[len(m)-1].TS
		}
		roots = append(roots, root)
	}
	s.mu.Unlock()
	return page(roots)
}

func (s *fakeSlack) Channel(context.Context, string) (ChannelInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info, nil
}

func (s *fakeSlack) Names(_ context.Context, users, _, _ []string) (markup.Names, error) {
	n := markup.Names{Users: map[string]string{}}
	for _, u := range users {
		n.Users[u] = cmp.Or(s.names[u], "Name of "+u)
	}
	return n, nil
}

func (s *fakeSlack) Permalink(channel, ts, _ string) string {
	return "https://acme.slack.com/archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
}

func (s *fakeSlack) Canonical(emoji string) string { return markup.CanonicalEmoji(emoji) }

func (s *fakeSlack) HasEmoji(emoji string) bool { return emoji != "unknown" }

// name tells calls about the card from those about other replies.
func name(call, key string) string {
	if key == cardReply {
		return call + "Card"
	}
	return call + "Reply"
}

func (s *fakeSlack) PostReply(_ context.Context, t Thread, key string, text markup.Slack) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tr := s.called(name("Post", key))
	if tr != nil && !tr.obey {
		return "", tr.err
	}
	r := &fakeReply{thread: t, key: key, text: text.String(), ts: tsOf(time.Now().Add(time.Duration(len(s.replies)) * time.Microsecond))}
	s.replies = append(s.replies, r)
	if key == cardReply {
		s.cards[t] = append(s.cards[t], text.String())
	}
	if tr != nil {
		return "", tr.err
	}
	return r.ts, nil
}

// reply finds a reply by its ts.
func (s *fakeSlack) reply(ts string) (*fakeReply, error) {
	for _, r := range s.replies {
		if r.ts == ts && !r.gone {
			return r, nil
		}
	}
	return nil, &Never{Err: fmt.Errorf("message_not_found: %w", ErrGone)}
}

func (s *fakeSlack) UpdateReply(_ context.Context, _, ts string, text markup.Slack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.reply(ts)
	if err != nil {
		s.called("UpdateReply")
		return err
	}
	tr := s.called(name("Update", r.key))
	if tr != nil && !tr.obey {
		return tr.err
	}
	r.text = text.String()
	if r.key == cardReply {
		for i := range s.cards[r.thread] {
			s.cards[r.thread][i] = r.text
		}
	}
	if tr != nil {
		return tr.err
	}
	return nil
}

func (s *fakeSlack) DeleteReply(_ context.Context, _, ts string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tr := s.called("DeleteReply")
	if tr != nil && !tr.obey {
		return tr.err
	}
	if r, err := s.reply(ts); err == nil {
		r.gone = true
	}
	if tr != nil {
		return tr.err
	}
	return nil
}

func (s *fakeSlack) FindReply(_ context.Context, t Thread, key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tr := s.called(name("Find", key)); tr != nil {
		return "", tr.err
	}
	for _, r := range s.replies {
		if r.thread == t && r.key == key && !r.gone {
			return r.ts, nil
		}
	}
	return "", nil
}

func (s *fakeSlack) OwnReplies(_ context.Context, t Thread) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tr := s.called("OwnReplies"); tr != nil {
		return nil, tr.err
	}
	own := map[string]string{}
	for _, r := range s.replies {
		if r.thread == t && !r.gone {
			own[r.key] = r.ts
		}
	}
	return own, nil
}

func (s *fakeSlack) Tell(_ context.Context, _ Thread, user string, text markup.Slack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tr := s.called("Tell")
	if tr == nil || tr.obey {
		s.told = append(s.told, user+": "+text.String())
	}
	if tr != nil {
		return tr.err
	}
	return nil
}

func (s *fakeSlack) Sign(_ context.Context, t Thread, emoji string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tr := s.called("Sign")
	if tr == nil || tr.obey {
		s.signs[t] = slices.DeleteFunc(s.signs[t], func(e string) bool { return e == emoji })
		if on {
			s.signs[t] = append(s.signs[t], emoji)
		}
	}
	if tr != nil {
		return tr.err
	}
	return nil
}

func (s *fakeSlack) Announce(_ context.Context, channel string, text markup.Slack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tr := s.called("Announce"); tr != nil {
		return tr.err
	}
	s.announced = append(s.announced, channel+": "+text.String())
	return nil
}

func (s *fakeSlack) OpenFile(ctx context.Context, f markup.File) (io.ReadCloser, int64, string, error) {
	if err := s.slow(ctx); err != nil {
		return nil, 0, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if tr := cmp.Or(s.called("OpenFile"), s.also("OpenFile "+f.ID)); tr != nil {
		return nil, 0, "", tr.err
	}
	text := s.files[f.ID]
	return io.NopCloser(strings.NewReader(text)), int64(len(text)), f.Name, nil
}

// read gives a list as it is now, such as told or announced.
func (s *fakeSlack) read(list *[]string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(*list)
}

// cardsOf lists the texts of a thread's cards.
func (s *fakeSlack) cardsOf(t Thread) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.cards[t])
}

// said lists what the bridge said in a thread beside the card, oldest first.
func (s *fakeSlack) said(t Thread) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.replies {
		if r.thread == t && r.key != cardReply && !r.gone {
			out = append(out, r.text)
		}
	}
	return out
}

// What people do.

func (s *fakeSlack) post(t Thread, m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.TS != t.TS {
		m.ThreadTS = t.TS
	}
	s.threads[t] = append(s.threads[t], m)
}

func (s *fakeSlack) react(t Thread, ts, user, emoji string, give bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.threads[t], func(m Message) bool { return m.TS == ts })
	m := &s.threads[t][i]
	j := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Emoji == emoji })
	if j < 0 {
		m.Reactions = append(m.Reactions, Reaction{Emoji: emoji})
		j = len(m.Reactions) - 1
	}
	r := &m.Reactions[j]
	r.Users = slices.DeleteFunc(slices.Clone(r.Users), func(u string) bool { return u == user })
	if give {
		r.Users = append(r.Users, user)
	}
	if r.Count = len(r.Users); r.Count == 0 {
		m.Reactions = slices.Delete(m.Reactions, j, j+1)
	}
}

// fakeGitLab holds one project's issues.
type fakeGitLab struct {
	fakeEnd
	issues  []*fakeIssue
	project Project
	others  map[string]Project // by path
	free    bool               // keeps one assignee
	owner   bool               // the bridge's account may choose numbers
	uploads []string
}

type fakeIssue struct {
	Issue
	Notes   []string // texts; a note's number is its place, from 1; empty: deleted
	written []Note   // beside the texts: who, when, what kind
	deleted bool
	unseen  bool // it is there, and not shown

	reopener string // who reopened it last
}

// touch has the issue changed now, and later than the last time.
func (i *fakeIssue) touch() {
	last := i.Updated
	if i.Updated = time.Now().UTC(); !i.Updated.After(last) {
		i.Updated = last.Add(time.Millisecond)
	}
}

// add adds a note of any kind.
func (i *fakeIssue) add(n Note) int {
	i.touch()
	n.ID, n.Created, n.Updated = len(i.Notes)+1, i.Updated, i.Updated
	i.Notes = append(i.Notes, n.Body)
	i.written = append(i.written, n)
	if !n.System {
		i.Comments++
	}
	return n.ID
}

// own lists the texts of the bridge's own notes.
func (i *fakeIssue) own() []string {
	var out []string
	for n, w := range i.written {
		if w.Own {
			out = append(out, i.Notes[n])
		}
	}
	return out
}

// gone is GitLab's answer for what is not there.
func gone(what string) error {
	return &Never{Err: fmt.Errorf("404 on %s: %w", what, ErrGone), Remedy: "look"}
}

func (g *fakeGitLab) Project(_ context.Context, idOrPath string) (Project, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := cmp.Or(g.called("Project"), g.also("Project "+idOrPath)); tr != nil {
		return Project{}, tr.err
	}
	if p, ok := g.others[idOrPath]; ok {
		return p, nil
	}
	return g.project, nil
}

func (g *fakeGitLab) CreateIssue(ctx context.Context, project int, n NewIssue) (Issue, error) {
	if g.slow(ctx) != nil {
		return Issue{}, errLost
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.called("CreateIssue")
	if tr != nil && !tr.obey {
		return Issue{}, tr.err
	}
	iid := len(g.issues) + 1
	if g.owner && n.IID != 0 {
		if n.IID < iid && !g.issues[n.IID-1].deleted {
			return Issue{}, fmt.Errorf("409 Duplicated issue: %w", ErrTaken)
		}
		for ; iid < n.IID; iid++ { // a gap
			g.issues = append(g.issues, &fakeIssue{Issue: Issue{IID: iid}, deleted: true})
		}
		iid = n.IID
	}
	i := &fakeIssue{Issue: Issue{Project: project, IID: iid, URL: fmt.Sprintf("https://gitlab.example.com/acme/app/-/issues/%d", iid),
		Ref: fmt.Sprintf("acme/app#%d", iid), Confidential: n.Confidential, Title: n.Title, Description: n.Description.String(), Created: time.Now().UTC(), Own: true}}
	i.touch()
	i.label(n.Labels, nil)
	g.assign(i, n.Assignees)
	if iid <= len(g.issues) { // the number of one that was deleted
		g.issues[iid-1] = i
	} else {
		g.issues = append(g.issues, i)
	}
	if tr != nil {
		return Issue{}, tr.err
	}
	return i.Issue, nil
}

// all lists the issues there are.
func (g *fakeGitLab) all() []*fakeIssue {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.issues)
}

func (g *fakeGitLab) assign(i *fakeIssue, names []string) {
	i.Assignees = slices.Clone(names)
	if g.free && len(names) > 1 {
		i.Assignees = i.Assignees[:1]
	}
}

// label behaves like GitLab Premium, or like the adapter on GitLab Free: one label a scope.
func (i *fakeIssue) label(add, remove []string) {
	set := without(i.Labels, remove)
	for _, l := range without(add, remove) {
		set = slices.DeleteFunc(set, func(o string) bool { return o == l || (Scope(o) != "" && Scope(o) == Scope(l)) })
		set = append(set, l)
	}
	slices.Sort(set)
	i.Labels = set
}

func (g *fakeGitLab) FindIssue(_ context.Context, _ int, t Thread, _ time.Time) (Issue, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("FindIssue"); tr != nil {
		return Issue{}, false, tr.err
	}
	for _, i := range g.issues {
		if m, ok := markup.ParseMark(i.Description); ok && !i.deleted && !i.unseen && i.Own && m.Thread == t.String() {
			return i.Issue, true, nil
		}
	}
	return Issue{}, false, nil
}

func (g *fakeGitLab) Issue(_ context.Context, _, iid int) (Issue, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("Issue"); tr != nil {
		return Issue{}, tr.err
	}
	if g.issues[iid-1].deleted || g.issues[iid-1].unseen {
		return Issue{}, gone("issue")
	}
	return g.issues[iid-1].Issue, nil
}

func (g *fakeGitLab) UpdateIssue(_ context.Context, _, iid int, p Patch) (Issue, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.called("UpdateIssue")
	if tr != nil && !tr.obey {
		return Issue{}, tr.err
	}
	i := g.issues[iid-1]
	if i.deleted {
		return Issue{}, gone("issue")
	}
	i.touch()
	i.Labels = slices.Clone(i.Labels)
	i.label(p.AddLabels, p.RemoveLabels)
	if p.Title != "" {
		i.Title = p.Title
	}
	if p.Description != nil {
		i.Description = p.Description.String()
	}
	if p.State != "" {
		i.Closed = p.State == Close
	}
	if p.SetAssignees {
		g.assign(i, p.Assignees)
	}
	i.Confidential = i.Confidential || p.Confidential
	if tr != nil {
		return Issue{}, tr.err
	}
	return i.Issue, nil
}

func (g *fakeGitLab) AddNote(_ context.Context, _, iid int, body markup.GitLab) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.called("AddNote")
	if tr != nil && !tr.obey {
		return 0, tr.err
	}
	i := g.issues[iid-1]
	if i.deleted {
		return 0, gone("issue")
	}
	note := i.add(Note{Own: true, Author: "Bridge", Body: body.String()})
	if tr != nil {
		return 0, tr.err
	}
	return note, nil
}

func (g *fakeGitLab) Note(_ context.Context, _, iid, note int) (Note, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("Note"); tr != nil {
		return Note{}, tr.err
	}
	i := g.issues[iid-1]
	if i.deleted || i.Notes[note-1] == "" {
		return Note{}, gone("note")
	}
	n := i.written[note-1]
	n.Body = i.Notes[note-1]
	return n, nil
}

func (g *fakeGitLab) UpdateNote(_ context.Context, _, iid, note int, body markup.GitLab) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.called("UpdateNote")
	if tr != nil && !tr.obey {
		return tr.err
	}
	i := g.issues[iid-1]
	if i.deleted || i.Notes[note-1] == "" {
		return gone("note")
	}
	i.touch()
	i.Notes[note-1], i.written[note-1].Updated = body.String(), i.Updated
	if tr != nil {
		return tr.err
	}
	return nil
}

func (g *fakeGitLab) Notes(_ context.Context, _, iid int, page func([]Note) bool) error {
	g.mu.Lock()
	if tr := g.called("Notes"); tr != nil {
		g.mu.Unlock()
		return tr.err
	}
	i := g.issues[iid-1]
	if i.deleted {
		g.mu.Unlock()
		return gone("issue")
	}
	var all []Note
	for n, w := range i.written {
		if w.Body = i.Notes[n]; w.Body != "" {
			all = append(all, w)
		}
	}
	g.mu.Unlock()
	slices.SortStableFunc(all, func(a, b Note) int { return b.Updated.Compare(a.Updated) })
	for len(all) > 2 {
		if !page(all[:2]) {
			return nil
		}
		all = all[2:]
	}
	page(all)
	return nil
}

func (g *fakeGitLab) Reopener(_ context.Context, _, iid int) (string, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("Reopener"); tr != nil {
		return "", false, tr.err
	}
	name := g.issues[iid-1].reopener
	return name, name == ownAccount, nil
}

// ownAccount is the name of the bridge's account.
const ownAccount = "Bridge"

func (g *fakeGitLab) HighestIssue(_ context.Context, project int) (iid int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("HighestIssue"); tr != nil {
		return 0, tr.err
	}
	for _, i := range g.issues {
		if !i.deleted && !i.unseen && i.Project == project {
			iid = max(iid, i.IID)
		}
	}
	return iid, nil
}

func (g *fakeGitLab) OwnIssues(_ context.Context, project int, since time.Time, page func([]Issue) error) error {
	g.mu.Lock()
	if tr := g.called("OwnIssues"); tr != nil {
		g.mu.Unlock()
		return tr.err
	}
	var own []Issue
	for _, i := range g.issues {
		if !i.deleted && i.Own && i.Project == project && !i.Created.Before(since.Add(-5*time.Minute)) {
			own = append(own, i.Issue)
		}
	}
	g.mu.Unlock()
	for len(own) > 2 { // small pages
		if err := page(own[:2]); err != nil {
			return err
		}
		own = own[2:]
	}
	return page(own)
}

func (g *fakeGitLab) Changed(_ context.Context, project int, since time.Time, page func([]Issue) error) error {
	g.mu.Lock()
	if tr := cmp.Or(g.called("Changed"), g.also(fmt.Sprint("Changed ", project))); tr != nil {
		g.mu.Unlock()
		return tr.err
	}
	var out []Issue
	for _, i := range g.issues {
		if !i.deleted && i.Project == project && i.Updated.After(since) {
			out = append(out, i.Issue)
		}
	}
	g.mu.Unlock()
	slices.SortStableFunc(out, func(a, b Issue) int { return a.Updated.Compare(b.Updated) })
	return page(out)
}

func (g *fakeGitLab) Issues(_ context.Context, project int, iids []int) ([]Issue, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(iids) == 0 {
		return nil, nil
	}
	if tr := g.called("Issues"); tr != nil {
		return nil, tr.err
	}
	var out []Issue
	for _, i := range g.issues {
		if !i.deleted && i.Project == project && slices.Contains(iids, i.IID) {
			out = append(out, i.Issue)
		}
	}
	return out, nil
}

func (g *fakeGitLab) Moved(_ context.Context, i Issue) (Issue, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("Moved"); tr != nil {
		return Issue{}, false, tr.err
	}
	if i.MovedTo > len(g.issues) {
		return Issue{}, false, nil
	}
	return g.issues[i.MovedTo-1].Issue, true, nil
}

func (g *fakeGitLab) Upload(_ context.Context, _ int, name string, _ int64, body io.Reader) (Upload, error) {
	text, err := io.ReadAll(body)
	g.mu.Lock()
	defer g.mu.Unlock()
	tr := g.called("Upload")
	if tr != nil && !tr.obey {
		return Upload{}, tr.err
	}
	if err != nil {
		return Upload{}, err
	}
	g.uploads = append(g.uploads, string(text))
	if tr != nil {
		return Upload{}, tr.err
	}
	return Upload{Path: fmt.Sprintf("/uploads/%032d/%s", len(g.uploads), name)}, nil
}

func (g *fakeGitLab) ReadProject(_ context.Context, id int) (Project, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := cmp.Or(g.called("ReadProject"), g.also(fmt.Sprint("ReadProject ", id))); tr != nil {
		return Project{}, tr.err
	}
	return g.project, nil
}

// person has a person change an issue in GitLab.
func (g *fakeGitLab) person(iid int, change func(*fakeIssue)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.issues[iid-1]
	i.touch()
	change(i)
}

func (g *fakeGitLab) FindNote(_ context.Context, _, iid int, messages []string, _ time.Time) (int, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if tr := g.called("FindNote"); tr != nil {
		return 0, false, tr.err
	}
	for n, body := range g.issues[iid-1].Notes {
		if m, ok := markup.ParseMark(body); ok && slices.Equal(m.Messages, messages) {
			return n + 1, true, nil
		}
	}
	return 0, false, nil
}

// mirrored lists the ts of the messages in the issue's notes, in their order.
func (i *fakeIssue) mirrored() []string {
	var out []string
	for _, n := range i.Notes {
		m, _ := markup.ParseMark(n)
		for _, id := range m.Messages {
			_, ts, _ := strings.Cut(id, "/")
			out = append(out, ts)
		}
	}
	return out
}

// noMeter counts nothing.
type noMeter struct{}

func (noMeter) Event(EventKind, string) {}
func (noMeter) Action(string, string)   {}
func (noMeter) Swept(int)               {}

func (noMeter) CaughtUp(time.Duration, map[EventKind]int) {}
func (noMeter) Waited(string, time.Duration)              {}

func (noMeter) Acknowledged(string, string, time.Duration) {}
func (noMeter) Resolved(string, string, time.Duration)     {}

const (
	agentOne, agentTwo, stranger = "UAGENT1", "UAGENT2", "USTRANGER"
	asker                        = "UASKER"
	help                         = "C0HELP0001"
)

const testTeam = `{
  "resolved_emojis": ["white_check_mark"], "reopened_emojis": ["repeat"],
  "label_emojis": {"ops": "team::Ops", "foundations": "team::Foundations", "fire": "hot", "sos": {"labels": ["severity::1"], "assignees": ["lead"]}, "lock": {"confidential": true}},
  "channels": [{"id": "C0HELP0001", "project": "acme/app", "labels": ["flow::new"], "resolved_labels": ["flow::done"]}],
  "agents": [{"slack_id": "UAGENT1", "gitlab_username": "one", "name": "Agent One"}, {"slack_id": "UAGENT2", "gitlab_username": "two"}]
}`

func parseTeam(t testing.TB, text string) *agents.File {
	t.Helper()
	team, err := agents.Parse("agents.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return team
}

// fakeDisk is a store's engine that can refuse a commit, or do it and lose the answer.
type fakeDisk struct {
	store.Engine
	mu     sync.Mutex
	refuse func(store.Batch) error // an error: nothing is written
	lose   func(store.Batch) error // an error: it is written all the same
	// reading is called after a record was read, by itself or among others, and before its reader has it.
	reading func(key string)
	damaged string // a key
}

func (d *fakeDisk) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := d.Engine.Get(ctx, key)
	d.mu.Lock()
	reading := d.reading
	if key == d.damaged {
		value, err = nil, fmt.Errorf("%w: %s", store.ErrDamaged, key)
	}
	d.mu.Unlock()
	if reading != nil {
		reading(key)
	}
	return value, err
}

func (d *fakeDisk) Scan(ctx context.Context, prefix, after string, limit int) ([]store.KV, error) {
	kvs, err := d.Engine.Scan(ctx, prefix, after, limit)
	d.mu.Lock()
	reading := d.reading
	for _, kv := range kvs {
		if kv.Key == d.damaged {
			kvs, err = nil, fmt.Errorf("%w: %s", store.ErrDamaged, kv.Key)
			break
		}
	}
	d.mu.Unlock()
	if reading != nil {
		for _, kv := range kvs {
			reading(kv.Key)
		}
	}
	return kvs, err
}

// damages makes the record of that key, and no other, unreadable.
func (d *fakeDisk) damages(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.damaged = key
}

// onReading has f called after each reading of a record; nil ends that.
func (d *fakeDisk) onReading(f func(key string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = f
}

func (d *fakeDisk) Commit(ctx context.Context, b store.Batch) error {
	d.mu.Lock()
	refuse, lose := d.refuse, d.lose
	d.mu.Unlock()
	if refuse != nil {
		if err := refuse(b); err != nil {
			return err
		}
	}
	if len(b.Guards) > 100 { // which not every engine takes
		return store.ErrTooBig
	}
	if err := d.Engine.Commit(ctx, b); err != nil || lose == nil {
		return err
	}
	return lose(b)
}

// fails makes the first commit that matches fail with err, before or after it is written.
func (d *fakeDisk) fails(err error, written bool, matches func(store.Batch) bool) {
	once := func(b store.Batch) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !matches(b) {
			return nil
		}
		d.refuse, d.lose = nil, nil
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if written {
		d.lose = once
	} else {
		d.refuse = once
	}
}

// full has no room for the commits that match; nil ends that.
func (d *fakeDisk) full(matches func(store.Batch) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuse = nil
	if matches != nil {
		d.refuse = func(b store.Batch) error {
			if matches(b) {
				return store.ErrFull
			}
			return nil
		}
	}
}

// puts and deletes report whether a batch writes or deletes a key that starts so.
func puts(b store.Batch, prefix string) bool {
	return slices.ContainsFunc(b.Puts, func(kv store.KV) bool { return strings.HasPrefix(kv.Key, prefix) })
}

func deletes(b store.Batch, prefix string) bool {
	return slices.ContainsFunc(b.Deletes, func(key string) bool { return strings.HasPrefix(key, prefix) })
}

// logBook keeps what the bridge logs.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// rig is a bridge between two fakes, with a real store.
type rig struct {
	t      testing.TB
	slack  *fakeSlack
	gitlab *fakeGitLab
	meter  Meter
	path   string
	engine *bolt.Engine
	disk   *fakeDisk
	store  *store.Store
	log    logBook
	window time.Duration // how far back a sweep looks
	poll   time.Duration // how often GitLab is asked for changes; 0: never
	ops    string
	heard  func() time.Time
	lease  func() time.Duration
	fence  bool
	wrap   func(Slack, GitLab) (Slack, GitLab) // what the bridge gets instead of the fakes
	bridge *Bridge
	cancel context.CancelFunc
	done   chan error
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, meter: noMeter{}, window: 168 * time.Hour, path: t.TempDir() + "/bridge.db",
		slack:  &fakeSlack{threads: map[Thread][]Message{}, cards: map[Thread][]string{}, signs: map[Thread][]string{}, files: map[string]string{}, info: ChannelInfo{ID: help, Name: "help", Member: true}},
		gitlab: &fakeGitLab{project: Project{ID: 7, Path: "acme/app", Visibility: "private"}},
	}
	return r
}

// start opens the store and runs the bridge on it.
func (r *rig) start() {
	r.t.Helper()
	var err error
	if r.engine, err = bolt.Open(r.path, bolt.Options{}); err != nil {
		r.t.Fatal(err)
	}
	r.disk = &fakeDisk{Engine: r.engine}
	if r.store, err = store.Open(r.t.Context(), r.disk); err != nil {
		r.t.Fatal(err)
	}
	team := parseTeam(r.t, testTeam)
	if r.bridge != nil {
		team = r.bridge.AgentsFile()
	}
	slack, gitlab := Slack(r.slack), GitLab(r.gitlab)
	if r.wrap != nil {
		slack, gitlab = r.wrap(slack, gitlab)
	}
	r.bridge = New(Config{Settle: 75 * time.Second, SweepEvery: 10 * time.Minute, SweepWindow: r.window, Backfill: 24 * time.Hour, Undo: 2 * time.Minute, MaxFile: 10_000_000,
		PollEvery: r.poll, Ops: r.ops, GitLabHost: "gitlab.example.com", Heard: r.heard, Lease: r.lease, Fence: r.fence},
		slack, gitlab, r.store, team, zerolog.New(&r.log), r.meter)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.done = cancel, make(chan error, 1)
	go func() { r.done <- r.bridge.Run(ctx) }()
	time.Sleep(time.Second) // the sweep at the start
}

// stop stops the bridge and closes the store.
func (r *rig) stop() {
	r.t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		r.t.Errorf("Run() = %v, want nil", err)
	}
	r.wantNoted()
	if err := r.engine.Close(); err != nil {
		r.t.Error(err)
	}
}

// crash ends the bridge as kill -9 does: nothing more is written, whatever was on its way to the vendors.
func (r *rig) crash() {
	r.t.Helper()
	r.disk.mu.Lock()
	r.disk.refuse = func(store.Batch) error { return errors.New("killed") }
	r.disk.mu.Unlock()
	r.stop()
}

func (r *rig) accept(e Event) {
	r.t.Helper()
	if err := r.bridge.Accept(context.Background(), e); err != nil {
		r.t.Errorf("Accept(%v) = %v, want nil", e.Kind, err)
	}
}

func (r *rig) reacted(t Thread, ts, user, emoji string, give bool) {
	r.t.Helper()
	r.slack.react(t, ts, user, emoji, give)
	r.accept(reaction(t, ts, user, emoji, give))
}

func reaction(t Thread, ts, user, emoji string, give bool) Event {
	kind := ReactionAdded
	if !give {
		kind = ReactionRemoved
	}
	return Event{Kind: kind, Channel: t.Channel, TS: ts, User: user, Emoji: emoji}
}

func (r *rig) replied(t Thread, m Message) {
	r.t.Helper()
	r.slack.post(t, m)
	m.ThreadTS = t.TS
	r.accept(Event{Kind: MessagePosted, Channel: t.Channel, TS: m.TS, User: m.User, Message: &m})
}

// idle waits until nothing is left to do, as long as it takes.
func (r *rig) idle() {
	r.t.Helper()
	for range 100_000 {
		s := r.store.Stats()
		if s.Waiting+s.Begun == 0 && s.Taken == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	jobs, err := r.bridge.Jobs(context.Background())
	r.t.Fatalf("still waiting: %+v %v", jobs, err)
}

// only gives the one issue there is.
func (r *rig) only() *fakeIssue {
	r.t.Helper()
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	if len(r.gitlab.issues) != 1 {
		r.t.Fatalf("got %d issues, want 1", len(r.gitlab.issues))
	}
	return r.gitlab.issues[0]
}

// at gives a ts that many seconds after a fixed second shortly before now.
func at(seconds int) string {
	return fmt.Sprintf("%d.%06d", time.Now().Add(-time.Hour).Truncate(time.Hour).Unix()+int64(seconds), 100)
}

func says(ts, user, text string) Message {
	return Message{TS: ts, User: user, Content: markup.Message{Text: text}}
}

// markOf is the thread that an issue says it belongs to.
func markOf(i *fakeIssue) string {
	m, _ := markup.ParseMark(i.Description)
	return m.Thread
}

var errLost = &Unknown{Err: errors.New("connection reset")}

// fileOf is a file in Slack of that ID.
func fileOf(id string) markup.File {
	return markup.File{ID: id, Name: id + ".txt", Mimetype: "text/plain", Size: 3, Mode: "hosted",
		Permalink: "https://acme.slack.com/files/" + id, URL: "https://files.slack.com/" + id}
}
