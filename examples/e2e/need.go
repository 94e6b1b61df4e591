package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// Need skips a test if a command is not there. In CI that is a failure: ../get.sh installs all
// of them.
func Need(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not there, and CI must have it: see get.sh", name)
		}
		t.Skipf("%s is not there: see get.sh", name)
	}
}
