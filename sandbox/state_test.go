package sandbox

import (
	"slices"
	"testing"

	"slack-gitlab-bridge/sandbox/fakegitlab"
)

func TestStateShowsBothSides(t *testing.T) {
	v := stateOf(t, start(t))
	roles := map[string]int{}
	for _, p := range v.Slack.People {
		roles[p.Role]++
	}
	if roles["agent"] != 3 || roles["requester"] != 3 || roles["app"] != 1 {
		t.Errorf("people by role: got %v, want 3 agents, 3 requesters, 1 app", roles)
	}
	if len(v.Slack.Channels) != 2 || v.Slack.Channels[0].Project != infraProject || !v.Slack.Channels[1].Private || v.Slack.Channels[1].Project != securityProject {
		t.Errorf("channels: got %+v", v.Slack.Channels)
	}
	if len(v.GitLab.Projects) != 2 || len(v.GitLab.Projects[0].Labels) != len(labels) {
		t.Errorf("projects: got %+v", v.GitLab.Projects)
	}
	if i := slices.IndexFunc(v.GitLab.People, func(u fakegitlab.UserView) bool { return u.Bot }); i < 0 {
		t.Errorf("people of GitLab: got %+v, want the bridge's account among them", v.GitLab.People)
	}
}
