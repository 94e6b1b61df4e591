// Package profile profiles the program that it is linked into, from its start to SIGUSR1,
// if LOAD_PROFILE names a file for the profile. Then it ends the program.
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
	f, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		log.Fatal(err)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGUSR1)
	go func() {
		<-end
		pprof.StopCPUProfile()
		f.Close()
		os.Exit(0)
	}()
}
