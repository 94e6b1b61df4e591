#!/bin/sh
# Installs what the examples are tested with besides Go: curl for e2e, wrk and
# taskset for load.
set -eu
cd "$(dirname "$0")"
. ../internal/apt.sh

need curl "e2e asks it" command -v curl
need wrk "load sends with it" command -v wrk
need util-linux "taskset, which pins a process to a CPU" command -v taskset
install
