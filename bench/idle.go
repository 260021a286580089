package main

import (
	"context"
	"fmt"
	"time"
)

// idleMost is what the bridge may take with nothing to do, in MB.
const idleMost = 15

// measureIdle looks at each subject a while after it was started.
func measureIdle(ctx context.Context, b *bench) (rows []row, err error) {
	for _, of := range b.subjects() {
		err := b.with(ctx, of, stageOptions{}, func(_ *stage, p *process) error {
			time.Sleep(time.Duration(b.size(10, 1)) * time.Second)
			m, err := p.memory()
			if err != nil {
				return fmt.Errorf("memory of %s: %w", of.name, err)
			}
			resident := row{name: "resident, idle", subject: of.name, value: megabytes(m.resident), unit: "MB"}
			if of.durable {
				resident = resident.atMost(idleMost, "")
			}
			rows = append(rows, resident, row{name: "of it no file's", subject: of.name, value: megabytes(m.anonymous), unit: "MB"})
			return nil
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }
