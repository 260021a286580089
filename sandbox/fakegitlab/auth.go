package fakegitlab

import (
	"slices"
	"strings"
)

// authenticate finds out who asks, or how to refuse.
func (s *Server) authenticate(rt *route, c *call) *answer {
	value := c.r.Header.Get("PRIVATE-TOKEN")
	if value == "" {
		if v, isBearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer "); isBearer {
			value = v
		}
	}
	if value == "" {
		value = c.p.str("private_token")
	}
	if value == "" {
		if rt.access == needsNone {
			return nil
		}
		return s.unauthorized(rt, c)
	}
	t := s.token(value)
	switch {
	case t == nil || s.user(t.User) == nil:
		return &answer{status: 401, body: message("401 Unauthorized")}
	case t.Revoked:
		return invalidToken("Token was revoked. You have to re-authorize from the user.")
	case t.expired(s):
		return invalidToken("Token is expired. You can either do re-authorization or token refresh.")
	}
	c.token, c.user = t, s.user(t.User)
	if c.user.State == "blocked" {
		return &answer{status: 403, body: message("403 Forbidden - Your account has been blocked.")}
	}
	return allowed(rt.access, t)
}

// unauthorized answers those without a token. A project that they could not see is not found before that.
func (s *Server) unauthorized(rt *route, c *call) *answer {
	if strings.HasPrefix(rt.pattern, "projects/:id") {
		if a := s.find(rt, c); a != nil {
			return a
		}
	}
	return &answer{status: 401, body: message("401 Unauthorized")}
}

func (s *Server) token(value string) *Token {
	for _, t := range s.tokens {
		if t.Value == value {
			return t
		}
	}
	return nil
}

func (t *Token) expired(s *Server) bool { return !t.ExpiresAt.IsZero() && !s.now().Before(t.ExpiresAt) }

func invalidToken(text string) *answer {
	return &answer{status: 401, body: map[string]any{"error": "invalid_token", "error_description": text}}
}

// allowed refuses a token whose scopes do not reach.
func allowed(need access, t *Token) *answer {
	enough := map[access][]string{
		needsRead: {"api", "read_api"}, needsNone: {"api", "read_api"}, needsWrite: {"api"},
		needsUser: {"api", "read_api", "read_user"},
	}[need]
	if need == needsToken || slices.ContainsFunc(t.Scopes, func(scope string) bool { return slices.Contains(enough, scope) }) {
		return nil
	}
	return &answer{status: 403, body: map[string]any{
		"error":             "insufficient_scope",
		"error_description": "The request requires higher privileges than provided by the access token.",
		"scope":             strings.Join(enough, " "),
	}}
}
