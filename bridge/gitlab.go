package bridge

import (
	"context"
	"errors"
	"io"
	"time"

	"slack-gitlab-bridge/markup"
)

// GitLab is the GitLab end as the bridge uses it. Every method may be called concurrently, never retries, and returns one of the
// errors of retry.go. Names of people and labels are resolved inside, and cached.
type GitLab interface {
	// Project finds a project by path or number: cached, one request now and then.
	Project(ctx context.Context, idOrPath string) (Project, error)

	// CreateIssue makes an issue: one request. Its Assignees and Labels are what GitLab answered, which may be fewer than asked for.
	// An error Unknown means that it may be there: FindIssue tells. ErrTaken is in the chain if the number is taken.
	CreateIssue(ctx context.Context, project int, n NewIssue) (Issue, error)

	// FindIssue looks for the issue whose description ends with the thread's mark, among those that the bridge's account made
	// since then: one request per 100. Of several the lowest number is returned.
	FindIssue(ctx context.Context, project int, t Thread, since time.Time) (i Issue, found bool, err error)

	// HighestIssue gives the highest number that the newest issues of a project have, 0 for none: one request. There may be higher ones.
	HighestIssue(ctx context.Context, project int) (iid int, err error)

	// OwnIssues reads the issues that the bridge's account, or a former one, made since then, in the order in which they were made, a page of up
	// to 100 at a time: one request a page. A zero time means all. It ends early with the error that page returns.
	OwnIssues(ctx context.Context, project int, since time.Time, page func([]Issue) error) error

	// Issue reads an issue: one request.
	Issue(ctx context.Context, project, iid int) (Issue, error)

	// UpdateIssue changes what the patch names and nothing else: one request. It may be repeated.
	UpdateIssue(ctx context.Context, project, iid int, p Patch) (Issue, error)

	// AddNote adds a note and returns its number: one request. An error Unknown means that it may be there: FindNote tells.
	AddNote(ctx context.Context, project, iid int, body markup.GitLab) (note int, err error)

	// FindNote looks for the note of the bridge's account that ends with the mark of these messages: one request per 100 notes, newest
	// first, no further back than since.
	FindNote(ctx context.Context, project, iid int, messages []string, since time.Time) (note int, found bool, err error)

	// Note reads one note: one request.
	Note(ctx context.Context, project, iid, note int) (Note, error)

	// UpdateNote replaces a note's text: one request. It may be repeated.
	UpdateNote(ctx context.Context, project, iid, note int, body markup.GitLab) error

	// Notes reads an issue's notes, the last changed first, a page of up to 100 at a time: one request a page, as long as page wants more.
	Notes(ctx context.Context, project, iid int, page func([]Note) (more bool)) error

	// Reopener names who reopened an issue last, and says whether that was the bridge: one request per 100 changes of its state. Empty: nobody
	// did, or GitLab does not tell.
	Reopener(ctx context.Context, project, iid int) (name string, own bool, err error)

	// Changed reads the issues that changed since then, the one that changed first first, a page of up to 100 at a time: one request a page.
	// It ends early with the error that page returns.
	Changed(ctx context.Context, project int, since time.Time, page func([]Issue) error) error

	// Issues reads issues by number: one request per 100. Those that are not there are left out.
	Issues(ctx context.Context, project int, iids []int) ([]Issue, error)

	// Moved finds the issue that a moved one has become; not found: it is where the token cannot read.
	Moved(ctx context.Context, i Issue) (to Issue, found bool, err error)

	// Upload puts a file into a project, streamed: one request. An answer that is lost may leave a file that nothing links to.
	Upload(ctx context.Context, project int, name string, size int64, body io.Reader) (Upload, error)

	// ReadProject asks GitLab what Project may know from earlier: one request.
	ReadProject(ctx context.Context, id int) (Project, error)
}

// Project is a GitLab project. Its number outlives renames.
type Project struct {
	ID         int
	Path       string // group/sub/project
	Visibility string // private, internal or public
}

// NewIssue is an issue to be made.
type NewIssue struct {
	Title        string        `json:"title"`
	Description  markup.GitLab `json:"description"` // ends with the thread's mark
	Labels       []string      `json:"labels,omitempty"`
	Assignees    []string      `json:"assignees,omitempty"` // usernames, the wanted first: GitLab Free keeps one
	Confidential bool          `json:"confidential,omitempty"`
	IID          int           `json:"iid,omitempty"` // which number it is to get; 0: the next. Who is no Owner there gets the next in any case
}

// Issue is an issue as GitLab last told.
type Issue struct {
	Project      int      `json:"project"`
	IID          int      `json:"iid"`
	URL          string   `json:"url"`
	Ref          string   `json:"ref"` // group/project#7
	Closed       bool     `json:"closed,omitempty"`
	Labels       []string `json:"labels,omitempty"`
	Assignees    []string `json:"assignees,omitempty"` // usernames
	Confidential bool     `json:"confidential,omitempty"`

	Updated  time.Time `json:"updated,omitzero"`    // as GitLab counts it: comments change it too
	ClosedBy string    `json:"closed_by,omitempty"` // name of the person who closed it; empty while open, and where GitLab does not tell
	MovedTo  int       `json:"moved_to,omitempty"`  // GitLab's own number of the issue that it was moved to; 0: not moved
	Comments int       `json:"comments,omitempty"`  // how many notes people and bots have written

	// Title, Description and Created are never stored with the link.
	Title       string    `json:"-"`
	Description string    `json:"-"`
	Created     time.Time `json:"-"`

	Own bool `json:"-"` // the bridge's account made it, or a former one; never stored
}

// Note is a comment in an issue, or a record of something that was done to it.
type Note struct {
	ID       int
	Author   string // the person's name
	Username string
	Own      bool // the bridge's account wrote it, or a former one
	Bot      bool // the account of an access token wrote it, no person's
	System   bool // a record that GitLab wrote: "closed", "changed the title"
	Record   Record
	Internal bool // not for everybody who may read the issue
	Body     string
	Created  time.Time
	Updated  time.Time
}

// Record says what a record that GitLab wrote is about; empty: nothing that matters here, or no record.
type Record string

// The records that matter.
const (
	RecordArrived      Record = "arrived"      // the issue was moved here from another project
	RecordConfidential Record = "confidential" // it was made so
	RecordVisible      Record = "visible"      // it is not confidential any more
)

// Upload is a file that was put into a project. It is shown in that project only.
type Upload struct {
	Path string `json:"path"` // "/uploads/0123…/name.png", as links in the project have it
}

// ErrGone is in the chain of the *Never with which GitLab answers for an issue or note that is not there, while its project can be read.
var ErrGone = errors.New("it is gone")

// ErrTaken is in the chain of the error with which GitLab answers when an issue is to be made whose number is another's, or its own already.
var ErrTaken = errors.New("the number is taken")

// Patch is a change of an issue. Its zero value changes nothing.
type Patch struct {
	State        State    `json:"state,omitempty"`
	AddLabels    []string `json:"add_labels,omitempty"`    // of one scope the others go in the same request, on GitLab Free too
	RemoveLabels []string `json:"remove_labels,omitempty"` // a label in both is removed
	SetAssignees bool     `json:"set_assignees,omitempty"` // Assignees replaces the whole set, also with an empty one
	Assignees    []string `json:"assignees,omitempty"`     // usernames
	Confidential bool     `json:"confidential,omitempty"`  // made confidential; a patch never lifts it

	Title       string         `json:"title,omitempty"`       // empty: stays
	Description *markup.GitLab `json:"description,omitempty"` // nil: stays
}

// State is what a patch does to an issue's state.
type State string

// The changes of state; the empty one keeps it.
const (
	Close  State = "close"
	Reopen State = "reopen"
)
