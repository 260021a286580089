package main

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// mostTeams bounds the pairs of channel and team that have series of their own; those that come later are counted as other.
const mostTeams = 200

// people are the times that people waited for people.
type people struct {
	acknowledged, resolved *prometheus.HistogramVec
	pairs                  *pairs
}

// pairs are the channels and teams that were counted.
type pairs struct {
	mu    sync.Mutex
	known map[[2]string]bool
}

func newPeople() people {
	const once = " Each thread counts once at most; what the daemon was just counting when it was killed is missing."
	histogram := func(name, help string, buckets ...float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help + once, Buckets: buckets}, []string{"channel", "team"})
	}
	const minute, hour, day = 60, 3600, 86400
	return people{
		acknowledged: histogram("acknowledge_seconds", "From a thread's first message to its issue, by channel and team: the first scoped label of label_emojis that the issue has.",
			minute, 2*minute, 5*minute, 10*minute, 20*minute, 30*minute, hour, 2*hour, 4*hour, 8*hour, day, 3*day, 7*day),
		resolved: histogram("resolve_seconds", "From a thread's issue to its first closing, slips left out, by channel and team as it was then.",
			5*minute, 15*minute, 30*minute, hour, 2*hour, 4*hour, 8*hour, day, 2*day, 4*day, 7*day, 14*day, 30*day, 90*day),
		pairs: &pairs{known: map[[2]string]bool{}},
	}
}

// bounded gives the labels of a sample.
func (p *pairs) bounded(channel, team string) (boundedChannel, boundedTeam string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pair := [2]string{channel, team}
	if !p.known[pair] && len(p.known) >= mostTeams {
		return "other", "other"
	}
	p.known[pair] = true
	return channel, team
}

// Acknowledged implements bridge.Meter.
func (m *metrics) Acknowledged(channel, team string, took time.Duration) {
	m.people.acknowledged.WithLabelValues(m.people.pairs.bounded(channel, team)).Observe(took.Seconds())
}

// Resolved implements bridge.Meter.
func (m *metrics) Resolved(channel, team string, took time.Duration) {
	m.people.resolved.WithLabelValues(m.people.pairs.bounded(channel, team)).Observe(took.Seconds())
}
