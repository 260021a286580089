package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// checkVerbs look at what came of it all; they alone may follow eventually.
var checkVerbs = map[string]verb{
	"issues": {1, (*stage).countIssues}, "issue": {3, (*stage).checkIssue}, "mirrored": {-2, (*stage).mirrored},
	"note": {2, (*stage).note}, "file": {3, (*stage).file},
	"card": {2, (*stage).card}, "nocard": {1, (*stage).noCard}, "said": {-1, (*stage).said}, "sign": {2, (*stage).sign},
	"told": {-1, (*stage).told}, "ops": {1, (*stage).ops},
	"asked": {3, (*stage).asked}, "ready": {1, (*stage).ready}, "memory": {1, (*stage).memory},
	"delivered": {1, (*stage).delivered},
	"betrayed":  {1, func(s *stage, a []string) error { return differs("requests to another host", s.betrayed.Load(), a[0]) }},
}

// differs reports that a value is not, in words, as wanted.
func differs(what string, got any, want string) error {
	if fmt.Sprint(got) != want {
		return fmt.Errorf("%s: got %v, want %s", what, got, want)
	}
	return nil
}

// issues N
func (s *stage) countIssues(a []string) error {
	if got := len(s.gitlab.Issues(s.project)); strconv.Itoa(got) != a[0] {
		return fmt.Errorf("%d issues, want %s", got, a[0])
	}
	return nil
}

// of finds the issue of a thread by its mark, wherever it is; there must be exactly one.
func (s *stage) of(thread string) (fakegitlab.Issue, error) {
	var found []fakegitlab.Issue
	for _, project := range s.projects {
		for _, i := range s.gitlab.Issues(project) {
			if m, ok := markup.ParseMark(i.Description); ok && i.Author.Username != paster && i.MovedToID == 0 && m.Thread == stageChannel+"/"+s.messages[thread] {
				found = append(found, i)
			}
		}
	}
	if len(found) != 1 {
		return fakegitlab.Issue{}, fmt.Errorf("%d issues of thread %s, want 1", len(found), thread)
	}
	return found[0], nil
}

// issue THREAD FIELD VALUE: the field is that, the description contains it.
func (s *stage) checkIssue(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	var names []string
	for _, u := range i.Assignees {
		names = append(names, u.Username)
	}
	got, ok := map[string]string{"title": i.Title, "state": i.State, "labels": strings.Join(slices.Sorted(slices.Values(i.Labels)), " "),
		"assignees": strings.Join(names, " "), "confidential": strconv.FormatBool(i.Confidential), "description": i.Description,
		"notes": strconv.Itoa(len(comments(i)))}[a[1]]
	switch {
	case !ok:
		return fmt.Errorf("an issue has no %s", a[1])
	case a[1] == "description" && strings.Contains(got, a[2]), got == a[2]:
		return nil
	}
	return fmt.Errorf("issue of %s: %s is %q, want %q", a[0], a[1], got, a[2])
}

// comments are the notes that somebody wrote.
func comments(i fakegitlab.Issue) []fakegitlab.Note {
	return slices.DeleteFunc(slices.Clone(i.Notes), func(n fakegitlab.Note) bool { return n.System })
}

// mirrored THREAD NAME...: exactly these messages, each once, in this order. NAME-1..NAME-N may be written NAME*N.
func (s *stage) mirrored(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	var got, want []string
	for _, n := range comments(i) {
		m, _ := markup.ParseMark(n.Body)
		if n.Author.Username == paster {
			continue
		}
		// An edit's own note, and one in which a long message goes on, are not its mirroring.
		got = append(got, slices.DeleteFunc(m.Messages, func(id string) bool { return strings.Contains(id, "#") })...)
	}
	for _, name := range a[1:] {
		name, many, _ := strings.Cut(name, "*")
		n, _ := strconv.Atoi(many)
		for k := 1; k <= n; k++ {
			want = append(want, stageChannel+"/"+s.messages[fmt.Sprintf("%s-%d", name, k)])
		}
		if many == "" {
			want = append(want, stageChannel+"/"+s.messages[name])
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("thread %s: mirrored %v, want %v", a[0], got, want)
	}
	return nil
}

// note THREAD TEXT: one of the notes that anybody wrote on the issue contains the text.
func (s *stage) note(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	var all []string
	for _, n := range comments(i) {
		all = append(all, n.Body)
	}
	if !slices.ContainsFunc(all, func(body string) bool { return strings.Contains(body, a[1]) }) {
		return fmt.Errorf("notes of %s are %q, want %q in one", a[0], all, a[1])
	}
	return nil
}

var uploadPath = regexp.MustCompile(`/uploads/[0-9a-f]{32}/[^\s)"]+`)

// file THREAD NAME BYTES: description or notes link exactly one upload of that name in GitLab, and it has that many bytes.
func (s *stage) file(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	all := i.Description
	for _, n := range comments(i) {
		all += "\n" + n.Body
	}
	found := slices.DeleteFunc(uploadPath.FindAllString(all, -1), func(path string) bool { return !strings.HasSuffix(path, "/"+a[1]) })
	slices.Sort(found)
	if found = slices.Compact(found); len(found) != 1 {
		return fmt.Errorf("%d uploads called %s are linked, want 1, in\n%s", len(found), a[1], all)
	}
	resp, err := s.gitlabHTTP.Client().Get(fmt.Sprintf("%s/-/project/%d%s", s.gitlabHTTP.URL, i.ProjectID, found[0]))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s, %w", found[0], resp.Status, err)
	}
	return differs("bytes of "+a[1], n, a[2])
}

// asked VENDOR ROUTE N: that many requests matched since forget. Those for sockets, which are opened when it is time, count only where the
// route names them.
func (s *stage) asked(a []string) error {
	route, err := regexp.Compile(a[1])
	if err != nil {
		return err
	}
	var all []string
	got := 0
	for _, r := range s.desk(a[0]).Requests() {
		all = append(all, r.Route())
		if route.MatchString(r.Route()) && (strings.Contains(a[1], "apps") || !strings.Contains(r.Route(), "/apps.")) {
			got++
		}
	}
	if strconv.Itoa(got) != a[2] {
		return fmt.Errorf("%d requests match %s, want %s, of\n%s", got, a[1], a[2], strings.Join(all, "\n"))
	}
	return nil
}

// ready TEXT waits until a reason for not being ready contains the text; "yes" until there is none.
func (s *stage) ready(a []string) error {
	return s.until("readiness "+a[0], stagePatience, func() error {
		var r readiness
		if err := s.tell("/ready", &r); err != nil {
			return err
		}
		reasons, _ := json.Marshal(r.Reasons)
		if a[0] == "yes" && r.Ready || a[0] != "yes" && strings.Contains(string(reasons), a[0]) {
			return nil
		}
		return fmt.Errorf("ready %v, reasons %s", r.Ready, reasons)
	})
}

// memory SIZE: the daemon has never taken so much more than when it was asked last. Linux alone tells.
func (s *stage) memory(a []string) error {
	var most, took byteSize
	if err := most.UnmarshalText([]byte(a[0])); err != nil {
		return err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.daemon.Process.Pid))
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	if err := took.UnmarshalText([]byte(strings.ReplaceAll(line, "\t", ""))); err != nil {
		return err
	}
	before := s.took
	s.took = took
	if took-before > most {
		return fmt.Errorf("the daemon took %d bytes, and %d before, want at most %d more", took, before, most)
	}
	return nil
}

// delivered STATUS: the daemon answered GitLab's last webhook with that.
func (s *stage) delivered(a []string) error {
	all := s.gitlab.Deliveries(0)
	if len(all) == 0 {
		return fmt.Errorf("GitLab has called no webhook")
	}
	return differs("answer to the webhook", all[len(all)-1].Status, a[0])
}
