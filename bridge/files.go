package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"slack-gitlab-bridge/markup"
)

// copies is the work of copying the files of messages into the project. Their text does not wait for it.
func (f Facts) copies(messages []Message) []Action {
	var out []Action
	for _, m := range messages {
		var files []markup.File
		for _, file := range m.Content.Files {
			if file.ID != "" && file.Mode != "tombstone" && file.Mode != "hidden_by_limit" && f.Files[file.ID] == (fileRecord{}) {
				files = append(files, file)
			}
		}
		if len(files) > 0 && !m.Deleted {
			out = append(out, Action{Copy: &CopyFiles{TS: m.TS, Files: files}})
		}
	}
	return out
}

// withCopies is a message's content with what became of its files.
func (f Facts) withCopies(c markup.Message) markup.Message {
	files := make([]markup.File, len(c.Files))
	for i, file := range c.Files {
		have := f.Files[file.ID]
		file.Copy, file.Why = have.Copy, have.Why
		files[i] = file
	}
	c.Files = files
	return c
}

// copyFiles copies a message's files one by one, writing down each, and then has them linked.
func (b *Bridge) copyFiles(ctx context.Context, t Thread, c *CopyFiles) (outcome, error) {
	for _, file := range c.Files {
		// Read anew for each: much may happen while a large one is under way.
		link, _, err := b.link(ctx, t)
		if err != nil || link == nil {
			return outcome{}, err
		}
		gone, err := b.gone(ctx, t, c.TS, link)
		if err != nil || gone {
			return outcome{}, err
		}
		have, err := b.copied(ctx, t, file.ID, link.Issue.Project)
		if err != nil {
			return outcome{}, err
		}
		if have != (fileRecord{}) {
			continue
		}
		switch have, err = b.copyFile(ctx, file, link); {
		case err != nil && c.last && plain(err) && ctx.Err() == nil:
			have = fileRecord{Why: "not copied: it failed too often"}
		case err != nil:
			return outcome{}, err
		}
		if err := b.keepCopy(ctx, t, file.ID, have); err != nil {
			return outcome{}, err
		}
	}
	attach := &AttachFiles{TS: c.TS, Files: c.Files}
	return outcome{deed: "copied " + plural(len(c.Files), "file", "files"), then: []Action{{Attach: attach}}}, nil
}

// gone reports whether a message was deleted.
func (b *Bridge) gone(ctx context.Context, t Thread, ts string, link *Link) (bool, error) {
	if ts == t.TS {
		return link.Deleted, nil
	}
	var m mirror
	_, err := b.store.Get(ctx, mirrorKey(t, ts), &m)
	return m.Gone, err
}

// copied tells what became of a file; zero: it is still to be copied to that project. A copy is shown in its own project only.
func (b *Bridge) copied(ctx context.Context, t Thread, id string, project int) (have fileRecord, err error) {
	_, err = b.store.Get(ctx, fileKey(t, id), &have)
	if have.Copy != "" && have.Project != project {
		have = fileRecord{}
	}
	return have, err
}

// keepCopy writes down at once what became of a file, so that it is not uploaded again.
func (b *Bridge) keepCopy(ctx context.Context, t Thread, id string, have fileRecord) error {
	c := b.store.Change()
	c.Put(fileKey(t, id), have)
	return b.store.Commit(ctx, c)
}

// copyFile copies one file. What cannot be copied for good is a record with the reason, not an error.
func (b *Bridge) copyFile(ctx context.Context, file markup.File, link *Link) (fileRecord, error) {
	tooBig := fmt.Sprintf("larger than %s", megabytes(b.config.MaxFile))
	if file.Size > b.config.MaxFile {
		return fileRecord{Why: tooBig}, nil
	}
	if link.Issue.Confidential || link.Why != "" { // or about to be
		p, err := b.gitlab.ReadProject(ctx, link.Issue.Project)
		if err != nil {
			return fileRecord{}, err
		}
		if p.Visibility == "public" {
			// GitLab shows uploads there to anyone who has the address.
			return fileRecord{Why: "not copied, since the issue is confidential and its project public"}, nil
		}
	}
	body, size, name, err := b.slack.OpenFile(ctx, file)
	if never := new(Never); errors.As(err, &never) {
		return fileRecord{Why: reason(never)}, nil
	} else if err != nil {
		return fileRecord{}, err
	}
	defer body.Close()
	if size > b.config.MaxFile {
		return fileRecord{Why: tooBig}, nil
	}
	limited := &atMost{ReadCloser: body, left: b.config.MaxFile}
	up, err := b.gitlab.Upload(ctx, link.Issue.Project, cmp.Or(file.Name, name), size, limited)
	never := new(Never)
	switch {
	case limited.over:
		return fileRecord{Why: tooBig}, nil
	case errors.As(err, &never):
		return fileRecord{Why: reason(never)}, nil
	case err != nil:
		return fileRecord{}, err
	}
	return fileRecord{Copy: up.Path, Project: link.Issue.Project}, nil
}

// attachFiles links the copies where the message stands: in its note, or in the description.
func (b *Bridge) attachFiles(ctx context.Context, t Thread, a *AttachFiles, link *Link) (outcome, error) {
	files := slices.Clone(a.Files)
	for i, file := range files {
		have, err := b.copied(ctx, t, file.ID, link.Issue.Project)
		if err != nil {
			return outcome{}, err
		}
		files[i].Copy, files[i].Why = have.Copy, have.Why
	}
	if a.TS == t.TS {
		issue, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
		if err != nil {
			return outcome{}, err
		}
		body, changed := withLinks(issue.Description, files)
		if !changed {
			return outcome{}, nil
		}
		return b.write(ctx, t, Patch{Description: &body}, issue, link)
	}
	number, err := b.noteOf(ctx, t, a.TS)
	if err != nil || number == 0 {
		return outcome{}, err
	}
	note, err := b.gitlab.Note(ctx, link.Issue.Project, link.Issue.IID, number)
	if err != nil {
		return outcome{}, err
	}
	body, changed := withLinks(note.Body, files)
	if !changed {
		return outcome{}, nil
	}
	err = b.gitlab.UpdateNote(ctx, link.Issue.Project, link.Issue.IID, number, body)
	return outcome{deed: fmt.Sprintf("linked files in note %d", number)}, err
}

// with adds the files of an older action that was not carried out.
func (a *AttachFiles) with(old *AttachFiles) *AttachFiles {
	joined := AttachFiles{TS: a.TS, Files: slices.Clone(a.Files)}
	for _, file := range old.Files {
		if !slices.ContainsFunc(a.Files, func(f markup.File) bool { return f.ID == file.ID }) {
			joined.Files = append(joined.Files, file)
		}
	}
	return &joined
}

// withLinks replaces the lines of files by those with their copies, where they still stand.
func withLinks(body string, files []markup.File) (out markup.GitLab, changed bool) {
	for _, f := range files {
		if with, ok := markup.ReplaceLine(body, f.Permalink, markup.FileLine(f)); ok && with.String() != body {
			body, out, changed = with.String(), with, true
		}
	}
	return out, changed
}

// reason is why a vendor refused, without what it was asked to do.
func reason(n *Never) string {
	text := n.Err.Error()
	what, why, found := strings.Cut(text, ": ")
	if found && (strings.HasPrefix(what, "read file ") || strings.HasPrefix(what, "upload file ")) {
		return why
	}
	return text
}

// atMost reads no more than so many bytes: one more is an error.
type atMost struct {
	io.ReadCloser
	left int64
	over bool
}

var errTooLarge = errors.New("larger than allowed")

func (r *atMost) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left < 0 {
		r.over = true
		return 0, errTooLarge
	}
	return n, err
}

// megabytes gives a size for people.
func megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}
