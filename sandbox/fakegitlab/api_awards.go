package fakegitlab

import (
	"slices"
	"strings"
)

// awardsOf is the list that the path names, with its owner's kind and id.
func (s *Server) awardsOf(c *call) (list *[]*award, kind string, id int, missing *answer) {
	if c.vars["note_id"] == "" {
		return &c.issue.awards, "Issue", c.issue.id, nil
	}
	n, missing := s.noteOf(c)
	if missing != nil {
		return nil, "", 0, missing
	}
	return &n.awards, "Note", n.id, nil
}

func (s *Server) listAwards(c *call) answer {
	list, kind, id, missing := s.awardsOf(c)
	if missing != nil {
		return *missing
	}
	shown, h := page(s, c, *list)
	out := make([]object, 0, len(shown))
	for _, a := range shown {
		out = append(out, s.awardShape(a, kind, id))
	}
	return answer{status: 200, body: out, header: h}
}

func (s *Server) postAward(c *call) answer {
	list, kind, id, missing := s.awardsOf(c)
	if missing != nil {
		return *missing
	}
	if bad := c.p.check(rule{name: "name", must: true}); bad != "" {
		return badParam(bad)
	}
	name := strings.Trim(c.p.str("name"), ":")
	if !emojiName(name) {
		return answer{status: 404, body: message("404 Award Emoji Name is not a valid emoji name Not Found")}
	}
	a, fresh := s.award(list, c.user, name)
	if !fresh {
		return answer{status: 404, body: message("404 Award Emoji Name has already been taken Not Found")}
	}
	return created(s.awardShape(a, kind, id))
}

func (s *Server) deleteAward(c *call) answer {
	list, _, _, missing := s.awardsOf(c)
	if missing != nil {
		return *missing
	}
	for _, a := range *list {
		if a.id == c.number("award_id") {
			if a.user != c.user && !c.user.Admin {
				return forbidden()
			}
			*list = slices.DeleteFunc(*list, func(o *award) bool { return o == a })
			return gone()
		}
	}
	return answer{status: 404, body: message("404 Not found")}
}
