package bridge

import (
	"context"
	"time"

	"slack-gitlab-bridge/store"
)

// StoreState tells what a store is, for people.
type StoreState struct {
	New      bool      `json:"new"`      // nothing was ever done with it
	Copy     bool      `json:"copy"`     // and not yet worked with
	Copied   time.Time `json:"copied"`   // when it was; zero: it is none, or that is not known
	Waiting  int       `json:"waiting"`  // jobs
	Parked   int       `json:"parked"`   // jobs that were given up
	Accounts []string  `json:"accounts"` // of GitLab that the bridge had with it
}

// About reads what a store is, and changes nothing.
func About(ctx context.Context, s *store.Store) (about StoreState, err error) {
	if about.New, err = isNew(ctx, s); err != nil {
		return about, err
	}
	if about.Copy, err = s.Get(ctx, store.CopiedKey, &about.Copied); err != nil {
		return about, err
	}
	if _, err = s.Get(ctx, accountsKey, &about.Accounts); err != nil {
		return about, err
	}
	stats := s.Stats()
	about.Waiting, about.Parked = stats.Waiting+stats.Begun, stats.Parked
	return about, nil
}
