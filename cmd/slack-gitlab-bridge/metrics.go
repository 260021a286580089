package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"slack-gitlab-bridge/bridge"
)

// metrics is all that is counted, on a registry of its own. It is the bridge's Meter. No label ever holds a user, a thread or a text.
type metrics struct {
	registry  *prometheus.Registry
	events    *prometheus.CounterVec
	lastEvent prometheus.Gauge
	received  *prometheus.CounterVec
	actions   *prometheus.CounterVec
	waits     *prometheus.CounterVec
	waitTime  *prometheus.CounterVec
	sweeps    prometheus.Counter
	lastSweep prometheus.Gauge
	looks     prometheus.Counter
	gaps      prometheus.Counter
	gapTime   prometheus.Counter
	recovered *prometheus.CounterVec
	requests  *prometheus.HistogramVec
	reloads   *prometheus.CounterVec
	current   prometheus.Gauge
	people    people
}

const namespace = "slack_gitlab_bridge"

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	}
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		events:    counter("events_total", "Events that concern a thread, by kind and result: recorded, ignored, failed.", "kind", "result"),
		lastEvent: gauge("last_event_timestamp_seconds", "When the last event that concerns a thread was recorded, from Slack, a sweep or GitLab; 0: none since the start."),
		received:  counter("slack_envelopes_total", "What Slack delivered, by type and result: accepted, repeated, ignored, malformed, failed, overflow.", "type", "result"),
		actions:   counter("actions_total", "Attempts, by kind and result: done, again, later, parked, outage, unknown.", "kind", "result"),
		waits:     counter("rate_limit_waits_total", "How often a vendor's limit put something off, by the kind of action, or sweep.", "kind"),
		waitTime:  counter("rate_limit_wait_seconds_total", "For how long these limits put it off.", "kind"),
		sweeps:    counter("sweeps_total", "Comparisons of Slack's and GitLab's state with what is known.").WithLabelValues(),
		lastSweep: gauge("last_sweep_timestamp_seconds", "When the last of these ended; 0: none since the start."),
		looks:     counter("sweep_looks_total", "Threads that a sweep found to differ.").WithLabelValues(),
		gaps:      counter("gaps_total", "Gaps in the connection to Slack, downtime included, that were made good.").WithLabelValues(),
		gapTime:   counter("gap_seconds_total", "How long those gaps were.").WithLabelValues(),
		recovered: counter("gap_recovered_total", "What happened in gaps and was found afterwards, by the kind of event that was lost.", "kind"),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "request_duration_seconds",
			Help: "Requests to the vendors, by vendor, call and status code (0: no answer).", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)},
			[]string{"vendor", "call", "code"}),
		reloads: counter("agents_file_reloads_total", "Changes of the agents file, by result: accepted, refused.", "result"),
		current: gauge("agents_file_current", "1 if the agents file in force is the one on disk, 0 if that was refused."),
		people:  newPeople(),
	}
	m.current.Set(1)
	for _, kind := range []bridge.EventKind{bridge.ReactionAdded, bridge.ReactionRemoved, bridge.MessagePosted, bridge.MessageEdited, bridge.MessageDeleted, bridge.MessageSwept} {
		m.events.WithLabelValues(string(kind), "failed") // what is not there before the first of them shows no increase, which the alert needs
	}
	m.registry.MustRegister(m.events, m.lastEvent, m.received, m.actions, m.waits, m.waitTime, m.sweeps, m.lastSweep, m.looks,
		m.gaps, m.gapTime, m.recovered, m.requests, m.reloads, m.current, m.people.acknowledged, m.people.resolved,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "1, with the version.",
		ConstLabels: prometheus.Labels{"version": version()}})
	build.Set(1)
	m.registry.MustRegister(build)
	return m
}

// Event implements bridge.Meter.
func (m *metrics) Event(kind bridge.EventKind, result string) {
	m.events.WithLabelValues(string(kind), result).Inc()
	if result == "recorded" {
		m.lastEvent.SetToCurrentTime()
	}
}

// Action implements bridge.Meter.
func (m *metrics) Action(kind, result string) { m.actions.WithLabelValues(kind, result).Inc() }

// Waited implements bridge.Meter.
func (m *metrics) Waited(kind string, wait time.Duration) {
	m.waits.WithLabelValues(kind).Inc()
	m.waitTime.WithLabelValues(kind).Add(wait.Seconds())
}

// Swept implements bridge.Meter.
func (m *metrics) Swept(looks int) {
	m.sweeps.Inc()
	m.lastSweep.SetToCurrentTime()
	m.looks.Add(float64(looks))
}

// CaughtUp implements bridge.Meter.
func (m *metrics) CaughtUp(gap time.Duration, recovered map[bridge.EventKind]int) {
	if gap > 0 {
		m.gaps.Inc()
		m.gapTime.Add(gap.Seconds())
	}
	for kind, n := range recovered {
		m.recovered.WithLabelValues(string(kind)).Add(float64(n))
	}
}
