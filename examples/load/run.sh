#!/usr/bin/env bash
# Measures servers with wrk: the examples, net/http, fasthttp and hertz. Each runs on the first
# CPU, wrk on the last one. It prints a table of medians over the rounds: requests per second as
# a ratio to the first server in the same round, and the server's CPU time for a request.
#
#	./load/run.sh                        # all servers, 3 rounds of 2 seconds: 4 minutes
#	./load/run.sh 1 1 net/http netconn   # a round of 1 second for two of them
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-2} rounds=${2:-3} servers=("${@:3}")
((${#servers[@]} > 0)) || servers=(net/http gnet netconn nethttp fasthttp hertz)
loads=("load-generator.http 1" "load-generator.http 16" "chrome.http 1" "chrome.http 16")
work=$(mktemp -d) server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/" ./gnet ./netconn ./nethttp ./load/peers

# fail WHY ends the script.
fail() {
	echo "$1" >&2
	exit 1
}

# measure NAME HEAD DEPTH starts a server, loads it with a head, DEPTH times at once, and prints
# requests per second and µs of CPU time for each.
measure() {
	local command=("$work/$1") port=$((20000 + RANDOM % 10000)) requests rate faults
	[[ -x ${command[0]} ]] || command=("$work/peers" -server "$1")
	GOMAXPROCS=1 taskset -c 0 "${command[@]}" -addr "127.0.0.1:$port" >&2 &
	server=$!
	local what="$1, $2, $3 at once"
	[[ $(curl -s --retry 9 --retry-all-errors "http://127.0.0.1:$port/") == "Hello, World!" ]] ||
		fail "$what: the server does not respond"
	read -r requests rate faults < <(taskset -c $(($(nproc) - 1)) wrk -t1 -c64 "-d${seconds}s" --timeout 30s \
		-s load/wrk.lua "http://127.0.0.1:$port" "../testdata/heads/$2" "$3" | tail -n 1) ||
		fail "$what: wrk has no result"
	((requests > 0 && faults == 0)) || fail "$what: $requests responses, $faults faults"
	awk -v hz="$(getconf CLK_TCK)" -v requests="$requests" -v rate="$rate" \
		'{ print rate, ($14 + $15) / hz * 1e6 / requests }' "/proc/$server/stat"
	kill "$server"
	wait "$server" 2>/dev/null || true
}

for ((round = 0; round < rounds; round++)); do
	for load in "${!loads[@]}"; do
		for name in "${servers[@]}"; do
			# shellcheck disable=SC2086 # a load is two words
			measure "$name" ${loads[load]} >"$work/result"
			[[ $name != "${servers[0]}" ]] || read -r base _ <"$work/result"
			awk -v base="$base" '{ print $1 / base, $2 }' "$work/result" >>"$work/${name/\//-}.$load"
		done
	done
done

printf '| server |'
printf ' %s at once |' "${loads[@]}"
printf '\n|---|---|---|---|---|\n'
for name in "${servers[@]}"; do
	printf '| %s |' "$name"
	for load in "${!loads[@]}"; do
		for column in 1 2; do
			cut -d' ' -f$column "$work/${name/\//-}.$load" | sort -n | sed -n "$(((rounds + 1) / 2))p"
		done | xargs printf ' %.2f (%.2f µs) |'
	done
	echo
done
