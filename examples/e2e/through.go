package e2e

import "testing"

// TestThrough runs the suite on a server that is reached through a proxy, as far as both must do the same.
// What comes of limits and timeouts is left out, since they are the proxy's own.
func TestThrough(t *testing.T, start Start) {
	s := begin(t, start, Config{})
	t.Run("Curl", s.testCurl)
	t.Run("Vectors", s.testVectors)
	t.Run("Cuts", s.testCuts)
	t.Run("Pipelined", s.testPipelined)
	t.Run("Connections", s.testConnections)
	t.Run("Continue", s.testContinue)
	t.Run("ErrorArrives", s.testErrorArrives)
	t.Run("Drip", s.testDrip)
	t.Run("Resets", s.testResets)
	t.Run("Heap", s.testHeap)
	t.Run("SlowReader", s.testSlowReader)
}
