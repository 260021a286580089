package main

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measured counts the requests that go through a transport.
type measured struct {
	next    http.RoundTripper
	metrics *metrics
	vendor  string
	heard   func(vendor string, sent time.Time, date string) // nil: nobody asks
}

// transport measures requests to a vendor.
func (m *metrics) transport(vendor string, n network) http.RoundTripper {
	next := http.DefaultTransport.(*http.Transport).Clone()
	next.DialContext = takingBack(n.dial)
	next.Protocols = new(http.Protocols)
	next.Protocols.SetHTTP1(true) // with HTTP/2 a request that is given up leaves the connection open, and may be delivered on it
	next.MaxIdleConnsPerHost = 16
	return measured{next: next, metrics: m, vendor: vendor, heard: n.heard}
}

// RoundTrip implements http.RoundTripper.
func (t measured) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(r)
	code := 0
	if err == nil {
		code = resp.StatusCode
		if t.heard != nil {
			t.heard(t.vendor, start, resp.Header.Get("Date"))
		}
	}
	t.metrics.requests.WithLabelValues(t.vendor, callName(t.vendor, r), strconv.Itoa(code)).Observe(time.Since(start).Seconds())
	return resp, err
}

// varying are the parts of a GitLab path that name one thing among many.
var varying = regexp.MustCompile(`^[0-9]+$|%2F|^[0-9a-f]{32}$`)

// beforeNames are the parts of a GitLab path behind which a name follows.
var beforeNames = []string{"projects", "groups", "files", "branches"}

// slackMethod is the form of a name of Slack's Web API.
var slackMethod = regexp.MustCompile(`^[a-zA-Z]+(\.[a-zA-Z]+)+$`)

// callName names a call without anything that varies: chat.postMessage, or POST projects/:id/issues. What is got from Slack is people's files:
// their addresses end with the names that people gave them.
func callName(vendor string, r *http.Request) string {
	path := r.URL.EscapedPath()
	if vendor == "slack" {
		if name := path[strings.LastIndex(path, "/")+1:]; r.Method == http.MethodPost && slackMethod.MatchString(name) {
			return name
		}
		return "file"
	}
	if i := strings.Index(path, "/api/v4/"); i >= 0 {
		path = path[i+len("/api/v4/"):]
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if varying.MatchString(p) || (i > 0 && slices.Contains(beforeNames, parts[i-1])) {
			parts[i] = ":id"
		}
	}
	return r.Method + " " + strings.Join(parts, "/")
}
