#!/usr/bin/env bash
# Everything that CI tests, on Linux, in one list. It stops at the first step
# that fails. Besides Go it needs gcc, for the race detector; what else it
# installs, it says. Elsewhere than on Linux, ./matrix.sh native is what can run.
set -euo pipefail
cd "$(dirname "$0")"
exec 2>&1

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.7.0
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
fuzzCount=500000x # per target: a count, so that every machine does the same work

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
	summary+=("$(printf '%-8s %6s  %s (%s)' skipped - "$1" "$2")")
}

# finish RESULT ends a step.
finish() {
	if [[ -n $current ]]; then
		summary+=("$(printf '%-8s %6s  %s' "$1" "$(clock $((SECONDS - began)))" "$current")")
		if [[ $1 == passed ]]; then passed=$((passed + 1)); fi
	fi
	current=
}

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# report ends the script, however it comes to its end.
report() {
	local status=$? failed=0
	trap - EXIT
	if ((status != 0)); then
		failed=1
		printf '\ntestall.sh: failed in the step: %s\n' "${current:-before the first}"
		finish FAILED
	else
		finish passed
	fi
	printf '\n'
	sed -n '/^target /,$p' "$matrix"
	rm -f "$matrix"
	printf '%s\n' '' "${summary[@]}"
	printf '%d passed, %d failed\n' "$passed" "$failed"
	exit "$status"
}

current='' began=0 passed=0 summary=() matrix=$(mktemp)
trap report EXIT

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

step "vet, for each architecture"
for goarch in amd64 arm64 386 arm riscv64 s390x; do
	run env GOARCH=$goarch go vet ./...
	run env GOARCH=$goarch go vet -tags purego ./...
done

step "build and vet, for other systems"
for goos in windows darwin; do
	for goarch in amd64 arm64; do
		run env GOOS=$goos GOARCH=$goarch go build ./...
		run env GOOS=$goos GOARCH=$goarch go vet ./...
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
for goarch in amd64 arm64; do
	silent env GOARCH=$goarch go list -tags purego -f '{{range .SFiles}}{{$.ImportPath}}/{{.}} {{end}}' ./...
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
for goarch in amd64 arm64; do
	show env GOARCH=$goarch go build -asmflags=-S .
	if ! listing=$(env GOARCH=$goarch go build -asmflags=-S . 2>&1); then
		printf '%s\n' "$listing"
		exit 1
	fi
	rows=$(printf '%s\n' "${forbidden[@]}" | awk -v arch=$goarch '$1 == arch')
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
run ./matrix.sh | tee "$matrix"

step "benchmarks, once"
run go test -run '^$' -bench . -benchtime 1x ./...

for module in "${nested[@]}"; do
	step "module $module"
	run "./$module/get.sh"
	run go -C "$module" vet ./...
	run env CI=true go -C "$module" test -count=1 ./...
done

step "yardstick, once (the figures mean nothing)"
run go -C peers run ./yardstick -corpus tiny,pico703,mixed,response300,chunked64 -rounds 1 -slot 2ms
run env CI=true go -C peers run ./yardstick -report .build/report -short

step "Pico against the C library, a million inputs"
run go -C peers run ./oracle -count 1000000

step "fuzzing engines"
run ./fuzz/run.sh -n 20000

step "list of fuzz targets"
targets=$(for package in $(go list ./...); do
	go test -list '^Fuzz' "$package" | sed -n "s|^Fuzz|$package &|p"
done)
printf '%s\n' "${targets:?there are none}"
while read -r package target; do
	step "$target"
	run go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzzCount" "$package" </dev/null
done <<<"$targets"
