package etcdtest

import (
	"regexp"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
	"slack-gitlab-bridge/store/storetest"
)

var notInPrefix = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

func TestConformance(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	open := func(t *testing.T, place string) store.Engine {
		t.Helper()
		return mustOpen(t, c.address("/"+notInPrefix.ReplaceAllString(place, "-")), etcd.Options{})
	}
	storetest.Test(t, open)
	storetest.TestShared(t, open)
}
