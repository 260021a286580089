package sandbox

import (
	"encoding/json"
	"net/http"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// view is both sides as the page shows them.
type view struct {
	Slack  slackView  `json:"slack"`
	GitLab gitlabView `json:"gitlab"`
	Orders []order    `json:"orders"`
	Emojis []meaning  `json:"emojis"`
}

type slackView struct {
	Team       string                `json:"team"`
	Bot        string                `json:"bot"`
	Sockets    int                   `json:"sockets"`
	People     []personView          `json:"people"`
	Channels   []channelView         `json:"channels"`
	Usergroups []fakeslack.Usergroup `json:"usergroups"`
	Emoji      map[string]string     `json:"emoji"`
	Ephemerals []fakeslack.Ephemeral `json:"ephemerals"`
}

// personView is anybody who can be shown as an author. Only those with a role can be acted as.
type personView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	Role  string `json:"role,omitempty"` // agent, requester, app
	Bot   bool   `json:"bot,omitempty"`
}

type channelView struct {
	fakeslack.Channel
	Project string `json:"project"` // path of the project that its requests go to
}

type gitlabView struct {
	People   []fakegitlab.UserView `json:"people"`
	Projects []projectView         `json:"projects"`
}

type projectView struct {
	ID         int                `json:"id"`
	Path       string             `json:"path"`
	Visibility string             `json:"visibility"`
	Labels     []fakegitlab.Label `json:"labels"`
	Issues     []issueView        `json:"issues"`
}

type issueView struct {
	fakegitlab.Issue
	HTML    string     `json:"html"`
	Notes   []noteView `json:"notes"`
	MovedTo *placeView `json:"moved_to,omitempty"`
}

// placeView is where an issue is: the project's path and the issue's number in it.
type placeView struct {
	Path string `json:"path"`
	IID  int    `json:"iid"`
}

type noteView struct {
	fakegitlab.Note
	HTML string `json:"html"`
}

// view looks at both sides.
func (w *World) view() view {
	return view{Slack: w.viewSlack(), GitLab: w.viewGitLab(), Orders: w.orders.list(), Emojis: meanings}
}

func (w *World) viewSlack() slackView {
	snap := w.slack.Snapshot()
	v := slackView{
		Team: snap.Team, Bot: snap.BotUserID, Sockets: snap.Sockets, Usergroups: snap.Usergroups, Emoji: snap.Emoji,
		Ephemerals: snap.Ephemerals,
	}
	for _, u := range snap.Users {
		p := personView{ID: u.ID, Name: u.RealName, Bot: u.IsBot}
		if who := named(u.ID); who.id != "" {
			p.Title, p.Role = who.title, "requester"
			if who.username != "" {
				p.Role = "agent"
			}
		}
		if u.ID == w.cast.pager.UserID {
			p.Title, p.Role = "writes only", "app"
		}
		v.People = append(v.People, p)
	}
	for _, c := range snap.Channels {
		v.Channels = append(v.Channels, channelView{Channel: c, Project: projectOf(c.ID)})
	}
	return v
}

func projectOf(channel string) string {
	if channel == helpSecurity {
		return securityProject
	}
	return infraProject
}

func (w *World) viewGitLab() gitlabView {
	snap := w.gitlab.Snapshot()
	v := gitlabView{People: snap.Users}
	places := map[int]*placeView{}
	for _, p := range snap.Projects {
		for _, is := range p.Issues {
			places[is.ID] = &placeView{p.Path, is.IID}
		}
	}
	for _, p := range snap.Projects {
		pv := projectView{ID: p.ID, Path: p.Path, Visibility: p.Visibility, Labels: p.Labels, Issues: []issueView{}}
		for _, is := range p.Issues {
			iv := issueView{Issue: is, HTML: w.gitlab.Render(p.ID, is.Description), Notes: []noteView{}, MovedTo: places[is.MovedToID]}
			for _, n := range is.Notes {
				iv.Notes = append(iv.Notes, noteView{Note: n, HTML: w.gitlab.Render(p.ID, n.Body)})
			}
			pv.Issues = append(pv.Issues, iv)
		}
		v.Projects = append(v.Projects, pv)
	}
	return v
}

// serveState answers GET /state.
func (w *World) serveState(rw http.ResponseWriter, _ *http.Request) {
	writeJSON(rw, http.StatusOK, w.view())
}

func writeJSON(rw http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic("sandbox: " + err.Error()) // a Slack end that keeps JSON which is none is our own bug
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_, _ = rw.Write(b) // a browser that has gone is no fault of ours
}
