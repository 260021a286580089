package main

import (
	"net/http"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// misfortune is one way in which a request goes wrong: a column of the matrix.
type misfortune struct {
	name  string
	lasts time.Duration // how long it stands from its first blow; 0: it strikes once
	again bool          // a second blow meets net/http's own repetition of a GET
	fault func(*simulation, outward) faults.Fault
}

// blows is how often the fault strikes.
func (m misfortune) blows() int {
	switch {
	case m.lasts > 0:
		return -1
	case m.again:
		return 2
	}
	return 1
}

// askedToWait is the Retry-After of the matrix: longer than any pause of ours between two tries.
const askedToWait = 7 * time.Minute

// misfortunes are all of them, in the order of the table in docs/faults.md.
var misfortunes = []misfortune{
	{name: "refused", lasts: 10 * time.Minute, fault: func(_ *simulation, c outward) faults.Fault { return c.refusal() }},
	{name: "refused for good", lasts: 10 * time.Minute, fault: func(_ *simulation, c outward) faults.Fault { return c.rejection() }},
	{name: "done, answer lost", fault: func(*simulation, outward) faults.Fault { return faults.Fault{DoWork: true, Reset: true} }},
	{name: "429 with Retry-After", fault: func(_ *simulation, c outward) faults.Fault {
		f := c.limit()
		f.Header.Set("Retry-After", "420")
		return f
	}},
	{name: "429 without", fault: func(_ *simulation, c outward) faults.Fault { return c.limit() }},
	{name: "500 for a minute", lasts: time.Minute, fault: func(*simulation, outward) faults.Fault {
		return faults.Fault{Status: http.StatusInternalServerError, Answer: "<html>Internal Server Error</html>"}
	}},
	{name: "no answer", fault: func(*simulation, outward) faults.Fault { return faults.Fault{Hang: true} }},
	{name: "connection reset", again: true, fault: func(*simulation, outward) faults.Fault { return faults.Fault{Reset: true} }},
	{name: "a page with 200", lasts: time.Minute, fault: func(*simulation, outward) faults.Fault {
		return faults.Fault{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Answer: "<!DOCTYPE html><html><body>Welcome</body></html>"}
	}},
	{name: "done, answer without id", fault: func(_ *simulation, c outward) faults.Fault {
		return faults.Fault{DoWork: true, Status: c.status(), Header: http.Header{"Content-Type": {"application/json"}}, Answer: c.empty}
	}},
	{name: "redirect elsewhere", lasts: 10 * time.Minute, fault: func(s *simulation, _ outward) faults.Fault {
		return faults.Fault{Status: http.StatusFound, Header: http.Header{"Location": {s.elsewhere.URL + "/api/v4/user"}}}
	}},
	{name: "done, answer trickles", fault: func(*simulation, outward) faults.Fault { return faults.Fault{DoWork: true, Every: 2 * time.Second} }},
	{name: "done, answer without end", fault: func(_ *simulation, c outward) faults.Fault {
		return faults.Fault{DoWork: true, Status: c.status(), Header: http.Header{"Content-Type": {"application/json"}}, Answer: c.endless(), Endless: true}
	}},
}

// refusal is how the vendor refuses a request as things stand, rejection how it refuses what it will never take.
func (c outward) refusal() faults.Fault {
	if c.vendor == "gitlab" {
		return faults.Fault{Status: http.StatusForbidden, Answer: `{"message":"403 Forbidden"}`}
	}
	if c.refused == "" {
		return faults.Fault{Status: http.StatusForbidden}
	}
	return faults.Fault{Status: http.StatusOK, Answer: `{"ok":false,"error":"` + c.refused + `"}`}
}

func (c outward) rejection() faults.Fault {
	if c.vendor == "gitlab" {
		return faults.Fault{Status: http.StatusUnprocessableEntity, Answer: `{"message":{"title":["is invalid"]}}`}
	}
	if c.refused == "" {
		return faults.Fault{Status: http.StatusGone}
	}
	return faults.Fault{Status: http.StatusOK, Answer: `{"ok":false,"error":"invalid_arguments"}`}
}

func (c outward) limit() faults.Fault {
	f := faults.Fault{Status: http.StatusTooManyRequests, Header: http.Header{}, Answer: "Retry later"}
	if c.vendor == "slack" {
		f.Answer = `{"ok":false,"error":"ratelimited"}`
	}
	return f
}

// status is that of a success.
func (c outward) status() int {
	if c.created {
		return http.StatusCreated
	}
	return http.StatusOK
}
