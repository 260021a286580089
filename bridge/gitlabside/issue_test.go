package gitlabside

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestCreateIssue(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	n := draft()
	n.Labels, n.Assignees, n.Confidential = []string{"bug", "team::Ops"}, []string{"ann"}, true
	got, err := w.g.CreateIssue(t.Context(), w.app, n)
	w.wantAsked("CreateIssue", "POST projects/1/issues")
	want := bridge.Issue{
		Project: w.app, IID: 1, Ref: path + "#1", Labels: []string{"bug", "team::Ops"}, Assignees: []string{"ann"}, Confidential: true, Own: true,
	}
	there, _ := w.Server.Issue(w.app, 1)
	want.URL, want.Title, want.Description, want.Updated, want.Created = there.WebURL, n.Title, n.Description.String(), there.UpdatedAt, there.CreatedAt
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("CreateIssue =\n%+v, %v, want\n%+v", got, err, want)
	}
	if there.Title != n.Title || there.Description != n.Description.String() || there.Author.ID != w.bot || !there.Confidential {
		t.Errorf("GitLab has %+v", there)
	}
	read, err := w.g.Issue(t.Context(), w.app, 1)
	if !reflect.DeepEqual(read, want) || err != nil {
		t.Errorf("Issue =\n%+v, %v, want\n%+v", read, err, want)
	}
	w.wantAsked("Issue", "GET projects/1/issues/1")
}

// What is not wanted is not sent.
func TestCreatePlain(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	if _, err := w.g.CreateIssue(t.Context(), w.app, draft()); err != nil {
		t.Fatal(err)
	}
	if got := w.body(); len(got) != 2 || got["title"] == nil || got["description"] == nil {
		t.Errorf("CreateIssue sent %v, want title and description", got)
	}
}

// An Owner chooses the number; one that is taken is told to be. From anybody else GitLab ignores it.
func TestCreateWithNumber(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	n := draft()
	n.IID = 41
	if got, err := w.g.CreateIssue(t.Context(), w.app, n); got.IID != 1 || err != nil {
		t.Errorf("CreateIssue with number 41, by a Reporter = %d, %v; want GitLab's, 1", got.IID, err)
	}
	if got := w.body()["iid"]; got != 41.0 {
		t.Errorf("CreateIssue asked for number %v, want 41", got)
	}
	w.AddMember(w.app, w.bot, fakegitlab.Owner)
	if got, err := w.g.CreateIssue(t.Context(), w.app, n); got.IID != 41 || err != nil {
		t.Errorf("CreateIssue with number 41, by an Owner = %d, %v", got.IID, err)
	}
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); !errors.Is(err, bridge.ErrTaken) || !strings.Contains(err.Error(), "409") {
		t.Errorf("CreateIssue with number 41 again = %v, want ErrTaken of a 409", err)
	}
	w.fault("^POST", faults.Fault{Status: 409, Answer: `{"needs_captcha_response":true,"spam_log_id":1,"captcha_site_key":"k"}`})
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); errors.Is(err, bridge.ErrTaken) || kind(err) != "never" {
		t.Errorf("CreateIssue that is taken for spam = %v, want it refused for good", err)
	}
}

// The highest number is found, whatever gaps there are.
func TestHighestIssue(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	highest := func(want int, asked string) {
		t.Helper()
		if got, err := w.g.HighestIssue(t.Context(), w.app); got != want || err != nil {
			t.Errorf("HighestIssue = %d, %v, want %d", got, err, want)
		}
		w.wantAsked("HighestIssue", asked)
	}
	highest(0, "GET projects/1/issues")
	for n := range 25 {
		w.open(w.ann, fmt.Sprint(n))
	}
	highest(25, "GET projects/1/issues")
	w.AddMember(w.app, w.bot, fakegitlab.Owner)
	n := draft()
	n.IID = 12000
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); err != nil {
		t.Fatal(err)
	}
	w.asked()
	w.Desk().Forget()
	w.open(w.ann, "the newest")
	highest(12001, "GET projects/1/issues")
	w.fault("^GET", faults.Fault{Status: 500})
	if _, err := w.g.HighestIssue(t.Context(), w.app); kind(err) != "again" {
		t.Errorf("HighestIssue with a 500 = %v, want it to be tried again", err)
	}
}

func TestUpdateIssue(t *testing.T) {
	for _, c := range []struct {
		name  string
		patch bridge.Patch
		sent  string
		check func(bridge.Issue) bool
	}{
		{"close", bridge.Patch{State: bridge.Close}, `map[state_event:close]`, func(i bridge.Issue) bool { return i.Closed }},
		{"reopen an open one", bridge.Patch{State: bridge.Reopen}, `map[state_event:reopen]`, func(i bridge.Issue) bool { return !i.Closed }},
		{"confidential", bridge.Patch{Confidential: true}, `map[confidential:true]`, func(i bridge.Issue) bool { return i.Confidential }},
		{"title", bridge.Patch{Title: "Login works"}, `map[title:Login works]`, func(i bridge.Issue) bool { return i.Title == "Login works" }},
		{"description", bridge.Patch{Description: new(text("Anew."))}, `map[description:Anew.]`,
			func(i bridge.Issue) bool { return i.Description == "Anew." && i.Title == "Login fails" }},
		{"all at once", bridge.Patch{State: bridge.Close, AddLabels: []string{"b"}, RemoveLabels: []string{"a"}, SetAssignees: true, Assignees: []string{"ben"}},
			`map[add_labels:b assignee_ids:[3] remove_labels:a state_event:close]`,
			func(i bridge.Issue) bool { return i.Closed && i.Labels[0] == "b" && i.Assignees[0] == "ben" }},
	} {
		w := started(t, fakegitlab.Config{})
		n := draft()
		n.Labels = []string{"a"}
		if _, err := w.g.CreateIssue(t.Context(), w.app, n); err != nil {
			t.Fatal(err)
		}
		for range 2 { // it may be repeated
			w.Desk().Forget()
			i, err := w.g.UpdateIssue(t.Context(), w.app, 1, c.patch)
			if err != nil || !c.check(i) {
				t.Errorf("%s: UpdateIssue = %+v, %v", c.name, i, err)
			}
			if got := fmt.Sprint(w.body()); got != c.sent {
				t.Errorf("%s: UpdateIssue sent %s, want %s", c.name, got, c.sent)
			}
			w.wantAsked(c.name, "PUT projects/1/issues/1")
		}
	}
}

// A patch that changes nothing only reads: GitLab refuses an empty one.
func TestUpdateNothing(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	for _, p := range []bridge.Patch{{}, {AddLabels: []string{" "}}} {
		if i, err := w.g.UpdateIssue(t.Context(), w.app, 1, p); i.IID != 1 || err != nil {
			t.Errorf("UpdateIssue(%+v) = %+v, %v", p, i, err)
		}
		w.wantAsked("UpdateIssue of nothing", "GET projects/1/issues/1")
	}
}

// What people do in GitLab shows in the issue.
func TestIssueAsChanged(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	other := w.AddProject(fakegitlab.Project{Path: "group/other"})
	w.AddMember(other, w.ann, fakegitlab.Developer)
	iid := w.open(w.bot, "x")
	read := func() bridge.Issue {
		t.Helper()
		i, err := w.g.Issue(t.Context(), w.app, iid)
		if err != nil {
			t.Fatalf("Issue = %v", err)
		}
		return i
	}
	before := read()
	if before.ClosedBy != "" || before.Comments != 0 || before.MovedTo != 0 || before.Updated.IsZero() {
		t.Errorf("Issue when new = %+v, want nothing but the time", before)
	}
	_, err := w.Comment(w.app, iid, w.ben, "Hello.", true)
	w.must(err)
	w.must(w.SetState(w.app, iid, w.ann, "close"))
	if i := read(); i.ClosedBy != "ann" || i.Comments != 1 || !i.Closed || i.Updated.Before(before.Updated) {
		t.Errorf("Issue when closed = %+v, want it closed by ann with 1 comment, later than %v", i, before.Updated)
	}
	w.must(w.SetState(w.app, iid, w.ann, "reopen"))
	if i := read(); i.ClosedBy != "" || i.Closed {
		t.Errorf("Issue when reopened = %+v, want it open and closed by nobody", i)
	}
	_, err = w.MoveIssue(w.app, iid, w.ann, other)
	w.must(err)
	there, _ := w.Server.Issue(w.app, iid)
	if i := read(); i.MovedTo == 0 || i.MovedTo != there.MovedToID {
		t.Errorf("Issue when moved = %+v, want it moved to %d", i, there.MovedToID)
	}
}

// Some versions tell no name of who closed it, or go on telling it.
func TestClosedBy(t *testing.T) {
	for body, want := range map[string]string{
		`"state":"closed","closed_by":{"id":2,"username":"ann","name":"Ann A"}`: "Ann A",
		`"state":"closed","closed_by":{"id":2,"username":"ann"}`:                "ann",
		`"state":"closed","closed_by":null`:                                     "",
		`"state":"opened","closed_by":{"id":2,"username":"ann","name":"Ann A"}`: "",
	} {
		w := started(t, fakegitlab.Config{})
		w.fault(`/issues/3$`, faults.Fault{Status: 200, Answer: `{"id":9,"iid":3,` + body + `}`})
		if got, err := w.g.Issue(t.Context(), w.app, 3); got.ClosedBy != want || err != nil {
			t.Errorf("Issue of %s: closed by %q, %v, want %q", body, got.ClosedBy, err, want)
		}
	}
}

// Old versions tell one assignee, no reference, and labels as objects.
func TestOldShapes(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.fault(`/issues/3$`, faults.Fault{Status: 200, Answer: `{"id":9,"iid":3,"state":"closed","assignee":{"id":2,"username":"ann"},"labels":[{"name":"a"}],"web_url":"u"}`})
	got, err := w.g.Issue(t.Context(), w.app, 3)
	want := bridge.Issue{Project: w.app, IID: 3, URL: "u", Ref: path + "#3", Closed: true, Labels: []string{"a"}, Assignees: []string{"ann"}}
	if !reflect.DeepEqual(got, want) || err != nil {
		t.Errorf("Issue = %+v, %v, want %+v", got, err, want)
	}
}

func TestFindIssue(t *testing.T) {
	other := bridge.Thread{Channel: thread.Channel, TS: "1700000000.000200"}
	mark := "x\n\n" + threadMark(thread)
	for _, c := range []struct {
		name   string
		issues func(*world)
		former []string
		want   int
	}{
		{"none", func(*world) {}, nil, 0},
		{"ours", func(w *world) { w.open(w.bot, "x"); w.open(w.bot, mark) }, nil, 2},
		{"closed", func(w *world) { w.must(w.SetState(w.app, w.open(w.bot, mark), w.ann, "close")) }, nil, 1},
		{"confidential", func(w *world) { w.must(w.SetConfidential(w.app, w.open(w.bot, mark), w.ann, true)) }, nil, 1},
		{"lower number wins", func(w *world) { w.open(w.ann, "x"); w.open(w.bot, mark); w.open(w.bot, mark) }, nil, 2},
		{"another thread", func(w *world) { w.open(w.bot, "x\n\n"+threadMark(other)) }, nil, 0},
		{"another author", func(w *world) { w.open(w.ann, mark); w.open(w.bot, mark) }, nil, 2},
		{"another author alone", func(w *world) { w.open(w.ann, mark) }, nil, 0},
		{"a former account", func(w *world) { w.open(w.ben, mark); w.open(w.ann, mark) }, []string{"ANN", "elder"}, 2},
		{"mark not last", func(w *world) { w.open(w.bot, mark+"\n\nmore") }, nil, 0},
		{"mark of messages", func(w *world) { w.open(w.bot, "x\n\n"+messagesMark(thread.String())) }, nil, 0},
		{"white space after the mark", func(w *world) { w.open(w.bot, mark+"\n \n") }, nil, 1},
	} {
		w := started(t, fakegitlab.Config{}, func(cfg *Config) { cfg.FormerAccounts = c.former })
		c.issues(w)
		got, found, err := w.g.FindIssue(t.Context(), w.app, thread, time.Now())
		if got.IID != c.want || found != (c.want != 0) || err != nil {
			t.Errorf("%s: FindIssue = #%d, %t, %v, want #%d", c.name, got.IID, found, err, c.want)
		}
		w.wantAsked(c.name, "GET projects/1/issues")
	}
}

// Issues older than the time given are not read, those within the slack of two clocks are.
func TestFindIssueSince(t *testing.T) {
	now := time.Now()
	w := started(t, fakegitlab.Config{Now: func() time.Time { return now }})
	w.open(w.bot, threadMark(thread))
	for since, want := range map[time.Duration]bool{0: true, 4 * time.Minute: true, 6 * time.Minute: false} {
		_, found, err := w.g.FindIssue(t.Context(), w.app, thread, now.Add(since))
		if found != want || err != nil {
			t.Errorf("FindIssue since %v after = %t, %v, want %t", since, found, err, want)
		}
	}
	if _, found, err := w.g.FindIssue(t.Context(), w.app, thread, time.Time{}); !found || err != nil {
		t.Errorf("FindIssue of all time = %t, %v, want it found", found, err)
	}
}

func TestFindIssuePages(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	for n := range 250 {
		d := fmt.Sprint(n)
		if n == 130 || n == 140 || n == 240 {
			d = threadMark(thread)
		}
		w.open(w.bot, d)
		w.open(w.ann, "not listed")
	}
	got, found, err := w.g.FindIssue(t.Context(), w.app, thread, time.Time{})
	if want := 2*130 + 1; got.IID != want || !found || err != nil {
		t.Errorf("FindIssue = #%d, %t, %v, want #%d", got.IID, found, err, want)
	}
	w.wantAsked("FindIssue", "GET projects/1/issues; GET projects/1/issues")
	absent := bridge.Thread{Channel: "C1", TS: "1700000000.000300"}
	if _, found, err := w.g.FindIssue(t.Context(), w.app, absent, time.Time{}); found || err != nil {
		t.Errorf("FindIssue of none = %t, %v", found, err)
	}
	w.wantAsked("FindIssue of none", strings.TrimSuffix(strings.Repeat("GET projects/1/issues; ", 3), "; "))
	// Half a list proves nothing absent.
	w.fault(`[&?]page=3`, faults.Fault{Status: 502})
	if _, found, err := w.g.FindIssue(t.Context(), w.app, absent, time.Time{}); found || kind(err) != "again" {
		t.Errorf("FindIssue with a failing page = %t, %v, want again", found, err)
	}
}

// Paging follows either header, and does not run in circles.
func TestPagingHeaders(t *testing.T) {
	for _, c := range []struct {
		name   string
		header http.Header
		want   string
		asks   int
	}{
		{"none", http.Header{}, "done", 1},
		{"number", http.Header{"X-Next-Page": {"2"}}, "done", 2},
		{"link alone", http.Header{"Link": {`<https://x.invalid/api?page=2&per_page=100>; rel="next", <https://x.invalid/api?page=1>; rel="first"`}}, "done", 2},
		{"link without page", http.Header{"Link": {`<https://x.invalid/api?cursor=abc>; rel="next"`}}, "again", 1},
		{"link that makes the library panic", http.Header{"Link": {`<https://x.invalid/?page=2>; rel`}}, "again", 1},
		{"circle", http.Header{"X-Next-Page": {"1"}}, "again", 1},
		{"absurd", http.Header{"X-Next-Page": {"999999"}}, "again", 1},
	} {
		w := started(t, fakegitlab.Config{})
		w.fault(`/issues\?`, faults.Fault{Status: 200, Answer: `[]`, Header: c.header})
		_, found, err := w.g.FindIssue(t.Context(), w.app, thread, time.Time{})
		if got := kind(err); found || got != c.want {
			t.Errorf("%s: FindIssue = %t, %s (%v), want %s", c.name, found, got, err, c.want)
		}
		if got := len(w.Desk().Requests()); got != c.asks {
			t.Errorf("%s: FindIssue asked %d times, want %d", c.name, got, c.asks)
		}
	}
}

// The whole of a lost answer: unknown, then found, and one issue there.
func TestLostAndFound(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.fault(`^POST `, faults.Fault{DoWork: true, Status: 502, Answer: page})
	began := time.Now()
	if _, err := w.g.CreateIssue(t.Context(), w.app, draft()); kind(err) != "unknown" {
		t.Fatalf("CreateIssue = %v, want unknown", err)
	}
	got, found, err := w.g.FindIssue(t.Context(), w.app, thread, began)
	if got.IID != 1 || !found || err != nil || len(w.Issues(w.app)) != 1 {
		t.Errorf("FindIssue = #%d, %t, %v among %d, want #1 among 1", got.IID, found, err, len(w.Issues(w.app)))
	}
}

// OwnIssues lists what the account made, and former ones, in order and page by page; not what others did, marks or not.
func TestOwnIssues(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	for n := range 130 {
		w.open(w.bot, fmt.Sprint(n))
		w.open(w.ann, threadMark(thread))
	}
	w.open(w.ben, "former")
	read := func(since time.Time) (got []int) {
		t.Helper()
		err := w.g.OwnIssues(t.Context(), w.app, since, func(page []bridge.Issue) error {
			for _, i := range page {
				got = append(got, i.IID)
				if i.Created.IsZero() || i.Description == "" {
					t.Errorf("OwnIssues gave %+v, want when it was made and its description", i)
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("OwnIssues = %v, want nil", err)
		}
		return got
	}
	got := read(time.Time{})
	if len(got) != 130 || got[0] != 1 || got[129] != 259 {
		t.Errorf("OwnIssues gave %v, want the 130 of the bot, in order", got)
	}
	w.wantAsked("OwnIssues", "GET projects/1/issues; GET projects/1/issues")
	w.g.AddFormer([]string{"BEN", "bridge-bot"})
	if got := read(time.Time{}); len(got) != 131 || got[130] != 261 {
		t.Errorf("OwnIssues with a former account gave %v, want its own too", got)
	}
	w.asked()
	if got := read(time.Now().Add(time.Hour)); len(got) != 0 {
		t.Errorf("OwnIssues made an hour from now gave %v, want none", got)
	}
	own := 0
	w.must(w.g.Changed(t.Context(), w.app, time.Time{}, func(page []bridge.Issue) error {
		for _, i := range page {
			if i.Own {
				own++
			}
			if want := i.IID%2 == 1; i.Own != want {
				t.Errorf("Changed gave issue %d as own: %v, want %v", i.IID, i.Own, want)
			}
		}
		return nil
	}))
	if own != 131 {
		t.Errorf("Changed gave %d own issues, want 131 of the bot's and the former account's", own)
	}
	stop := errors.New("enough")
	if err := w.g.OwnIssues(t.Context(), w.app, time.Time{}, func([]bridge.Issue) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("OwnIssues = %v, want the error of page", err)
	}
}
