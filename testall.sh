#!/usr/bin/env bash
# Everything that CI tests, on Linux, in one list. It stops at the first step
# that fails. Besides Go it needs gcc, for the race detector; what else it
# installs, it says. Elsewhere than on Linux, ./matrix.sh native is what can run.
set -euo pipefail
cd "$(dirname "$0")"
exec 2>&1

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.7.0
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
fuzzCount=300000x # per target: a count, so that every machine does the same work
minimizeCount=1000x # of these, to make an input smaller that covers something new

# What the TEXT of a kernel may not use: patterns of instructions and of
# registers, "-" for none. Every kernel in assembly has a row.
forbidden=(
	"amd64 indexHead   ^[VK]                ^([XYZ][0-9]+|K[0-7])$"
	"amd64 indexSSE42  ^[VK]                ^([YZ][0-9]+|K[0-7])$"
	"amd64 indexAVX2   ^K                   ^([XY](1[6-9]|2[0-9]|3[01])|Z[0-9]+|K[0-7])$"
	"amd64 indexAVX512 -                    -"
	"amd64 moveRunSSE2 ^[VK]                ^([YZ][0-9]+|K[0-7])$"
	"arm64 indexHead   ^V                   ^(R1[678]|R2[678]|g)$"
	"arm64 indexNEON   -                    ^(R1[678]|R2[678]|g)$"
)
assembly=$(printf '%s\n' "${forbidden[@]}" | awk '!seen[$1]++ { print $1 }')

# step NAME begins a step and ends the one before.
step() {
	finish passed
	current=$1
	began=$SECONDS
	printf '\n== %s (%s since the start)\n' "$current" "$(clock $SECONDS)"
}

# skip NAME WHY tells of something that cannot be done on this machine.
skip() {
	printf 'skipped: %s: %s\n' "$1" "$2"
	note skipped - "$1 ($2)"
}

# finish RESULT ends a step.
finish() {
	if [[ -n $current ]]; then
		note "$1" "$(clock $((SECONDS - began)))" "$current"
	fi
	current=
}

# note RESULT TIME NAME adds a line to the summary.
note() { printf '%-8s %6s  %s\n' "$@" >>"$work/summary"; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# ended STATUS ends the last step, with which the shell exits.
ended() {
	if (($1 != 0)); then
		printf '\ntestall.sh: failed in the step: %s\n' "${current:-before the first}"
		finish FAILED
	else
		finish passed
	fi
}

# report ends the script, however it comes to its end.
report() {
	local status=$?
	trap - EXIT
	ended "$status"
	if [[ -n $modules ]]; then
		if ((status > 128)); then kill -- "-$modules" || true; fi # interrupted
		wait "$modules" || status=${status/#0/1}
		cat "$work/modules"
	fi
	printf '\n'
	sed -n '/^target /,$p' "$work/matrix"
	printf '\n'
	cat "$work/summary"
	printf '%d passed, %d failed, %s in all\n' \
		"$(grep -c ^passed "$work/summary")" "$(grep -c ^FAILED "$work/summary")" "$(clock $SECONDS)"
	rm -rf "$work"
	exit "$status"
}

current='' began=0 modules='' work=$(mktemp -d)
touch "$work/matrix" "$work/summary"
trap report EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# show prints a command as a shell would read it.
show() {
	local word
	printf '$'
	for word; do
		if [[ $word =~ ^[A-Za-z0-9_./:=,@+-]+$ ]]; then
			printf ' %s' "$word"
		else
			printf " '%s'" "$word"
		fi
	done
	printf '\n'
}

run() {
	show "$@"
	"$@"
}

# silent runs a command that must succeed and have no output.
silent() {
	local output
	show "$@"
	output=$("$@")
	if [[ -n $output ]]; then
		printf '%s\n' "$output"
		return 1
	fi
}

printf 'Go: %s\n' "$(go version)"

# Cases of other suites, which are no part of this repository.
conformance=${PICOHTTP_CONFORMANCE:-$PWD/../shared/conformance}
unset PICOHTTP_CONFORMANCE
if [[ -d $conformance ]]; then
	PICOHTTP_CONFORMANCE=$(cd "$conformance" && pwd)
	export PICOHTTP_CONFORMANCE
else
	skip "conformance cases" "no folder $conformance"
fi

nested=(examples fuzz peers)

step "gofmt"
silent gofmt -l .

# The time goes into compiling the standard library for each target. The tag purego
# selects other files only where there is assembly.
step "vet, for each architecture"
run go vet -race ./...
for goarch in amd64 arm64 386 arm riscv64 s390x; do
	run env GOARCH=$goarch go vet ./...
done
for goarch in $assembly; do
	run env GOARCH="$goarch" go vet -tags purego ./...
done

# No program is run here, so the standard library is compiled without optimization,
# which takes less time. Vet needs it compiled, so the build adds little more than
# linking.
step "vet and build, for other systems"
for goos in windows darwin; do
	for goarch in amd64 arm64; do
		run env GOOS=$goos GOARCH=$goarch go vet "-gcflags=std=-N -l" ./...
		run env GOOS=$goos GOARCH=$goarch go build "-gcflags=std=-N -l" ./...
	done
done

step "modules are tidy"
for module in . "${nested[@]}"; do
	run go -C "$module" mod tidy -diff
	run go -C "$module" mod verify
done

step "staticcheck"
printf 'installing %s into the module cache, if it is not there\n' "$staticcheck"
for module in . "${nested[@]}"; do
	run go -C "$module" run "$staticcheck" ./...
done

step "govulncheck"
printf 'installing %s into the module cache, if it is not there\n' "$govulncheck"
show go run "$govulncheck" ./...
if output=$(go run "$govulncheck" ./... 2>&1); then
	printf '%s\n' "$output"
elif [[ $output == *"fetching vulnerabilities"* && ${GITHUB_ACTIONS:-} != true ]]; then
	current=
	skip "govulncheck" "the list of vulnerabilities cannot be reached from here"
else
	printf '%s\n' "$output"
	exit 1
fi

step "no assembly under purego"
for goarch in $assembly; do
	silent env GOARCH="$goarch" go list -tags purego -f '{{range .SFiles}}{{$.ImportPath}}/{{.}} {{end}}' ./...
done

# The source shows what a macro hides from the listing, and the listing, where
# macros and names of registers are expanded, what they hide from the source.
step "what assembly may do"
sources=(*.s)
echo "no frame, no call, no push, no raw encodings in ${sources[*]}"
awk '
	{ code = $0; sub(/\/\/.*/, "", code) }
	code ~ /^TEXT/ && code !~ /NOSPLIT[A-Z|]*, *\$0-[0-9]+[ \t]*$/ { bad("NOSPLIT and a frame of 0, and the size of the arguments") }
	code ~ /(^|[ \t;])(CALL|BL|BLR|PUSH[A-Z]*|POP[QLW]|POPF[A-Z]*)([ \t;\\]|$)/ { bad("no call, no stack") }
	code ~ /(^|[ \t;])(BYTE|WORD|LONG|QUAD|DWORD)[ \t]/ { bad("no raw encodings") }
	function bad(rule) { printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, $0; failed = 1 }
	END { exit failed }
' "${sources[@]}"
for goarch in $assembly; do
	show env GOARCH="$goarch" go build -asmflags=-S .
	if ! listing=$(env GOARCH="$goarch" go build -asmflags=-S . 2>&1); then
		printf '%s\n' "$listing"
		exit 1
	fi
	rows=$(printf '%s\n' "${forbidden[@]}" | awk -v arch="$goarch" '$1 == arch')
	awk -F '\t' '
		FNR == NR { # a row of forbidden
			if (split($0, row, " ") == 4) { mnemonics[row[2]] = row[3]; operands[row[2]] = row[4] }
			next
		}
		$3 == "TEXT" {
			text = $4
			sub(/\(SB\).*/, "", text)
			sub(/.*[.]/, "", text)
			seen[text] = 1
			wide = 0
			if (!(text in mnemonics)) bad("no row in forbidden")
			next
		}
		$2 ~ /^0x.*:[0-9]+\)$/ && text in mnemonics { # an instruction
			if ($3 ~ mnemonics[text]) bad("not an instruction of " text)
			many = split($4, word, /[^A-Za-z0-9_.+]+/)
			for (k = 1; k <= many; k++) {
				if (word[k] ~ operands[text]) bad("not a register of " text)
				if (word[k] ~ /^[YZ][0-9]+$/) wide = 1
			}
			if (wide && $3 == "RET" && before != "VZEROUPPER") bad("no VZEROUPPER before it")
			if ($3 !~ /^(PCDATA|FUNCDATA|NOP)$/) before = $3
		}
		function bad(rule) { printf "%s: %s: %s %s\n", $2, rule, $3, $4; failed = 1 }
		END {
			for (text in mnemonics) if (!(text in seen)) { print text ": no such TEXT"; failed = 1 }
			exit failed
		}
	' <(printf '%s\n' "$rows") <(printf '%s\n' "$listing")
done

step "matrix of targets"
run ./matrix.sh | tee "$work/matrix"

step "benchmarks, once"
run go test -run '^$' -bench . -benchtime 1x ./...

# The nested modules, and what is run from them. Most of it keeps only one CPU busy,
# so it runs while the fuzz targets do; its output is printed after theirs.
testModules() {
	trap 'ended $?' EXIT
	trap 'exit 143' TERM
	for module in "${nested[@]}"; do
		step "module $module"
		run "./$module/get.sh"
		run go -C "$module" vet ./...
		run env CI=true go -C "$module" test -count=1 -vet=off ./...
	done

	step "tests of proxy libraries on nethttp"
	run env CI=true go -C examples run ./suites

	step "yardstick, once (the figures mean nothing)"
	run go -C peers run ./yardstick -corpus tiny,pico703,mixed,response300,chunked64 -rounds 1 -slot 2ms
	run env CI=true go -C peers run ./yardstick -report .build/report -short

	step "Pico against the C library, a million inputs"
	run go -C peers run ./oracle -count 1000000

	step "fuzzing engines"
	run ./fuzz/run.sh -n 20000
}
finish passed
set -m # a process group of its own
testModules >"$work/modules" </dev/null &
modules=$!
set +m

step "list of fuzz targets"
targets=$(for package in $(go list ./...); do
	go test -list '^Fuzz' "$package" | sed -n "s|^Fuzz|$package &|p"
done)
printf '%s\n' "${targets:?there are none}"
while read -r package target; do
	step "$target"
	count=$fuzzCount
	case $target in
	FuzzLaws | FuzzReader) count=100000x ;; # they try each input in several ways
	esac
	run go test -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "$count" -fuzzminimizetime "$minimizeCount" "$package" </dev/null
done <<<"$targets"
