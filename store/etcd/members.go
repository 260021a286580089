package etcd

import (
	"context"
	"sync"
)

// Member is what one member of the cluster says of itself.
type Member struct {
	Host string // as the address names it
	Err  error  // it gave no answer in time; nothing below is set then

	Version string // of etcd, such as 3.6.1
	Size    int64  // of its database, in bytes
	Quota   int64  // what that may grow to, in bytes; 0: it is too old to tell
	Faults  []string

	revision int64 // of all keys
	applied  int64 // entries of the log
}

// Members asks all members at once how they are. Each has as long as a probe.
func (e *Engine) Members(ctx context.Context) []Member {
	members := make([]Member, len(e.address.Hosts))
	scheme := "http://"
	if e.address.TLS {
		scheme = "https://"
	}
	var wg sync.WaitGroup
	for i, host := range e.address.Hosts {
		members[i].Host = host
		wg.Go(func() {
			limited, cancel := context.WithTimeout(ctx, probeTimeout)
			defer cancel()
			m := &members[i]
			answer, err := e.client.Status(limited, scheme+host)
			if err != nil {
				m.Err = err
				return
			}
			m.Version, m.Size, m.Quota, m.Faults = answer.Version, answer.DbSize, answer.DbSizeQuota, answer.Errors
			m.revision, m.applied = answer.Header.Revision, int64(answer.RaftAppliedIndex) //nolint:gosec // counts, far from the end of int64
		})
	}
	wg.Wait()
	return members
}
