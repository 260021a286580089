// Package fakegitlab imitates the part of GitLab's REST API v4 that deals with issues: stateful, strict, and with the
// traps of the real one. It follows GitLab 19.x as documented, as read in its source, and as measured by others.
//
//	g := fakegitlab.New(fakegitlab.Config{})
//	bot := g.AddUser(fakegitlab.User{Username: "bot", Bot: true})
//	app := g.AddProject(fakegitlab.Project{Path: "group/app", Visibility: "private"})
//	g.AddMember(app, bot, fakegitlab.Reporter)
//	g.AddToken(fakegitlab.Token{Value: "secret", User: bot, Scopes: []string{"api"}})
//	srv := httptest.NewServer(g.Handler())
//
// Three groups of methods stand beside the HTTP routes. The Add methods set the scene. Comment, SetState and the like
// act as a person would in the browser, without asking for rights. Snapshot, Issue, Issues and Happenings look.
//
// What is not modelled: merge requests, epics, repositories, milestones as objects, e-mail, external users.
// References to those are recognised in text and recorded, but lead nowhere.
package fakegitlab
