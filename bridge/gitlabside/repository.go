package gitlabside

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// Place is where a file is: in a project, on a branch.
type Place struct {
	Project string // full path, or number in digits
	Path    string // from the root of the repository, without a leading slash
	Branch  string
}

// String gives group/project:path@branch.
func (p Place) String() string { return p.Project + ":" + p.Path + "@" + p.Branch }

// RepositoryFile is a file as GitLab last told.
type RepositoryFile struct {
	Text   []byte
	Commit string // the last commit that changed it
	tag    string // what GitLab is asked with for anything newer
}

var errNoFile = errors.New("an answer without the file's content")

// File reads a file of a repository: one request, and one for the project if that is not known. Given what was read before, the zero value
// if nothing was, GitLab answers in a few bytes as long as nothing changed, and the same comes back. A file or branch that is not there,
// or may not be read, is a *bridge.Never or a *bridge.Outage.
func (g *GitLab) File(ctx context.Context, at Place, before RepositoryFile) (RepositoryFile, error) {
	p, err := g.Project(ctx, at.Project)
	if err != nil {
		return RepositoryFile{}, placed(err)
	}
	var f *gitlab.File
	var tag string
	status := 0
	r := request{what: "read file " + shortened(at.String()), want: http.StatusOK, pace: pacePoll, project: p.ID,
		absent: func(s int) bool {
			status = s
			return s == http.StatusNotFound || s == http.StatusNotModified && before.tag != ""
		}}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		options := []gitlab.RequestOptionFunc{o}
		if before.tag != "" {
			options = append(options, gitlab.WithHeader("If-None-Match", before.tag))
		}
		got, resp, err := g.api.RepositoryFiles.GetFile(p.ID, at.Path, &gitlab.GetFileOptions{Ref: &at.Branch}, options...)
		if err == nil && (got.Encoding != "base64" || got.BlobID == "") {
			err = errNoFile
		}
		if err == nil {
			f, tag = got, resp.Header.Get("ETag")
		}
		return err
	})
	switch {
	case errors.Is(err, errAbsent) && status == http.StatusNotModified:
		return before, nil
	case errors.Is(err, errAbsent):
		return RepositoryFile{}, &bridge.Never{Err: fmt.Errorf("%s: no such file or branch", r.what),
			Remedy: "correct AGENTS_GITLAB, or put the file back; it is written group/project:path/in/repository.json@branch"}
	case err != nil:
		return RepositoryFile{}, placed(err)
	}
	text, err := decoded(f)
	if err != nil {
		return RepositoryFile{}, fmt.Errorf("%s: %w", r.what, err)
	}
	return RepositoryFile{Text: text, Commit: f.LastCommitID, tag: tag}, nil
}

// decoded gives the content of a file, if it is what GitLab says it is.
func decoded(f *gitlab.File) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(f.Content)
	if err != nil {
		return nil, errors.New("an answer whose content cannot be decoded")
	}
	if sum := sha256.Sum256(text); f.SHA256 != "" && !strings.EqualFold(hex.EncodeToString(sum[:]), f.SHA256) {
		return nil, errors.New("an answer whose content has another checksum than it says")
	}
	return text, nil
}

const placeRemedy = "not found, or the token's account may not see it: correct the path in AGENTS_GITLAB, " +
	"or make the account of GITLAB_TOKEN a member of that project with the role Reporter or more"

// placed has the remedy for a project that is not found name AGENTS_GITLAB, which names this one.
func placed(err error) error {
	o, is := errors.AsType[*bridge.Outage](err)
	if !is || o.Remedy != projectRemedy {
		return err
	}
	return &bridge.Outage{Scope: o.Scope, Remedy: placeRemedy, Err: o.Err}
}

// Branch is how a branch is guarded.
type Branch struct {
	Protected      bool
	DevelopersPush bool // members with the role Developer may push to it, or merge into it
}

// Branch asks how a branch is guarded: one request, and one for the project if that is not known. A branch that is not there is a
// *bridge.Never.
func (g *GitLab) Branch(ctx context.Context, project, name string) (Branch, error) {
	p, err := g.Project(ctx, project)
	if err != nil {
		return Branch{}, placed(err)
	}
	var b *gitlab.Branch
	r := request{what: "read branch " + shortened(name+" of "+project), want: http.StatusOK, project: p.ID,
		absent: func(status int) bool { return status == http.StatusNotFound }}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		b, _, err = g.api.Branches.GetBranch(p.ID, name, o)
		if err == nil && b.Name == "" {
			err = errNoID
		}
		return err
	})
	if errors.Is(err, errAbsent) {
		return Branch{}, &bridge.Never{Err: fmt.Errorf("%s: no such branch", r.what), Remedy: "name a branch behind the @, no tag and no commit"}
	}
	if err != nil {
		return Branch{}, placed(err)
	}
	return Branch{Protected: b.Protected, DevelopersPush: b.DevelopersCanPush || b.DevelopersCanMerge}, nil
}
