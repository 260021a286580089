package fakegitlab

import (
	"net/url"
	"strings"
)

// access is what a route asks of the asker beyond the project's own rights.
type access int

const (
	needsRead  access = iota // scope api or read_api
	needsWrite               // scope api
	needsUser                // scope api, read_api or read_user
	needsToken               // any token
	needsNone                // nobody: public projects can be read without a token
)

type route struct {
	method, pattern string
	access          access
	handle          handler
}

var routes = []route{
	{"GET", "version", needsUser, (*Server).getVersion},
	{"GET", "metadata", needsUser, (*Server).getMetadata},
	{"GET", "user", needsUser, (*Server).getSelf},
	{"GET", "users", needsUser, (*Server).listUsers},
	{"GET", "users/:user_id", needsUser, (*Server).getUser},
	{"GET", "personal_access_tokens/self", needsToken, (*Server).getToken},
	{"POST", "markdown", needsRead, (*Server).postMarkdown},
	{"GET", "groups/:id", needsRead, (*Server).getGroup},
	{"GET", "groups/:id/members", needsRead, (*Server).listGroupMembers}, // without what is inherited, which members/all has not either here
	{"GET", "groups/:id/members/all", needsRead, (*Server).listGroupMembers},
	{"GET", "groups/:id/members/all/:user_id", needsRead, (*Server).getGroupMember},

	{"GET", "projects/:id", needsNone, (*Server).getProject},
	{"GET", "projects/:id/members/all", needsRead, (*Server).listMembers},
	{"GET", "projects/:id/members/all/:user_id", needsRead, (*Server).getMember},
	{"GET", "projects/:id/events", needsRead, (*Server).listEvents},
	{"POST", "projects/:id/uploads", needsWrite, (*Server).postUpload},
	{"GET", "projects/:id/uploads/:secret/:filename", needsRead, (*Server).getUpload},

	{"GET", "projects/:id/repository/files/:path", needsRead, (*Server).getFile},
	{"GET", "projects/:id/repository/branches/:branch", needsRead, (*Server).getBranch},

	{"GET", "projects/:id/labels", needsNone, (*Server).listLabels},
	{"POST", "projects/:id/labels", needsWrite, (*Server).postLabel},
	{"PUT", "projects/:id/labels", needsWrite, (*Server).putLabel}, // deprecated and still there, as is DELETE: clients use them
	{"DELETE", "projects/:id/labels", needsWrite, (*Server).deleteLabel},
	{"GET", "projects/:id/labels/:name", needsNone, (*Server).getLabel},
	{"PUT", "projects/:id/labels/:name", needsWrite, (*Server).putLabel},
	{"DELETE", "projects/:id/labels/:name", needsWrite, (*Server).deleteLabel},

	{"GET", "projects/:id/issues", needsNone, (*Server).listIssues},
	{"POST", "projects/:id/issues", needsWrite, (*Server).postIssue},
	{"GET", "projects/:id/issues/:iid", needsNone, (*Server).getIssue},
	{"PUT", "projects/:id/issues/:iid", needsWrite, (*Server).putIssue},
	{"DELETE", "projects/:id/issues/:iid", needsWrite, (*Server).deleteIssueRoute},
	{"POST", "projects/:id/issues/:iid/move", needsWrite, (*Server).postMove},
	{"GET", "projects/:id/issues/:iid/links", needsNone, (*Server).listLinks},
	{"POST", "projects/:id/issues/:iid/links", needsWrite, (*Server).postLink},
	{"DELETE", "projects/:id/issues/:iid/links/:link_id", needsWrite, (*Server).deleteLink},
	{"GET", "projects/:id/issues/:iid/resource_state_events", needsRead, (*Server).listStateEvents},
	{"GET", "projects/:id/issues/:iid/resource_label_events", needsRead, (*Server).listLabelEvents},
	{"POST", "projects/:id/issues/:iid/subscribe", needsWrite, (*Server).postSubscribe},
	{"POST", "projects/:id/issues/:iid/unsubscribe", needsWrite, (*Server).postSubscribe},

	{"GET", "projects/:id/issues/:iid/notes", needsNone, (*Server).listNotes},
	{"POST", "projects/:id/issues/:iid/notes", needsWrite, (*Server).postNote},
	{"GET", "projects/:id/issues/:iid/notes/:note_id", needsNone, (*Server).getNote},
	{"PUT", "projects/:id/issues/:iid/notes/:note_id", needsWrite, (*Server).putNote},
	{"DELETE", "projects/:id/issues/:iid/notes/:note_id", needsWrite, (*Server).deleteNoteRoute},

	{"GET", "projects/:id/issues/:iid/discussions", needsNone, (*Server).listDiscussions},
	{"POST", "projects/:id/issues/:iid/discussions", needsWrite, (*Server).postDiscussion},
	{"GET", "projects/:id/issues/:iid/discussions/:discussion_id", needsNone, (*Server).getDiscussion},
	{"POST", "projects/:id/issues/:iid/discussions/:discussion_id/notes", needsWrite, (*Server).postReply},
	{"PUT", "projects/:id/issues/:iid/discussions/:discussion_id/notes/:note_id", needsWrite, (*Server).putNote},
	{"DELETE", "projects/:id/issues/:iid/discussions/:discussion_id/notes/:note_id", needsWrite, (*Server).deleteNoteRoute},

	{"GET", "projects/:id/issues/:iid/award_emoji", needsNone, (*Server).listAwards},
	{"POST", "projects/:id/issues/:iid/award_emoji", needsWrite, (*Server).postAward},
	{"DELETE", "projects/:id/issues/:iid/award_emoji/:award_id", needsWrite, (*Server).deleteAward},
	{"GET", "projects/:id/issues/:iid/notes/:note_id/award_emoji", needsNone, (*Server).listAwards},
	{"POST", "projects/:id/issues/:iid/notes/:note_id/award_emoji", needsWrite, (*Server).postAward},
	{"DELETE", "projects/:id/issues/:iid/notes/:note_id/award_emoji/:award_id", needsWrite, (*Server).deleteAward},
}

// match finds the route of a path below /api/v4/. The segments are unescaped one by one, so %2F stays inside one.
func match(method, path string) (*route, map[string]string, *answer) {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if u, err := url.PathUnescape(p); err == nil {
			parts[i] = u
		}
	}
	known := false
	for i := range routes {
		vars, fits := routes[i].fits(parts)
		if !fits {
			continue
		}
		if routes[i].method == method || routes[i].method == "GET" && method == "HEAD" {
			return &routes[i], vars, nil
		}
		known = true
	}
	if known {
		return nil, nil, &answer{status: 405, body: map[string]any{"error": "405 Not Allowed"}}
	}
	return nil, nil, &answer{status: 404, body: map[string]any{"error": "404 Not Found"}}
}

func (rt *route) fits(parts []string) (map[string]string, bool) {
	want := strings.Split(rt.pattern, "/")
	if len(want) != len(parts) {
		return nil, false
	}
	vars := map[string]string{}
	for i, w := range want {
		switch {
		case strings.HasPrefix(w, ":"):
			if parts[i] == "" {
				return nil, false
			}
			vars[w[1:]] = parts[i]
		case w != parts[i]:
			return nil, false
		}
	}
	return vars, true
}
