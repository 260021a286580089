package main

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreign are names of that form in deploy/ and docs/deploy.md that are others' variables, or none.
var foreign = []string{
	"BRIDGE_ARCHIVE", "BRIDGE_SHA256", "BRIDGE_NAMESPACE", "KUBE_CONTEXT", "CI_PIPELINE_SOURCE", "CI_COMMIT_BRANCH", "CI_DEFAULT_BRANCH",
	"CI_SERVER_URL", "AF_INET", "AF_INET6", "AF_UNIX", "CGO_ENABLED", "CREDENTIALS_DIRECTORY",
}

// deployed gives the files by which the bridge is installed, and the page about it, by path.
func deployed(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS("../.."), "deploy", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile("../../" + path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"docs/deploy.md", "Dockerfile"} {
		text, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(text)
	}
	return files
}

// Each variable that is set there exists, so that none is misspelt or forgotten after a change.
func TestDeployVariables(t *testing.T) {
	known := slices.Clone(foreign)
	for _, v := range variables() {
		known = append(known, v.Name, v.Name+"_FILE")
	}
	name := regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b`)
	for path, text := range deployed(t) {
		for _, n := range name.FindAllString(text, -1) {
			if !slices.Contains(known, n) && !strings.HasPrefix(n, "ETCD_") { // etcd's own
				t.Errorf("%s names %s, which is no variable of the bridge", path, n)
			}
		}
	}
}

// However it is installed, it gets all that run cannot do without.
func TestDeployGivesWhatIsNeeded(t *testing.T) {
	files := deployed(t)
	for _, path := range []string{"deploy/compose.yaml", "deploy/kubernetes/deployment.yaml", "deploy/slack-gitlab-bridge.service"} {
		for _, v := range variables() {
			if v.Need != "" && !strings.Contains(files[path], v.Name+"_FILE") {
				t.Errorf("%s does not set %s_FILE", path, v.Name)
			}
		}
	}
}
