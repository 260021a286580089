package main

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// judge holds what came of a cell against the table, and against what holds for all of them.
func (c *trial) judge() {
	t, want := c.t, c.wanted()
	if c.upshot != want.upshot || c.short != nil {
		t.Errorf("%s: it %s (missing: %v; ended with: %v; not ready: %q; parked: %q), want that it %s", c, c.upshot, c.short, c.exit, slices.Compact(c.down),
			slices.Compact(c.parked), want.upshot)
	}
	if n := len(c.sent()); want.sends[1] > 0 && (n < want.sends[0] || n > want.sends[1]) {
		t.Errorf("%s: sent %d times, want %d to %d: %s", c, n, want.sends[0], want.sends[1], c.times(c.sent()))
	}
	if n := c.betrayed.Load(); n != 0 {
		t.Errorf("%s: %d requests to another host, want none", c, n)
	}
	c.judgeTold(want.upshot)
	c.judgePace()
	c.judgeLooks()
	c.judgeElsewhere(want.upshot)
	c.judgeMemory()
	c.judgeKnown()
}

func (c *trial) wanted() expectation {
	want, once := expected(c.call.kind, c.misfortune.name)
	if !once {
		c.t.Fatalf("%s: the table of kinds does not say once what happens to %s", c, c.call.kind)
	}
	return want
}

// sent are the requests of the call, or those whose effect it looks for.
func (c *trial) sent() []faults.Request {
	route, body := c.call.route, c.call.body
	if c.call.change != "" {
		route, body = c.call.change, c.call.by
	}
	return c.requests(route, body)
}

func (c *trial) requests(route, body string) []faults.Request {
	is, has := regexpOf(route), regexpOf(body)
	return slices.DeleteFunc(c.desk(c.call.vendor).Requests(), func(r faults.Request) bool { return !is.MatchString(r.Route()) || !has.MatchString(r.Body) })
}

// times tells when requests were made, counted from when the fault struck.
func (c *trial) times(list []faults.Request) string {
	var out []string
	for _, r := range list {
		out = append(out, r.At.Sub(c.struck).Round(time.Millisecond).String())
	}
	return strings.Join(out, ", ")
}

// judgeTold wants a person to be told where work does not come through by itself.
func (c *trial) judgeTold(want upshot) {
	private := slices.ContainsFunc(c.slack.Ephemerals(), func(e fakeslack.Ephemeral) bool {
		return e.User == userID("one") && strings.Contains(e.Text, "refused this for good")
	})
	if private != (want == parked) {
		c.t.Errorf("%s: the agent was told in private that it was given up: %v, want %v", c, private, want == parked)
	}
	for _, text := range []string{"Waiting: ", "Going on: "} {
		if told := c.ops([]string{text}) == nil; told != (want == waits) {
			c.t.Errorf("%s: ops were told %q: %v, want %v", c, text, told, want == waits)
		}
	}
}

// judgePace wants a vendor that limits to be left alone as long as it wishes.
func (c *trial) judgePace() {
	wish := time.Minute // where it says nothing
	switch c.misfortune.name {
	case "429 with Retry-After":
		wish = askedToWait
	case "429 without":
	default:
		return
	}
	body := c.call.body
	if c.call.vendor == "slack" && c.call.route != post {
		body = "" // Slack limits a method, and posts in each channel by themselves
	}
	for _, r := range c.requests(anyProject(c.call.route), body) { // GitLab limits an account, whatever the project
		if after := r.At.Sub(c.struck); after > 0 && after < wish {
			c.t.Errorf("%s: asked again after %s, want not before %s", c, after, wish)
		}
	}
}

// settle is GITLAB_SETTLE.
const settle = 75 * time.Second

// judgeLooks wants what may have been done to be looked for before it is sent again, and once more when it can no longer be under way.
func (c *trial) judgeLooks() {
	if c.call.find == "" || !slices.Contains(slices.Concat(passing, []string{"redirect elsewhere"}), c.misfortune.name) {
		return
	}
	sent, looks := c.sent(), c.requests(c.call.find, c.call.by)
	for i := 1; i < len(sent); i++ {
		before, again := sent[i-1].At, sent[i].At
		between := slices.DeleteFunc(slices.Clone(looks), func(r faults.Request) bool { return r.At.Before(before) || r.At.After(again) })
		late := slices.DeleteFunc(slices.Clone(between), func(r faults.Request) bool { return r.At.Sub(before) < settle })
		if len(between) < 2 || len(late) == 0 {
			c.t.Errorf("%s: sent again after %s, looked for after %s; want two looks between, the last at least %s after the first request", c, again.Sub(before),
				c.times(between), settle)
		}
	}
}

// judgeElsewhere wants a thread in another channel and project to go on meanwhile.
func (c *trial) judgeElsewhere(want upshot) {
	if want == refuses {
		return
	}
	most := 2 * time.Minute
	switch {
	case c.call.early:
		most += c.misfortune.lasts + askedToWait
	case want == waits && c.misfortune.name == "redirect elsewhere":
		most += c.misfortune.lasts // all of the vendor waits
	case slices.Contains(limited, c.misfortune.name):
		most = askedToWait + time.Minute // the vendor counts all of a kind together
	}
	if c.other == 0 || c.other > most {
		c.t.Errorf("%s: another thread came through after %s, want within %s", c, c.other, most)
	}
}

// judgeMemory wants no more of an answer to be read than was allowed, and what was on its way.
func (c *trial) judgeMemory() {
	for _, r := range c.desk(c.call.vendor).Requests() {
		if r.Sent > simulatedMost+256<<10 {
			c.t.Errorf("%s: %d bytes of an answer were taken, want at most about %d", c, r.Sent, simulatedMost)
		}
	}
}

// judgeKnown wants each request that was made to be one of a row: a call that is not in the matrix is not proven.
func (c *trial) judgeKnown() {
	for _, vendor := range []string{"slack", "gitlab"} {
		for _, r := range c.desk(vendor).Requests() {
			own := strings.HasPrefix(r.Path, "/-/project/") // the test's, see linked
			if !own && !isKnown(vendor, r.Route()) {
				c.t.Errorf("%s: the call %s has no row in the matrix", c, r.Route())
			}
		}
	}
}

var judged sync.Map // whether a route is known, by vendor and route without digits: thousands differ in nothing else

func isKnown(vendor, route string) bool {
	key := vendor + " " + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, route)
	is, done := judged.Load(key)
	if !done {
		is = slices.ContainsFunc(known()[vendor], func(known *regexp.Regexp) bool { return known.MatchString(route) })
		judged.Store(key, is)
	}
	return is == true
}

// known are the routes of all rows, by vendor.
var known = sync.OnceValue(func() map[string][]*regexp.Regexp {
	out := map[string][]*regexp.Regexp{}
	for _, c := range outwards() {
		out[c.vendor] = append(out[c.vendor], regexpOf(anyProject(c.route)))
	}
	return out
})

// anyProject is a route in any project, of any issue and any person.
func anyProject(route string) string {
	for _, one := range [][2]string{{"projects/1", "projects/[12]"}, {"projects/2/", "projects/[12]/"}, {"issues/1", "issues/[0-9]+"}, {"acme%2Fapp", "acme%2F[a-z]+"}, {"username=one", "username="}} {
		route = strings.ReplaceAll(route, one[0], one[1])
	}
	return strings.ReplaceAll(route, "username=$", "username=")
}

func regexpOf(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }
