#!/bin/sh
# Installs what the examples are tested with besides Go.
set -eu
cd "$(dirname "$0")"
. ../internal/apt.sh

need curl "a client of all servers" command -v curl
need apache2-utils "ab, a client of all servers that speaks HTTP/1.0" command -v ab
need python3 "a client of all servers" command -v python3
need nodejs "a client of all servers, and a backend of proxy" command -v node
need nginx-light "a backend of proxy" command -v nginx
need wrk "a client of all servers, and of load" command -v wrk
need util-linux "taskset, which pins a process to a CPU" command -v taskset
install
