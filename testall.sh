#!/usr/bin/env bash
# Runs all that CI runs on Linux, except ClusterFuzzLite, and stops at the first step that fails. It needs
# Go, and gcc for the race detector. It says what else it installs. On other systems, run
# go test -tags matrix -v -timeout 1h -run TestNative ./internal/ci instead.
set -euo pipefail
cd "$(dirname "$0")"
exec 2>&1

fuzzCount=300000x # per target: a count, so that every machine does the same work
nested=(examples fuzz peers)

modules='' work=$(mktemp -d)
touch "$work/matrix" "$work/skipped"

# step NAME begins a step.
step() {
	current=$1
	printf '\n== %s (%d:%02d since the start)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

# skip WHY says that the step is left out on this machine.
skip() { printf 'skipped: %s: %s\n' "$current" "$1" | tee -a "$work/skipped"; }

# run shows a command and runs it.
run() { (set -x && "$@"); }

# report runs when the script ends for any reason.
report() {
	local status=$?
	trap - EXIT
	if [[ -n $modules ]]; then
		if ((status > 0)); then kill -- "-$modules" || true; fi
		if ! wait "$modules" && ((status == 0)); then
			status=1
			current=$(sed -n "s/^== //p" "$work/modules" | tail -n 1)
		fi
		cat "$work/modules"
	fi
	grep -E '^ *--- |tests passed' "$work/matrix" || true
	cat "$work/skipped"
	if ((status > 0)); then step "FAILED, in or after: $current"; else step "passed"; fi
	rm -rf "$work"
	exit "$status"
}
trap report EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run go version

step "conformance cases" # messages of other test suites, which are not in this repository
PICOHTTP_CONFORMANCE=$(cd "${PICOHTTP_CONFORMANCE:-../shared/conformance}" && pwd) || skip "there is no such folder"
export PICOHTTP_CONFORMANCE

step "gofmt"
run gofmt -l . | tee "$work/gofmt"
[[ ! -s $work/gofmt ]]

# Most of the time goes into compiling the standard library for each target. Only
# architectures with assembly have other files under purego.
step "vet, for each architecture"
run go vet -race -tags matrix ./...
for goarch in amd64 arm64 386 arm riscv64 s390x; do
	run env GOARCH=$goarch go vet ./...
done
run env GOARCH=amd64 go vet -tags purego ./...
run env GOARCH=arm64 go vet -tags purego ./...

# Nothing is run here, so the standard library is compiled without optimization, which
# takes less time. Vet needs it compiled, too, so the build adds little more than linking.
step "vet and build, for other systems"
for system in windows/amd64 windows/arm64 darwin/amd64 darwin/arm64; do
	for command in vet build; do
		run env GOOS="${system%/*}" GOARCH="${system#*/}" go $command "-gcflags=std=-N -l" ./...
	done
done

step "modules are tidy, and staticcheck"
for module in . "${nested[@]}"; do
	run go -C "$module" mod tidy -diff
	run go -C "$module" mod verify
	run go -C "$module" run honnef.co/go/tools/cmd/staticcheck@v0.7.0 -tags matrix ./...
done

step "govulncheck"
if ! run go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1 | tee "$work/govulncheck"; then
	grep -q "fetching vulnerabilities" "$work/govulncheck"
	[[ ${GITHUB_ACTIONS:-} != true ]]
	skip "the list of vulnerabilities cannot be fetched"
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

step "actionlint and shellcheck"
run go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
if [[ ${CI:-} == true ]] || command -v shellcheck >/dev/null; then
	shopt -s globstar
	run shellcheck --external-sources --source-path=SCRIPTDIR .ci/run .clusterfuzzlite/*.sh ./**/*.sh
else
	skip "shellcheck is not installed"
fi

step "instructions of the assembly, and tests on every target"
run go test -tags matrix -count=1 -v -timeout 1h ./internal/ci | tee "$work/matrix"

step "benchmarks, once"
run go test -run '^$' -bench . -benchtime 1x ./...

# testModules tests the nested modules. Most of it keeps only one CPU busy, so it runs
# at the same time as the fuzz targets, and its output is printed after theirs.
testModules() {
	for module in "${nested[@]}"; do
		step "module $module"
		run "./$module/get.sh"
		run go -C "$module" vet ./...
		run env CI=true go -C "$module" test -count=1 -vet=off ./...
	done

	step "tests of proxy libraries on nethttp"
	run env CI=true ./examples/suites.sh

	step "yardstick, once (the figures mean nothing)"
	run go -C peers run ./yardstick -corpus tiny,pico703,mixed,response300,chunked64 -rounds 1 -slot 2ms
	run go -C peers run ./yardstick -report .build/report -rounds 1 -slot 1ms

	step "Pico against the C library, a million inputs"
	run go -C peers run ./oracle -count 1000000

	step "fuzzing engines"
	run ./fuzz/run.sh -n 20000
}
set -m # a process group of its own
testModules >"$work/modules" 2>&1 </dev/null &
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
	FuzzLaws | FuzzReader) count=100000x ;; # these parse each input in several ways
	esac
	run go test -vet=off -run '^$' -fuzz "^$target\$" -fuzztime "$count" -fuzzminimizetime 1000x "$package" </dev/null
done <<<"$targets"
