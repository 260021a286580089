package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path that all our packages begin with.
const module = "slack-gitlab-bridge"

// allowed says for each package what it may import beside the standard library; its own packages by their folder. Everything that is
// not named is forbidden. Tests may import what their package may, and besides that what stands under tests.
var allowed = map[string]struct{ code, tests []string }{
	".": {},
	"markup": {
		code:  []string{"github.com/yuin/goldmark"},
		tests: []string{"github.com/rogpeppe/go-internal/txtar"},
	},
	"store":           {tests: []string{"store/bolt", "pgregory.net/rapid"}},
	"store/storetest": {code: []string{"store"}},
	"store/bolt": {
		code:  []string{"store", "go.etcd.io/bbolt"},
		tests: []string{"store/storetest", "golang.org/x/sync", "pgregory.net/rapid"},
	},
	"store/etcd": {code: []string{"store", "go.etcd.io/etcd", "go.uber.org/zap", "google.golang.org/grpc"}},        // with a cluster it is tested in a module of its own
	"agents":     {code: []string{".", "markup", "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/text"}}, // the root holds the schema
	"bridge": {
		code:  []string{"agents", "store", "markup", "github.com/rs/zerolog"},
		tests: []string{"store/bolt", "pgregory.net/rapid"},
	},
	"bridge/slackside": {
		code:  []string{"bridge", "markup", "github.com/slack-go/slack", "github.com/rs/zerolog", "github.com/gorilla/websocket", "golang.org/x/time"},
		tests: []string{"sandbox/fakeslack", "sandbox/faults"},
	},
	"bridge/gitlabside": {
		code:  []string{"bridge", "markup", "github.com/xanzy/go-gitlab"},
		tests: []string{"sandbox/fakegitlab", "sandbox/faults"},
	},
	"sandbox": {
		code:  []string{"sandbox/fakeslack", "sandbox/fakegitlab", "sandbox/faults"},
		tests: []string{"github.com/gorilla/websocket", "github.com/santhosh-tekuri/jsonschema/v6"}, // the schema is read as a file
	},
	"sandbox/fakeslack":  {code: []string{"sandbox/faults", "github.com/gorilla/websocket"}},
	"sandbox/fakegitlab": {code: []string{"sandbox/faults", "github.com/yuin/goldmark"}},
	"sandbox/faults":     {},
	"bench/loop":         {code: []string{"github.com/slack-go/slack", "github.com/xanzy/go-gitlab"}},                                              // no part of the product: what it is measured against
	"bench":              {code: []string{"sandbox/fakeslack", "sandbox/fakegitlab", "sandbox/faults", "store", "store/bolt", "go.etcd.io/bbolt"}}, // the rest is a child process; what a store is made of shows below the engine
	"cmd/slack-gitlab-bridge": {
		code: []string{
			"agents", "bridge", "bridge/slackside", "bridge/gitlabside", "store", "store/bolt", "store/etcd", "markup", "sandbox",
			"github.com/alecthomas/kong", "github.com/caarlos0/env/v11", "github.com/prometheus/client_golang", "github.com/rs/zerolog", "golang.org/x/sync",
		},
		tests: []string{"store/storetest", "sandbox/fakeslack", "sandbox/fakegitlab", "sandbox/faults", "github.com/slack-go/slack", "github.com/rogpeppe/go-internal"},
	},
}

// forbidden names what a package must not import even of the standard library.
var forbidden = map[string][]string{
	"markup": {"context", "net", "net/http", "os"},
	"store":  {"net", "net/http", "os"},
	"agents": {"context", "net", "net/http", "os"},
	"bridge": {"net", "net/http", "os"},
}

func TestImports(t *testing.T) {
	packages := readImports(t, filepath.Join("..", ".."))
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		rule, known := allowed[dir]
		if !known {
			t.Errorf("package %s is not in the table: say there what it may import", dir)
			continue
		}
		for file, imports := range packages[dir] {
			may := rule.code
			if isTest := strings.HasSuffix(file, "_test.go"); isTest {
				may = slices.Concat(rule.code, rule.tests, []string{dir})
			} else if i := slices.IndexFunc(imports, func(p string) bool { return slices.Contains(forbidden[dir], p) }); i >= 0 {
				t.Errorf("%s imports %s: %s must not", file, imports[i], dir)
			}
			for _, imported := range imports {
				if !permitted(imported, may) {
					t.Errorf("%s imports %s: %s may import only %q", file, imported, dir, may)
				}
			}
		}
	}
	for dir := range allowed {
		if packages[dir] == nil {
			t.Errorf("the table names %s, which is no package", dir)
		}
	}
}

// Only one file starts the sandbox, so that a daemon can be built without it.
func TestOnlySandboxCommandImportsSandbox(t *testing.T) {
	for file, imports := range readImports(t, filepath.Join("..", ".."))["cmd/slack-gitlab-bridge"] {
		if !strings.HasSuffix(file, "_test.go") && path.Base(file) != "sandbox.go" && slices.Contains(imports, module+"/sandbox") {
			t.Errorf("%s imports sandbox: only sandbox.go may", file)
		}
	}
}

func TestPermitted(t *testing.T) {
	may := []string{".", "store", "github.com/rs/zerolog"}
	for imported, want := range map[string]bool{
		"fmt": true, "net/http": true, module: true, module + "/store": true, module + "/store/bolt": false, module + "/bridge": false,
		"github.com/rs/zerolog": true, "github.com/rs/zerolog/log": true, "github.com/rs/zerologger": false, "golang.org/x/sync": false,
	} {
		if got := permitted(imported, may); got != want {
			t.Errorf("permitted(%q, %q) = %v, want %v", imported, may, got, want)
		}
	}
}

// permitted reports whether an import is of the standard library, or named: one of ours exactly, one of others with all below it.
func permitted(imported string, may []string) bool {
	first, _, _ := strings.Cut(imported, "/")
	if imported == module || first == module {
		dir := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
		if dir == "" {
			dir = "."
		}
		return slices.Contains(may, dir)
	}
	if !strings.Contains(first, ".") {
		return true
	}
	return slices.ContainsFunc(may, func(m string) bool { return imported == m || strings.HasPrefix(imported, m+"/") })
}

// readImports gives for each folder with Go files their imports, by file. A module below this one goes by its own rules.
func readImports(t *testing.T, root string) map[string]map[string][]string {
	t.Helper()
	packages := map[string]map[string][]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules" || hasFile(name, "go.mod")) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if file.Name.Name == "main" && strings.HasPrefix(firstLine(file.Comments), "//go:build ignore") {
			return nil // a generator, run by hand
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		dir := path.Dir(rel)
		if packages[dir] == nil {
			packages[dir] = map[string][]string{}
		}
		packages[dir][rel] = []string{}
		for _, i := range file.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			packages[dir][rel] = append(packages[dir][rel], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func hasFile(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// firstLine gives the first comment of a file.
func firstLine(comments []*ast.CommentGroup) string {
	if len(comments) == 0 {
		return ""
	}
	return comments[0].List[0].Text
}
