#!/usr/bin/env bash
# Everything that CI tests, on Linux, in one list. It stops at the first step that fails.
# Besides Go it needs gcc, for the race detector; what else it installs, it says. On other
# systems, go run ./internal/ci matrix native is what can run.
set -euo pipefail
cd "$(dirname "$0")"
exec 2>&1

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.7.0
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
actionlint=github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
fuzzCount=300000x # per target: a count, so that every machine does the same work
minimizeCount=1000x # of these, to make an input smaller that covers something new
nested=(examples fuzz peers)

current='' began=0 modules='' work=$(mktemp -d)
touch "$work/matrix" "$work/summary"

# step NAME begins a step and ends the one before.
step() {
	finish 0
	current=$1 began=$SECONDS
	printf '\n== %s (%s since the start)\n' "$current" "$(clock $SECONDS)"
}

# skip WHY says that the step cannot be done on this machine, where it need not be.
skip() {
	printf 'skipped: %s\n' "$1"
	note skipped - "$current ($1)"
	current=
}

# finish STATUS ends the step, if there is one.
finish() {
	local result=passed
	if (($1 != 0)); then
		result=FAILED
		printf '\ntestall.sh: failed in the step: %s\n' "${current:-none}"
	fi
	if [[ -n $current ]]; then
		note $result "$(clock $((SECONDS - began)))" "$current"
	fi
	current=
}

# note RESULT TIME STEP adds a line to the summary.
note() { printf '%-8s %6s  %s\n' "$@" >>"$work/summary"; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# report ends the script, however it comes to its end.
report() {
	local status=$?
	trap - EXIT
	finish "$status"
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
trap report EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# run shows a command and runs it.
run() {
	printf '$'
	printf ' %q' "$@"
	printf '\n'
	"$@"
}

printf 'Go: %s\n' "$(go version)"
printf 'installed into the module cache, if it is not there: %s\n' "$staticcheck" "$govulncheck" "$actionlint"

step "conformance cases" # of other suites, which are no part of this repository
if conformance=$(cd "${PICOHTTP_CONFORMANCE:-../shared/conformance}" && pwd); then
	export PICOHTTP_CONFORMANCE=$conformance
else
	unset PICOHTTP_CONFORMANCE
	skip "there is no such folder"
fi

step "gofmt"
run gofmt -l . | tee "$work/gofmt"
[[ $(wc -l <"$work/gofmt") == 1 ]] # the command alone

# The time goes into compiling the standard library for each target. The tag purego
# selects other files only where there is assembly.
step "vet, for each architecture"
run go vet -race ./...
for goarch in amd64 arm64 386 arm riscv64 s390x; do
	run env GOARCH=$goarch go vet ./...
done
for goarch in amd64 arm64; do
	run env GOARCH=$goarch go vet -tags purego ./...
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
for module in . "${nested[@]}"; do
	run go -C "$module" run "$staticcheck" ./...
done

step "govulncheck"
if ! run go run "$govulncheck" ./... 2>&1 | tee "$work/govulncheck"; then
	grep -q "fetching vulnerabilities" "$work/govulncheck"
	[[ ${GITHUB_ACTIONS:-} != true ]]
	skip "the list of vulnerabilities cannot be reached from here"
fi

step "packages"
if ! (
	. internal/apt.sh
	need qemu-user-static "runs programs of other architectures" command -v qemu-aarch64-static
	need shellcheck "reads shell scripts" command -v shellcheck
	install
); then
	[[ ${CI:-} != true ]]
	skip "some cannot be installed"
fi

step "actionlint"
run go run "$actionlint"

step "shellcheck"
if [[ ${CI:-} == true ]] || command -v shellcheck >/dev/null; then
	shopt -s globstar
	run shellcheck --external-sources --source-path=SCRIPTDIR .ci/run .clusterfuzzlite/*.sh ./**/*.sh
else
	skip "it is not installed"
fi

step "what assembly may do"
run go run ./internal/ci assembly

step "matrix of targets"
run go run ./internal/ci matrix | tee "$work/matrix"

step "benchmarks, once"
run go test -run '^$' -bench . -benchtime 1x ./...

# The nested modules, and what is run from them. Most of it keeps only one CPU busy,
# so it runs while the fuzz targets do; its output is printed after theirs.
testModules() {
	trap 'finish $?' EXIT
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
finish 0
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
