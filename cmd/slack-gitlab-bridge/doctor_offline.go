package main

import "strings"

// diagnoseOffline checks what can be judged without a network, a token or a store: the environment as far as it is given, and the
// agents file. It reports whether something is wrong.
func (d *checkup) diagnoseOffline(environ []string) (wrong bool) {
	if !d.checkEnvironment(environ, "agents") {
		return true
	}
	reason := "well-formed"
	if absent := d.config.missing([]string{"slack", "gitlab"}); len(absent) > 0 {
		for i, fault := range absent {
			absent[i], _, _ = strings.Cut(fault, " ")
		}
		reason += ", without " + strings.Join(absent, ", ") + ", which run needs"
	}
	d.ok(checkEnvironment, "", "%s", reason)
	if d.config.AgentsGitLab != "" {
		d.fault(checkAgentsFile, "", "AGENTS_GITLAB names one in GitLab, which cannot be read offline", "check a copy of it: unset AGENTS_GITLAB, and set AGENTS_JSON_FILE to its path")
		return true
	}
	return d.checkAgentsFile()
}
