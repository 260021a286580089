package sandbox

import "encoding/json"

// meaning is what an emoji of the agents file does, in words for the page.
type meaning struct {
	Name  string `json:"name"`
	Does  string `json:"does"`
	Group string `json:"group"` // take, close, reopen, label
}

// meanings are in the order of the page's emoji bar.
var meanings = []meaning{
	{"eyes", "Agents: take it. Makes the issue, assigned to you", "take"},
	{"white_check_mark", "Done: closes the issue", "close"},
	{"green-circle-check", "Done, too: closes the issue", "close"},
	{"repeat", "Not done after all: reopens the issue", "reopen"},
	{"ops", "Label team::Ops", "label"},
	{"foundations", "Label team::Foundations", "label"},
	{"observability", "Label team::Observability", "label"},
	{"sos", "Label severity::1", "label"},
	{"lock", "Makes the issue confidential", "label"},
}

// AgentsJSON is the agents file that fits this world: its channels, projects, emojis and agents.
func (w *World) AgentsJSON() []byte {
	type m = map[string]any
	agents := []m{}
	for _, p := range team {
		if p.username != "" {
			agents = append(agents, m{"slack_id": p.id, "gitlab_username": p.username, "name": p.name})
		}
	}
	file := m{
		"acknowledged_emoji": "eyes",
		"resolved_emojis":    []string{"white_check_mark", "green-circle-check"},
		"reopened_emojis":    []string{"repeat"},
		"label_emojis": m{
			"ops": "team::Ops", "foundations": "team::Foundations", "observability": "team::Observability",
			"sos": m{"labels": []string{"severity::1"}}, "lock": m{"confidential": true},
		},
		"channels": []m{
			{"id": helpInfra, "project": infraProject},
			{
				"id": helpSecurity, "project": securityProject, "confidential": true,
				"labels": []string{"source::slack", "workflow::in progress"}, "resolved_labels": []string{"workflow::done"},
			},
		},
		"agents": agents,
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		panic("sandbox: " + err.Error()) // maps, strings and booleans always marshal
	}
	return append(b, '\n')
}
