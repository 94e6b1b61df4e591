// Package adaptors holds other parsers against picohttp with the differential kit:
// one adaptor a peer. "go run ./differ" runs them.
package adaptors

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// Go returns adaptors of the parsers that are Go modules. They know requests; what
// the kit makes of that are bodies in chunked coding.
func Go() []differ.Adaptor {
	return []differ.Adaptor{fastHTTP(), hertz(), nbioHTTP(), antlabs()}
}

// C returns adaptors of the parsers in C, which get.sh builds, or an error that
// says so.
func C() (adaptors []differ.Adaptor, err error) {
	_, file, _, _ := runtime.Caller(0)
	kinds := []differ.Kind{differ.Request, differ.Response, differ.Chunked}
	for _, name := range []string{"llhttp", "picohttpparser"} {
		command := filepath.Join(filepath.Dir(file), "..", ".build", "adaptor-"+name)
		if _, err := os.Stat(command); err != nil {
			return adaptors, fmt.Errorf("no %s: run ./get.sh in peers", command)
		}
		adaptors = append(adaptors, differ.Pipe(name, kinds, command))
	}
	return adaptors, nil
}
