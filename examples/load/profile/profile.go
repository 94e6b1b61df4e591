//go:build linux

// Package profile makes a CPU profile of the program that it is linked into, from
// its start until SIGUSR1, if LOAD_PROFILE names a file to write it to.
package profile

import (
	"log"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

func init() {
	path := os.Getenv("LOAD_PROFILE")
	if path == "" {
		return
	}
	f, err := os.Create(path + ".part")
	if err != nil {
		log.Fatal(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		log.Fatal(err)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGUSR1)
	go func() {
		<-end
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
		// Who waits for the file finds it whole.
		if err := os.Rename(f.Name(), path); err != nil {
			log.Fatal(err)
		}
	}()
}
