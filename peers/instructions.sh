#!/usr/bin/env bash
# Counts the arm64 instructions of Request.Parse, function by function, as qemu
# executes them one at a time: ./instructions.sh [HEAD [KERNEL...]]. HEAD is one of
# BenchmarkParse, pico703 if nothing is said, and the kernels are neon and generic.
# Only this package's functions count, not the runtime's. A figure is what one parse
# more adds; for "mixed" the mean of a hundred. It says nothing of time.
set -euo pipefail
cd "$(dirname "$0")/.."
head=${1:-pico703}
shift $(($# > 0))
if (($# == 0)); then set -- neon generic; fi
case $head in
mixed) step=100 figure=%10.1f ;;
*) step=1 figure=%8d ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOARCH=arm64 CGO_ENABLED=0 go test -c -o "$work/test" .
functions=$(go tool nm -size "$work/test" | awk '
	/ T github.com\/picohttp\/picohttp[.]/ && !/(Benchmark|Test|Fuzz|Example)/ { printf "%s0x%s+%d", comma, $1, $2; comma = "," }')

# count KERNEL TIMES prints a line for each function. The scheduler could have one
# begin again: these settings leave it little to do.
count() {
	GOGC=off GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 \
		qemu-aarch64-static -singlestep -d exec,nochain -dfilter "$functions" -D /proc/self/fd/3 \
		"$work/test" -test.run '^$' -test.bench "^BenchmarkParse\$/^kernel=$1\$/^head=$head\$" -test.benchtime "$2x" \
		3>&1 >"$work/log" 2>&1 | awk '/^Trace/ { n[$NF]++ } END { for (f in n) print f, n[f] }' | sort ||
		true # the log says what went wrong
	if ! grep -q "kernel=$1/head=$head" "$work/log"; then
		cat "$work/log" >&2
		echo "instructions.sh: no benchmark of $1 and $head" >&2
		exit 1
	fi
}

for kernel; do
	for try in 1 2 3 4 5; do
		for times in 1 2 3; do count "$kernel" $((1 + (times - 1) * step)) >"$work/$times"; done
		for times in 1 2; do
			join -a 2 "$work/$times" "$work/$((times + 1))" | awk -v step=$step -v line="  %-24s $figure\n" '
				NF == 2 { $3 = $2; $2 = 0 }
				$3 != $2 { n = ($3 - $2) / step; sum += n; sub(/.*picohttp[.]/, "", $1); printf line, $1, n }
				END { printf line, "all", sum }' >"$work/more$times"
		done
		if ((step > 1)) || cmp -s "$work/more1" "$work/more2"; then break; fi
		if ((try == 5)); then echo "instructions.sh: $kernel: two counts differ" && exit 1; fi
	done
	echo "kernel $kernel, head $head:"
	cat "$work/more2"
done
