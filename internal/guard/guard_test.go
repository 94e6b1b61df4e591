package guard

import "testing"

// TestLimit checks that AtEnd and AtStart panic for an input that is longer than the limit.
// TestGuardPages in the root package checks the rest.
func TestLimit(t *testing.T) {
	g, err := New(100)
	if err != nil {
		t.Fatal(err)
	}
	for name, place := range map[string]func([]byte) []byte{"AtEnd": g.AtEnd, "AtStart": g.AtStart} {
		place(make([]byte, 100))
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s accepts 101 bytes", name)
				}
			}()
			place(make([]byte, 101))
		}()
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}
