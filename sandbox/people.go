package sandbox

import (
	"strings"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

const gitlabToken = "glpat-sandbox"

// IDs of what the story and the first messages name.
const (
	helpInfra    = "C0HELPINFRA"
	helpSecurity = "C0HELPSECURITY"

	noor  = "U0NOOR"
	sam   = "U0SAM"
	mei   = "U0MEI"
	ada   = "U0ADA"
	femi  = "U0FEMI"
	lucia = "U0LUCIA"

	infraProject    = "acme/infra/requests"
	securityProject = "acme/security/requests"
)

// person is somebody in Slack. Agents have an account in GitLab too.
type person struct {
	id, name, title string
	username        string // in GitLab; empty for requesters
}

var team = []person{
	{noor, "Noor Haddad", "Infrastructure", "noor.haddad"},
	{sam, "Sam Okafor", "Infrastructure", "sam.okafor"},
	{mei, "Mei Tanaka", "Security", "mei.tanaka"},
	{ada, "Ada Lindqvist", "Checkout", ""},
	{femi, "Femi Adeyemi", "Data", ""},
	{lucia, "Lucía Prieto", "Finance", ""},
}

// cast keeps the numbers that the vendors gave out.
type cast struct {
	pager    fakeslack.App
	projects map[string]int // by path
	users    map[string]int // of GitLab, by username
}

// named gives a person by the Slack ID; the zero person if there is none.
func named(id string) person {
	for _, p := range team {
		if p.id == id {
			return p
		}
	}
	return person{}
}

// first is how colleagues call somebody.
func (p person) first() string {
	name, _, _ := strings.Cut(p.name, " ")
	return name
}

// people fills both sides before anything happens.
func (w *World) people() {
	w.workspace()
	w.projects()
}

func (w *World) workspace() {
	s := w.slack
	for _, p := range team {
		s.AddUser(fakeslack.User{
			ID: p.id, Name: strings.ToLower(p.first()), RealName: p.name, DisplayName: p.name,
			Email: strings.ToLower(p.first()) + "@acme.example", TZ: "Europe/Amsterdam",
		})
	}
	w.cast.pager = s.AddApp("Pager", false)
	bot := s.Config().BotUserID
	s.AddChannel(fakeslack.Channel{
		ID: helpInfra, Name: "help-infra", Topic: "Ask the infrastructure team. One request, one thread.",
		Members: []string{noor, sam, mei, ada, femi, lucia, bot, w.cast.pager.UserID},
	})
	s.AddChannel(fakeslack.Channel{
		ID: helpSecurity, Name: "help-security", Private: true, Topic: "Anything odd? Tell us, whatever it is.",
		Members: []string{noor, mei, ada, lucia, bot},
	})
	s.AddUsergroup(fakeslack.Usergroup{ID: "S0INFRA", Name: "Infrastructure on call", Handle: "infra-oncall", Users: []string{noor, sam}})
	s.AddUsergroup(fakeslack.Usergroup{ID: "S0SECURITY", Name: "Security", Handle: "security", Users: []string{mei}})
	for _, name := range []string{"ops", "foundations", "observability", "green-circle-check", "shipit-squirrel"} {
		s.AddEmoji(name, w.url+"/emoji/"+name+".svg")
	}
}

// labels are those of both projects, in GitLab's own palette.
var labels = []struct{ name, color string }{
	{"severity::1", "#c91c00"}, {"severity::2", "#ab6100"},
	{"source::slack", "#6e49cb"},
	{"team::Foundations", "#1068bf"}, {"team::Observability", "#0d7d7d"}, {"team::Ops", "#217645"},
	{"workflow::done", "#108548"}, {"workflow::in progress", "#5943b6"},
}

func (w *World) projects() {
	g := w.gitlab
	w.cast.users, w.cast.projects = map[string]int{}, map[string]int{}
	bot := g.AddUser(fakegitlab.User{Username: "slack-bridge", Name: "Slack Bridge", Bot: true})
	w.cast.users["slack-bridge"] = bot
	for _, p := range team {
		if p.username != "" {
			w.cast.users[p.username] = g.AddUser(fakegitlab.User{Username: p.username, Name: p.name})
		}
	}
	w.cast.users["lena.fischer"] = g.AddUser(fakegitlab.User{Username: "lena.fischer", Name: "Lena Fischer"})
	for _, path := range []string{infraProject, securityProject} {
		id := g.AddProject(fakegitlab.Project{Path: path, Name: "Requests"})
		w.cast.projects[path] = id
		for _, user := range w.cast.users {
			g.AddMember(id, user, fakegitlab.Developer)
		}
		for _, l := range labels {
			g.AddLabel(id, l.name, l.color)
		}
	}
	g.AddToken(fakegitlab.Token{Name: "slack bridge", Value: gitlabToken, User: bot, Scopes: []string{"api"}})
}
