package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/store"
)

// watched is what the gauges are read off.
type watched interface {
	// Stats counts the jobs.
	Stats() store.Stats
	// StatsBy counts them by a group of their keys.
	StatsBy(group func(key string) string) map[string]store.Stats
}

// watch registers the gauges that are read off the running daemon.
func (m *metrics) watch(queue watched, slack func() slackside.State, outages func() int, silence func() (since time.Time, why string)) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
	}
	m.registry.MustRegister(jobsCollector{queue})
	gauge("oldest_job_timestamp_seconds", "When the oldest job that is not parked was queued; 0 without one.", func() float64 { return seconds(queue.Stats().Oldest) })
	gauge("slack_connections", "Open Socket Mode connections.", func() float64 { return float64(slack().Connected) })
	gauge("slack_other_connections", "Connections of other instances with the same app token, which take a part of the events.",
		func() float64 { return float64(slack().Others) })
	gauge("slack_last_frame_timestamp_seconds", "When Slack last sent anything; 0 if never.", func() float64 { return seconds(slack().LastFrame) })
	gauge("gitlab_silent_since_timestamp_seconds", "Since when GitLab has given no usable answer; 0 if it answers.", func() float64 {
		since, _ := silence()
		return seconds(since)
	})
	gauge("outages", "Vendors, channels and projects in which nothing works at present, so that work waits.", func() float64 { return float64(outages()) })
}

// jobsCollector tells how many jobs there are, by kind and state.
type jobsCollector struct{ queue watched }

var jobsMetric = prometheus.NewDesc(namespace+"_jobs", "Jobs by kind and state: waiting, begun (sent, and the answer is awaited), parked (given up).", []string{"kind", "state"}, nil)

// Describe implements prometheus.Collector.
func (jobsCollector) Describe(out chan<- *prometheus.Desc) { out <- jobsMetric }

// Collect implements prometheus.Collector.
func (c jobsCollector) Collect(out chan<- prometheus.Metric) {
	by := c.queue.StatsBy(bridge.KindOf)
	for _, kind := range append(bridge.Kinds(), bridge.Unreadable) {
		st := by[kind]
		for state, n := range map[string]int{"waiting": st.Waiting, "begun": st.Begun, "parked": st.Parked} {
			out <- prometheus.MustNewConstMetric(jobsMetric, prometheus.GaugeValue, float64(n), kind, state)
		}
	}
}

// watchRole registers what tells whether this instance works.
func (m *metrics) watchRole(works func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "working",
		Help: "1 if this instance works off what waits; of replicas one does, the others listen."}, func() float64 {
		if works() {
			return 1
		}
		return 0
	}))
}

// watchRoster registers what tells how the group of agents_from stands.
func (m *metrics) watchRoster(state func() rosterState) {
	gauge := func(name, help string, value func(rosterState) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, func() float64 { return value(state()) }))
	}
	gauge("agents_group_current", "1 if the group of agents_from could be read at the last try, or none is named; 0 if what it said before stays.", func(s rosterState) float64 {
		if s.stale {
			return 0
		}
		return 1
	})
	gauge("agents_group_read_timestamp_seconds", "When that group was last read; 0: not since the start, or none is named.", func(s rosterState) float64 { return seconds(s.read) })
	gauge("agents_group_unmatched", "Members of that group who are no agents, since nobody at the other side is surely they.", func(s rosterState) float64 { return float64(s.unmatched) })
}

// watchStore registers what tells whether reads hold the store for long.
func (m *metrics) watchStore(open func() int, slow func() uint64) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: "store_open_reads",
			Help: "Read transactions of the store that are open; each ends within milliseconds, but for a backup."},
			func() float64 { return float64(open()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: "store_slow_reads_total",
			Help: "Read transactions of the store that were open for longer than a second."},
			func() float64 { return float64(slow()) }))
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}
