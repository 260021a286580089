package slackside

import "time"

const (
	// Slack goes on counting a socket for a while after its end: one that was just replaced, and one whose process was killed.
	countLag    = time.Minute
	recountSoon = 2 * time.Minute
	recountOn   = 10 * time.Minute
)

// count is how many sockets the app has. Slack tells it in each hello and nowhere else, so a socket is opened anew to ask.
type count struct {
	told   int       // by Slack, last
	others int       // of them neither ours nor a replica's, and not for a moment only
	since  time.Time // when Slack first told of more than those, without less since; zero if it does not
}

// counted notes how many sockets Slack counted at a hello. It says after which time to count anew; 0 if there is no need. The caller
// holds the lock.
func (s *Slack) counted(told int, now time.Time) time.Duration {
	s.count.told = told
	before := s.count.others
	more := told - len(s.alive) - s.cfg.Replicas()*s.cfg.Connections
	switch {
	case more <= 0:
		s.count.since, s.count.others = time.Time{}, 0
	case s.count.since.IsZero():
		s.count.since = now
	case now.Sub(s.count.since) >= countLag:
		s.count.others = more
	}
	if (before > 0) != (s.count.others > 0) {
		s.tellOthers(s.count.others)
	}
	switch {
	case more <= 0:
		return 0
	case s.count.others == 0:
		return recountSoon
	}
	return recountOn
}

func (s *Slack) tellOthers(others int) {
	if others > 0 {
		s.log.Warn().Int("sockets", others).Msg("another instance listens with this app token, it takes a part of the events")
	} else {
		s.log.Info().Msg("no other instance listens with this app token any more")
	}
	s.running.Go(func() { s.cfg.OnOthers(others) })
}
