package sandbox

import (
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
)

// assets reads the page's files by their path.
func assets(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(web, "web", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(web, p)
		all[strings.TrimPrefix(p, "web/")] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	address := regexp.MustCompile(`(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s"'<>)]*`)
	for name, text := range assets(t) {
		for _, found := range address.FindAllString(text, -1) {
			if found != "http://www.w3.org/2000/svg" { // the name of a format, not an address
				t.Errorf("%s: holds the address %s, want none of another host", name, found)
			}
		}
	}
}

func TestPageHoldsWhatItsPolicyForbidsNowhere(t *testing.T) {
	all := assets(t)
	inline := regexp.MustCompile(`<script(?:>|\s[^>]*>)[^<]|\son\w+=|\sstyle=|<style|javascript:|<iframe|<base`)
	if found := inline.FindString(all["index.html"]); found != "" {
		t.Errorf("index.html: holds %q, which the policy forbids", found)
	}
	for name, text := range all {
		if strings.HasSuffix(name, ".js") && regexp.MustCompile(`\beval\(|new Function|insertAdjacentHTML|document\.write|outerHTML`).MatchString(text) {
			t.Errorf("%s: makes code or markup out of text", name)
		}
		if n := strings.Count(text, "innerHTML"); n > 0 && name != "rendered.js" || n > 1 {
			t.Errorf("%s: uses innerHTML %d times, want once, for what GitLab has rendered", name, n)
		}
	}
}

func TestPageReferences(t *testing.T) {
	all := assets(t)
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(all["index.html"], -1) {
		ids[m[1]]++
		if ids[m[1]] > 1 {
			t.Errorf("index.html: the id %q stands twice", m[1])
		}
	}
	wanted := regexp.MustCompile(`\$\("([^"]+)"\)|part\("([^"]+)"|(?:for|href|aria-controls|aria-labelledby)="#?([\w-]+)"|querySelector\(.?[\x60"]#([\w-]+)`)
	for _, name := range []string{"index.html", "app.js", "slack.js", "gitlab.js"} {
		found := wanted.FindAllStringSubmatch(all[name], -1)
		if len(found) == 0 {
			t.Errorf("%s: found no reference to an id, want some", name)
		}
		for _, m := range found {
			if id := m[1] + m[2] + m[3] + m[4]; ids[id] == 0 {
				t.Errorf("%s: refers to the id %q, which index.html does not have", name, id)
			}
		}
	}
	for name, text := range all {
		for _, m := range regexp.MustCompile(`from "\./([^"]+)"|(?:src|href)="/assets/([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if _, ok := all[m[1]+m[2]]; !ok {
				t.Errorf("%s: wants %s, which is not there", name, m[1]+m[2])
			}
		}
	}
	for _, m := range regexp.MustCompile(`data-fault="([^"]+)"`).FindAllStringSubmatch(all["index.html"], -1) {
		if acts["fault/"+m[1]] == nil {
			t.Errorf("index.html: orders %q, which is no act", m[1])
		}
	}
	done := map[string]bool{}
	for name, text := range all {
		for _, m := range regexp.MustCompile(`"((?:slack|gitlab)/[a-z]+)"`).FindAllStringSubmatch(text, -1) {
			done[m[1]] = true
			if acts[m[1]] == nil {
				t.Errorf("%s: does %q, which is no act", name, m[1])
			}
		}
	}
	for what := range acts {
		if !done[what] && !strings.Contains(all["index.html"], `data-fault="`+strings.TrimPrefix(what, "fault/")+`"`) {
			t.Errorf("act %q: want a place on the page where it is done", what)
		}
	}
}

func TestPageIsServedUnderItsPolicy(t *testing.T) {
	w := start(t)
	paths := map[string]string{
		"":                                       "text/html",
		"archives/C0HELPINFRA/p1700000000000100": "text/html",
		"acme/infra/requests/-/issues/1":         "text/html",
		"acme/infra/requests/-/work_items/1":     "text/html",
		"state":                                  "application/json",
	}
	kinds := map[string]string{".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
	for name := range assets(t) {
		switch {
		case strings.HasPrefix(name, "emoji/"):
			paths[name] = kinds[path.Ext(name)]
		case name != "index.html":
			paths["assets/"+name] = kinds[path.Ext(name)]
		}
	}
	for p, kind := range paths {
		got := get(t, w.URL()+p)
		if got.status != http.StatusOK || kind == "" || !strings.HasPrefix(got.header.Get("Content-Type"), kind) {
			t.Errorf("GET /%s: got %d %q, want 200 %q", p, got.status, got.header.Get("Content-Type"), kind)
		}
		if got.header.Get("Content-Security-Policy") != policy || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET /%s: got the policy %q, want %q", p, got.header.Get("Content-Security-Policy"), policy)
		}
	}
	for _, p := range []string{"nothing", "acme/infra/requests", "archives/x"} {
		if got := get(t, w.URL()+p).status; got != http.StatusNotFound {
			t.Errorf("GET /%s: got %d, want 404", p, got)
		}
	}
	upload := get(t, w.GitLabURL()+"/-/project/1/uploads/none/a.html")
	if want := "default-src 'none'; sandbox"; upload.header.Get("Content-Security-Policy") != want {
		t.Errorf("GET of an upload: got the policy %q, want %q", upload.header.Get("Content-Security-Policy"), want)
	}
}

func TestPageHasAPictureForEachOwnEmoji(t *testing.T) {
	w := start(t)
	emoji := w.Slack().Snapshot().Emoji
	if len(emoji) == 0 {
		t.Error("the workspace has no emoji of its own, want some")
	}
	for name, address := range emoji {
		if got := get(t, address); got.status != http.StatusOK || !strings.Contains(got.body, "<svg") {
			t.Errorf(":%s: at %s: got %d, want a picture", name, address, got.status)
		}
	}
	for _, m := range meanings {
		if emoji[m.Name] == "" && !regexp.MustCompile(`(?m)(?:^| )`+regexp.QuoteMeta(m.Name)+` `).MatchString(assets(t)["emoji.js"]) {
			t.Errorf(":%s: of the emoji bar: want a sign or a picture for it", m.Name)
		}
	}
}
