#!/bin/sh
# Installs what the examples are tested with besides Go: curl for e2e, clients and
# backends for proxy, wrk and taskset for load.
set -eu
cd "$(dirname "$0")"
. ../internal/apt.sh

need curl "e2e asks it" command -v curl
need apache2-utils "ab, a client of netconn and proxy that speaks HTTP/1.0" command -v ab
need python3 "a client of netconn and proxy" command -v python3
need nodejs "a client of netconn and proxy, and a backend of proxy" command -v node
need nginx-light "a backend of proxy" command -v nginx
need wrk "load and proxy send with it" command -v wrk
need util-linux "taskset, which pins a process to a CPU" command -v taskset
install
