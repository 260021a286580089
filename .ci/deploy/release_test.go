package deploy

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
)

// release is .goreleaser.yaml as goreleaser reads it: an unknown key is an error.
func release(t *testing.T) config.Project {
	t.Helper()
	p, err := config.Load("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRelease(t *testing.T) {
	p := release(t)
	if len(p.Builds) != 1 || len(p.Archives) != 1 || len(p.SBOMs) != 1 || len(p.NFPMs) != 1 || p.Checksum.NameTemplate != "checksums.txt" || p.Snapshot.VersionTemplate == "" {
		t.Errorf("builds, archives, SBOMs, packages, checksums or snapshots are missing: %+v", p)
	}
	if _, err := os.Stat(filepath.Join("../..", p.Builds[0].Main)); err != nil {
		t.Error(err)
	}
	patterns := p.Archives[0].Files
	for _, f := range patterns {
		if found, err := filepath.Glob(filepath.Join("../..", strings.ReplaceAll(f.Source, "**/", ""))); err != nil || len(found) == 0 {
			t.Errorf("the archive is to hold %s: %q, %v", f.Source, found, err)
		}
	}
	for _, name := range append(held(t, "docs"), held(t, "deploy")...) {
		// To goreleaser ** is at least one folder.
		if !slices.ContainsFunc(patterns, func(f config.File) bool {
			is, err := filepath.Match(strings.ReplaceAll(f.Source, "**/", "*/"), name)
			return is && err == nil
		}) {
			t.Errorf("the archive lacks %s", name)
		}
	}
}

// held names the files of a folder of the repository.
func held(t *testing.T, folder string) (names []string) {
	t.Helper()
	root := os.DirFS("../..")
	if err := fs.WalkDir(root, folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// The Debian package is built as goreleaser would, by the same library, and taken apart by dpkg. It is left in the folder DEB as
// bridge.deb, and what is in it as root, for systemd to look at.
func TestDebianPackage(t *testing.T) {
	program, folder := os.Getenv("PROGRAM"), os.Getenv("DEB")
	if program == "" || folder == "" {
		t.Skip("it takes PROGRAM, the program to pack, and DEB, the folder to unpack it in; .ci/deploy/run gives both")
	}
	p := release(t)
	n := p.NFPMs[0]
	t.Chdir("../..") // what the package holds is named from there
	contents := files.Contents{{Source: program, Destination: n.Bindir + "/" + p.ProjectName, FileInfo: &files.ContentFileInfo{Mode: 0o755}}}
	for _, c := range n.Contents {
		contents = append(contents, &files.Content{Source: c.Source, Destination: c.Destination, Type: c.Type, FileInfo: &files.ContentFileInfo{Mode: c.FileInfo.Mode}})
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: p.ProjectName, Version: "1.2.3", Arch: "amd64", Platform: "linux", Section: n.Section, Maintainer: n.Maintainer,
		Description: n.Description, License: n.License, Overridables: nfpm.Overridables{Recommends: n.Recommends, Contents: contents,
			Scripts: nfpm.Scripts{PostInstall: n.Scripts.PostInstall, PreRemove: n.Scripts.PreRemove}},
	})
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		t.Fatal(err)
	}
	path, root := filepath.Join(folder, "bridge.deb"), filepath.Join(folder, "root")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(deb.Default.Package(info, f), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--field", path, "Package", "Version", "Architecture", "Recommends"}, {"--extract", path, root}} {
		if out, err := exec.Command("dpkg-deb", args...).CombinedOutput(); err != nil {
			t.Fatalf("dpkg-deb %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	for path, want := range map[string]os.FileMode{
		"usr/bin/slack-gitlab-bridge": 0o755, "usr/lib/systemd/system/slack-gitlab-bridge.service": 0o644,
		"usr/sbin/slack-gitlab-bridge-as-service": 0o755, "usr/share/doc/slack-gitlab-bridge/docs/operate.md": 0o644,
		"etc/slack-gitlab-bridge": os.ModeDir | 0o755, "usr/share/doc/slack-gitlab-bridge/README.md": 0o644,
	} {
		if info, err := os.Stat(filepath.Join(root, path)); err != nil || info.Mode() != want {
			t.Errorf("%s in the package: %v, %v; want %v", path, info, err, want)
		}
	}
}
