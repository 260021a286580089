package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// agentsVerbs are about where the agents file and the agents come from.
var agentsVerbs = map[string]verb{
	"commit": {3, (*stage).commit},
	"group":  {-1, (*stage).people}, "email": {3, (*stage).email},
	"reload": {0, func(s *stage, _ []string) error { return s.daemon.Process.Signal(syscall.SIGHUP) }},
}

// commit PROJECT PATH FILE: that file of the script is committed to the main branch.
func (s *stage) commit(a []string) error {
	project, ok := s.projects[a[0]]
	if !ok {
		return fmt.Errorf("no project %s", a[0])
	}
	text, err := os.ReadFile(filepath.Join(s.dir, a[2]))
	if err != nil {
		return err
	}
	return s.gitlab.PutFile(project, "main", a[1], string(text))
}

// group slack|gitlab PERSON...: the people of the user group S0TEAM0001, or of the group acme/team.
func (s *stage) people(a []string) error {
	if a[0] == "gitlab" {
		for name, user := range s.users {
			level := 0
			if slices.Contains(a[1:], name) {
				level = fakegitlab.Reporter
			}
			s.gitlab.AddGroupMember("acme/team", user, level)
		}
		return nil
	}
	var users []string
	for _, name := range a[1:] {
		users = append(users, userID(name))
	}
	if s.slack.SetUsergroup("S0TEAM0001", users...) != nil {
		s.slack.AddUsergroup(fakeslack.Usergroup{ID: "S0TEAM0001", Name: "Team", Handle: "team", Users: users})
	}
	return nil
}

// email slack|gitlab PERSON ADDRESS
func (s *stage) email(a []string) error {
	if a[0] == "gitlab" {
		return s.gitlab.SetPublicEmail(s.users[a[1]], a[2])
	}
	return s.slack.UpdateUser(fakeslack.User{ID: userID(a[1]), Name: a[1], RealName: a[1], DisplayName: a[1], Email: a[2]})
}
