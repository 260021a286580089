package deploy

import (
	"regexp"
	"strconv"
	"testing"
)

// Wherever the process is killed beyond a limit, Go knows of it, with room for what is not Go's heap.
func TestMemoryLimits(t *testing.T) {
	for path, limit := range map[string]string{
		"../../deploy/compose.yaml":                `mem_limit: (\d+)m\n`,
		"../../deploy/slack-gitlab-bridge.service": `MemoryMax=(\d+)M\n`,
		"../../deploy/kubernetes/deployment.yaml":  `limits: { memory: (\d+)Mi }`,
	} {
		killed, told := number(t, path, limit), number(t, path, `GOMEMLIMIT\W+(?:value: )?(\d+)MiB`)
		if told >= killed {
			t.Errorf("%s: GOMEMLIMIT = %d MiB, want less than the limit, %d MiB", path, told, killed)
		}
	}
}

func number(t *testing.T, path, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(read(t, path))
	if found == nil {
		t.Fatalf("%s: nothing like %s", path, pattern)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
