//go:build !purego

package picohttp

import "github.com/picohttp/picohttp/internal/race"

// moveRun works like moveRunGeneric. In chunks of 16 to 512 octets the runtime's
// memmove takes longer to choose its way than to go it; below, there is little
// to move, and above, memmove has wider registers.
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
