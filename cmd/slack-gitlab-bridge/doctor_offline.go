package main

import "strings"

// diagnoseOffline checks what can be judged without a network, a token or a store: the environment as far as it is given, and the
// agents file. It reports whether something is wrong.
func diagnoseOffline(environ []string, note func(finding)) (wrong bool) {
	c, err := loadConfig(environ, "agents")
	if noteFaults(err, note) {
		return true
	}
	d := &checkup{config: c, note: note}
	reason := "well-formed"
	if absent := c.missing([]string{"slack", "gitlab"}); len(absent) > 0 {
		for i, fault := range absent {
			absent[i], _, _ = strings.Cut(fault, " ")
		}
		reason += ", without " + strings.Join(absent, ", ") + ", which run needs"
	}
	d.ok("environment", "%s", reason)
	if c.AgentsGitLab != "" {
		d.fault("agents file", "AGENTS_GITLAB names one in GitLab, which cannot be read offline", "check a copy of it: unset AGENTS_GITLAB, and set AGENTS_JSON_FILE to its path")
		return true
	}
	return !d.checkAgentsFile()
}
