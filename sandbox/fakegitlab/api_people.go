package fakegitlab

import (
	"slices"
	"strconv"
	"strings"
)

func (s *Server) getVersion(*call) answer {
	return ok(object{"version": Version, "revision": "abc1234def0"})
}

func (s *Server) getMetadata(*call) answer {
	return ok(object{"version": Version, "revision": "abc1234def0", "enterprise": s.cfg.Premium,
		"kas": object{"enabled": false, "externalUrl": nil, "version": nil}})
}

func (s *Server) getSelf(c *call) answer { return ok(s.userDetail(c.user, true)) }

func (s *Server) getToken(c *call) answer {
	t := c.token
	var expires any
	if !t.ExpiresAt.IsZero() {
		expires = t.ExpiresAt.Format("2006-01-02")
	}
	return ok(object{
		"id": t.ID, "name": t.Name, "revoked": false, "created_at": "2026-01-01T00:00:00.000Z", "description": nil,
		"scopes": t.Scopes, "user_id": t.User, "last_used_at": stamp(s.now()), "active": true, "granular": false,
		"expires_at": expires,
	})
}

// listUsers finds by exact username, or by a part of name, username or public e-mail; a private one only for admins.
func (s *Server) listUsers(c *call) answer {
	search := strings.ToLower(c.p.str("search"))
	var rows []*User
	for _, u := range s.users {
		if name := c.p.str("username"); name != "" && !strings.EqualFold(name, u.Username) {
			continue
		}
		if search != "" && !s.userMatches(u, search, c.user) {
			continue
		}
		if c.p.is("active") && u.State != "active" || c.p.is("blocked") && u.State != "blocked" {
			continue
		}
		rows = append(rows, u)
	}
	slices.SortFunc(rows, func(a, b *User) int { return b.ID - a.ID })
	shown, h := page(s, c, rows)
	return answer{status: 200, body: s.userShapes(shown), header: h}
}

func (s *Server) userMatches(u *User, search string, by *User) bool {
	if strings.Contains(search, "@") {
		return strings.EqualFold(u.Public, search) || by.Admin && strings.EqualFold(u.Email, search)
	}
	return strings.Contains(strings.ToLower(u.Name), search) || strings.Contains(strings.ToLower(u.Username), search)
}

func (s *Server) getUser(c *call) answer {
	u := s.user(c.number("user_id"))
	if u == nil {
		return notFound("User")
	}
	return ok(s.userDetail(u, false))
}

func (s *Server) getProject(c *call) answer { return ok(s.projectShape(c.project, c.user)) }

func (s *Server) listMembers(c *call) answer {
	return s.memberList(c, func(u *User) int { return s.level(c.project, u) })
}

func (s *Server) getMember(c *call) answer {
	return s.oneMember(c, func(u *User) int { return s.level(c.project, u) })
}

func (s *Server) memberList(c *call, level func(*User) int) answer {
	query := strings.ToLower(c.p.str("query"))
	var rows []*User
	for _, u := range s.users {
		if level(u) > 0 && strings.Contains(strings.ToLower(u.Name+" "+u.Username), query) {
			rows = append(rows, u)
		}
	}
	shown, h := page(s, c, rows)
	out := make([]object, 0, len(shown))
	for _, u := range shown {
		out = append(out, s.memberShape(u, level(u)))
	}
	return answer{status: 200, body: out, header: h}
}

func (s *Server) oneMember(c *call, level func(*User) int) answer {
	u := s.user(c.number("user_id"))
	if u == nil || level(u) == 0 {
		return answer{status: 404, body: message("404 Not found")}
	}
	return ok(s.memberShape(u, level(u)))
}

// groupOf finds the group that the path names by id or path; groups are visible to everyone here.
func (s *Server) groupOf(c *call) *group {
	if n, err := strconv.Atoi(c.vars["id"]); err == nil {
		for _, g := range s.groups {
			if g.id == n {
				return g
			}
		}
		return nil
	}
	return s.groupAt(c.vars["id"])
}

func (s *Server) getGroup(c *call) answer {
	g := s.groupOf(c)
	if g == nil {
		return notFound("Group")
	}
	name := g.path[strings.LastIndexByte(g.path, '/')+1:]
	return ok(object{
		"id": g.id, "name": name, "path": name, "full_name": strings.ReplaceAll(g.path, "/", " / "), "full_path": g.path,
		"description": "", "visibility": "private", "web_url": s.base + "/groups/" + g.path, "avatar_url": nil, "parent_id": nil,
	})
}

func (g *group) level(u *User) int { return g.members[u.ID] }

func (s *Server) listGroupMembers(c *call) answer {
	g := s.groupOf(c)
	if g == nil {
		return notFound("Group")
	}
	return s.memberList(c, g.level)
}

func (s *Server) getGroupMember(c *call) answer {
	g := s.groupOf(c)
	if g == nil {
		return notFound("Group")
	}
	return s.oneMember(c, g.level)
}

func (s *Server) postMarkdown(c *call) answer {
	if bad := c.p.check(rule{name: "text", must: true}, rule{name: "gfm", kind: "bool"}); bad != "" {
		return badParam(bad)
	}
	return created(object{"html": s.renderFor(c.p.str("text"), s.projectBy(c.p.str("project")), c.p.is("gfm"))})
}
