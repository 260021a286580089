package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/store"
)

// metrics is all that is counted, on a registry of its own. It is the bridge's Meter. No label ever holds a user, a thread or a text.
type metrics struct {
	registry  *prometheus.Registry
	events    *prometheus.CounterVec
	received  *prometheus.CounterVec
	actions   *prometheus.CounterVec
	looks     prometheus.Counter
	gaps      prometheus.Counter
	gapTime   prometheus.Counter
	recovered *prometheus.CounterVec
	requests  *prometheus.HistogramVec
	reloads   *prometheus.CounterVec
	current   prometheus.Gauge
}

const namespace = "slack_gitlab_bridge"

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		events:    counter("events_total", "Events that concern a thread, by kind and result: recorded, ignored, failed.", "kind", "result"),
		received:  counter("slack_envelopes_total", "What Slack delivered, by type and result: accepted, repeated, ignored, malformed, failed, overflow.", "type", "result"),
		actions:   counter("actions_total", "Attempts, by kind and result: done, again, later, parked, outage, unknown.", "kind", "result"),
		looks:     counter("sweep_looks_total", "Threads that a sweep found to differ.").WithLabelValues(),
		gaps:      counter("gaps_total", "Gaps in the connection to Slack, downtime included, that were made good.").WithLabelValues(),
		gapTime:   counter("gap_seconds_total", "How long those gaps were.").WithLabelValues(),
		recovered: counter("gap_recovered_total", "What happened in gaps and was found afterwards, by the kind of event that was lost.", "kind"),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "request_duration_seconds",
			Help: "Requests to the vendors, by vendor, call and status code (0: no answer).", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)},
			[]string{"vendor", "call", "code"}),
		reloads: counter("agents_file_reloads_total", "Changes of the agents file, by result: accepted, refused.", "result"),
		current: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "agents_file_current",
			Help: "1 if the agents file in force is the one on disk, 0 if that was refused."}),
	}
	m.current.Set(1)
	m.registry.MustRegister(m.events, m.received, m.actions, m.looks, m.gaps, m.gapTime, m.recovered, m.requests, m.reloads, m.current,
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
}

// Action implements bridge.Meter.
func (m *metrics) Action(kind, result string) { m.actions.WithLabelValues(kind, result).Inc() }

// Swept implements bridge.Meter.
func (m *metrics) Swept(looks int) { m.looks.Add(float64(looks)) }

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

// watch registers the gauges that are read off the running daemon.
func (m *metrics) watch(queue func() store.Stats, slack func() slackside.State) {
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help, ConstLabels: labels}, value))
	}
	state := func(name string, value func(store.Stats) int) {
		gauge("jobs", "Jobs by state.", prometheus.Labels{"state": name}, func() float64 { return float64(value(queue())) })
	}
	state("waiting", func(s store.Stats) int { return s.Waiting })
	state("begun", func(s store.Stats) int { return s.Begun })
	state("parked", func(s store.Stats) int { return s.Parked })
	gauge("oldest_job_timestamp_seconds", "When the oldest job that is not parked was queued; 0 without one.", nil, func() float64 { return seconds(queue().Oldest) })
	gauge("slack_connections", "Open Socket Mode connections.", nil, func() float64 { return float64(slack().Connected) })
	gauge("slack_other_connections", "Connections of other instances with the same app token, which take a part of the events.", nil,
		func() float64 { return float64(slack().Others) })
	gauge("slack_last_frame_timestamp_seconds", "When Slack last sent anything; 0 if never.", nil, func() float64 { return seconds(slack().LastFrame) })
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
