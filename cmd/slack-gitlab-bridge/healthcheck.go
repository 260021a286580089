package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

type healthcheckCommand struct{}

// healthWait is how long a daemon may take to say how it is.
const healthWait = 5 * time.Second

// Run succeeds if the running daemon is ready, and prints why it is not otherwise.
func (healthcheckCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	var r readiness
	switch err := fromDaemon(ctx, c, "GET", "/ready", nil, &r); {
	case errors.Is(err, errNoDaemon):
		return fmt.Errorf("no daemon answers on %s: it is not running, or not with this ADMIN_SOCKET or STORE", c.AdminSocket)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the daemon on %s does not answer within %v", c.AdminSocket, healthWait)
	case err != nil:
		return err
	case !r.Ready:
		return fmt.Errorf("not ready\n%s", strings.Join(r.Reasons, "\n"))
	}
	_, err = fmt.Fprintln(w.out, "ready")
	return err
}
