package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// clockOff is how far a clock may be off. Gaps, windows and the time for which GitLab may still be busy are measured between the clocks.
const clockOff = 30 * time.Second

// clocks compares this machine's clock with the vendors', by the Date of their answers. Its zero value is ready.
type clocks struct {
	mu    sync.Mutex
	ahead map[string]time.Duration // by vendor: how far ours is, by the answer that says the least
}

// heard takes note of an answer to a request that was sent then.
func (c *clocks) heard(vendor string, sent time.Time, date string) {
	told, err := http.ParseTime(date)
	if err != nil {
		return // it did not tell
	}
	now := time.Now()
	// A Date has no fractions, and was written some time between.
	ours, theirs := sent.Add(now.Sub(sent)/2), told.Add(time.Second/2)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ahead == nil {
		c.ahead = map[string]time.Duration{}
	}
	if before, known := c.ahead[vendor]; !known || ours.Sub(theirs).Abs() < before.Abs() {
		c.ahead[vendor] = ours.Sub(theirs)
	}
}

// forget has only answers count that come from now on.
func (c *clocks) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = nil
}

// off gives the vendors by whose clocks ours is wrong, sorted.
func (c *clocks) off() (vendors []string, ahead map[string]time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead = map[string]time.Duration{}
	for vendor, by := range c.ahead {
		ahead[vendor] = by
		if by.Abs() >= clockOff {
			vendors = append(vendors, vendor)
		}
	}
	slices.Sort(vendors)
	return vendors, ahead
}

// checkClocks says whether this machine's clock is that of the vendors.
func (d *checkup) checkClocks() {
	wrong, ahead := d.clocks.off()
	if len(wrong) == 0 && len(ahead) > 0 {
		d.ok(checkClock, "", "within %v of the vendors'", clockOff)
	}
	for _, vendor := range wrong {
		by := ahead[vendor].Round(time.Second)
		reason := fmt.Sprintf("this machine's is %v ahead of %s's", by, vendors[vendor])
		if by < 0 {
			reason = fmt.Sprintf("this machine's is %v behind %s's", -by, vendors[vendor])
		}
		remedy := "have this machine's clock set: timedatectl set-ntp true"
		if other, known := ahead["slack"]; vendor == "gitlab" && known && other.Abs() < clockOff {
			remedy = "Slack agrees with this machine's, so have GitLab's set; on its machine: timedatectl set-ntp true"
		}
		d.fault(checkClock, "", reason, remedy)
	}
}

// vendors are their names as people write them.
var vendors = map[string]string{"slack": "Slack", "gitlab": "GitLab"}
