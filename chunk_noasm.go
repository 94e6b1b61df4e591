//go:build !amd64 || purego

package picohttp

func moveRun(b []byte, to, from int, r run) (chunks int) { return moveRunGeneric(b, to, from, r) }
