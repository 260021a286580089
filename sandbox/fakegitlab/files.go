package fakegitlab

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// branch is a branch of a project's repository: its files as they are now, without their history.
type branch struct {
	name           string
	protected      bool
	developersPush bool
	files          map[string]repositoryFile
	commit         string
}

type repositoryFile struct{ content, commit string }

// PutFile commits a file to a branch of a project, which is made if need be; the first one is the default branch.
func (s *Server) PutFile(project int, branchName, path, content string) error {
	return s.onBranch(project, branchName, func(b *branch) {
		b.commit = s.hex(40)
		b.files[path] = repositoryFile{content, b.commit}
	})
}

// RemoveFile commits that a file is gone. One that is not there is no error.
func (s *Server) RemoveFile(project int, branchName, path string) error {
	return s.onBranch(project, branchName, func(b *branch) {
		b.commit = s.hex(40)
		delete(b.files, path)
	})
}

// ProtectBranch says who may push to a branch: with protected, maintainers and, if developersPush, developers.
func (s *Server) ProtectBranch(project int, branchName string, protected, developersPush bool) error {
	return s.onBranch(project, branchName, func(b *branch) { b.protected, b.developersPush = protected, developersPush })
}

func (s *Server) onBranch(project int, name string, do func(*branch)) error {
	return s.try(func() error {
		p := s.project(project)
		if p == nil {
			return fmt.Errorf("no project %d", project)
		}
		b := p.branch(name)
		if b == nil {
			b = &branch{name: name, files: map[string]repositoryFile{}, commit: s.hex(40)}
			p.branches = append(p.branches, b)
		}
		do(b)
		s.rev++
		return nil
	})
}

func (p *project) branch(name string) *branch {
	for _, b := range p.branches {
		if b.name == name {
			return b
		}
	}
	return nil
}

// readsCode reports whether the user may read the project's repository.
func (s *Server) readsCode(p *project, u *User) bool {
	return p.Visibility != "private" || s.level(p, u) >= Reporter
}

func (s *Server) getFile(c *call) answer {
	if !s.readsCode(c.project, c.user) {
		return forbidden()
	}
	if c.p.str("ref") == "" {
		return badParam("ref is missing, ref is empty")
	}
	b := c.project.branch(c.p.str("ref"))
	if b == nil {
		return notFound("Commit")
	}
	path := c.vars["path"]
	f, there := b.files[path]
	if !there {
		return notFound("File")
	}
	sum, id := sha256.Sum256([]byte(f.content)), sha256.Sum256([]byte("blob "+f.content))
	return ok(object{
		"file_name": path[strings.LastIndexByte(path, '/')+1:], "file_path": path, "size": len(f.content), "encoding": "base64",
		"content_sha256": hex.EncodeToString(sum[:]), "ref": b.name, "blob_id": hex.EncodeToString(id[:20]), "commit_id": b.commit,
		"last_commit_id": f.commit, "execute_filemode": false, "content": base64.StdEncoding.EncodeToString([]byte(f.content)),
	})
}

func (s *Server) getBranch(c *call) answer {
	if !s.readsCode(c.project, c.user) {
		return forbidden()
	}
	b := c.project.branch(c.vars["branch"])
	if b == nil {
		return notFound("Branch")
	}
	level := s.level(c.project, c.user)
	return ok(object{
		"name": b.name, "merged": false, "protected": b.protected, "default": b == c.project.branches[0],
		"developers_can_push": b.developersPush, "developers_can_merge": b.developersPush,
		"can_push": level >= Maintainer || level >= Developer && (!b.protected || b.developersPush),
		"web_url":  s.base + "/" + c.project.Path + "/-/tree/" + b.name, "commit": object{"id": b.commit, "short_id": b.commit[:8]},
	})
}
