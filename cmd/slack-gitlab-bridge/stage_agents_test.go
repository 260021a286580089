package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// agentsVerbs are about where the agents file and the agents come from.
var agentsVerbs = map[string]verb{
	"commit": {3, (*stage).commit},
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
