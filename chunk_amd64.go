//go:build !purego

package picohttp

import "github.com/picohttp/picohttp/internal/race"

// moveRun works like moveRunGeneric. For 16 to 512 bytes, the runtime's memmove spends most
// of its time on choosing how to move them. Below, there is little to gain; above, its
// registers are wider.
func moveRun(b []byte, to, from int, r run) (chunks int) {
	if race.Enabled || r.size < 16 || r.size > 512 || r.n > 8 {
		return moveRunGeneric(b, to, from, r)
	}
	return moveRunSSE2(b, to, from, r)
}

// moveRunSSE2 works like moveRunGeneric, for r.n up to 8 and r.size from 16 on.
//
//go:noescape
func moveRunSSE2(b []byte, to, from int, r run) (chunks int)
