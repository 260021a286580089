package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// faultVerbs order misfortunes, and count requests.
var faultVerbs = map[string]verb{
	"fault": {3, (*stage).fault}, "hit": {0, (*stage).hit}, "mend": {0, (*stage).mend},
	"forget": {0, func(s *stage, _ []string) error { s.slack.Desk().Forget(); s.gitlab.Desk().Forget(); return nil }},
}

func (s *stage) desk(vendor string) *faults.Desk {
	if vendor == "slack" {
		return s.slack.Desk()
	}
	return s.gitlab.Desk()
}

// fault VENDOR ROUTE KIND orders a misfortune for the next request whose "METHOD /path" matches ROUTE: done-and-hang (the work is
// done, the answer never comes), done-and-502, done-and-reset, 400, 502, 429, 401-always, 404-always, 502-always, elsewhere (a redirect to another company's host).
func (s *stage) fault(a []string) error {
	route, err := regexp.Compile(a[1])
	if err != nil {
		return err
	}
	f, ok := map[string]faults.Fault{
		"elsewhere": {Status: 302, Header: map[string][]string{"Location": {s.elsewhere.URL + "/file"}}, Answer: "moved"},
		"hang":      {Hang: true}, "done-and-hang": {DoWork: true, Hang: true}, "done-and-502": {DoWork: true, Status: 502, Answer: "<html>Bad Gateway</html>"},
		"done-and-reset": {DoWork: true, Reset: true}, "502": {Status: 502, Answer: "<html>Bad Gateway</html>"},
		"429-3": {Status: 429, Times: 2, Header: map[string][]string{"Retry-After": {"3"}}, Answer: "Retry later"},
		"429-5": {Status: 429, Header: map[string][]string{"Retry-After": {"5"}}, Answer: "Retry later"},
		"429":   {Status: 429, Header: map[string][]string{"Retry-After": {"1"}}, Answer: "Retry later"}, "401-always": {Status: 401, Answer: `{"message":"401 Unauthorized"}`, Times: -1},
		"502-always": {Status: 502, Answer: "<html>Bad Gateway</html>", Times: -1},
		"400":        {Status: 400, Answer: `{"message":"400 Bad request"}`},
		"404-always": {Status: 404, Answer: `{"message":"404 Project Not Found"}`, Times: -1},
	}[a[2]]
	if !ok {
		return fmt.Errorf("no fault %s", a[2])
	}
	f.Route, f.Release, f.Hit = route, s.over, func() { s.faulted <- struct{}{} }
	s.desk(a[0]).Order(f)
	return nil
}

// hit waits until an ordered fault has struck.
func (s *stage) hit([]string) error {
	select {
	case <-s.faulted:
		return nil
	case <-time.After(30 * time.Second):
		log, _ := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
		return fmt.Errorf("the fault did not strike\n%s", log)
	}
}

func (s *stage) mend([]string) error {
	s.slack.Desk().Clear()
	s.gitlab.Desk().Clear()
	return nil
}
