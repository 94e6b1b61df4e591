#!/usr/bin/env bash
# Runs the tests of proxy libraries twice: as they are, and with the http.ReadRequest and
# http.ReadResponse of the library replaced by those of package nethttp. It lists the tests that
# do not pass both ways, and fails if one passes only as it was.
#
# The libraries come from the module proxy, and are copied to a temporary folder. Their tests
# still read with net/http, so that they judge the library from outside. A library that cannot
# be downloaded is skipped; with CI=true in the environment that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

picohttp=$PWD version=$(go list -m -f '{{.GoVersion}}') status=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS=-mod=mod GOWORK=off # go.mod is completed

# prepare SOURCE FOLDER copies a module, and lets it require this one.
prepare() {
	cp -r "$1" "$2"
	chmod -R u+w "$2"
	go -C "$2" mod edit -go="$version" \
		-require=github.com/picohttp/picohttp@v0.0.0 -replace=github.com/picohttp/picohttp="$picohttp"
}

# patch FOLDER replaces the calls outside of tests and comments, and says how many there were.
patch() {
	local call='(= |return )http\.(ReadRequest|ReadResponse)\(' files
	mapfile -t files < <(grep -rlE --include='*.go' --exclude='*_test.go' "$call" "$1")
	printf '%s calls replaced\n' "$(grep -ohE "$call" "${files[@]}" | wc -l)" # fails without files
	sed -i -E -e "s/$call/\1nethttp.\2(/" \
		-e 's|^package .*|&\nimport nethttp "github.com/picohttp/picohttp/nethttp"|' \
		-e '$a var _ http.Header // net/http is used' "${files[@]}"
	go -C "$1" build ./...
}

# runTests WAY runs the tests in the folder WAY, and adds them to the file WAY.ran, and those
# that pass or are skipped to WAY.passed.
runTests() {
	go -C "$1" test -json -vet=off -count=1 -timeout=3m ./... >"$1.json" 2>"$1.log" || true
	local test='"Package":"([^"]*)","Test":"([^"]*)".*'
	sed -nE "s/.*\"Action\":\"(pass|skip)\",$test/\2 \3/p" "$1.json" | sort -u -o "$1.passed" - "$1.passed"
	sed -nE "s/.*\"Action\":\"(pass|skip|fail)\",$test/\2 \3/p" "$1.json" | sort -u -o "$1.ran" - "$1.ran"
}

for module in github.com/google/martian/v3@v3.3.3 github.com/elazarl/goproxy@v1.9.4; do
	printf '== %s\n' "$module"
	if ! source=$(cd "$work" && go mod download -json "$module" | sed -nE 's/.*"Dir": "(.*)",?/\1/p'); then
		echo "skipped, because it cannot be downloaded"
		[[ ${CI:-} != true ]] || status=1
		continue
	fi
	plain=$work/plain patched=$work/patched
	rm -rf "$plain"* "$patched"*
	prepare "$source" "$plain"
	prepare "$source" "$patched"
	patch "$patched"
	touch {"$plain","$patched"}.{passed,ran}
	for _ in 1 2 3 4 5; do # some tests fail at times
		runTests "$plain"
		runTests "$patched"
		! cmp -s "$plain.passed" "$patched.passed" || break
	done
	comm -12 "$plain.passed" "$patched.passed" >"$work/both"
	printf '%s of %s tests pass both ways\n' "$(wc -l <"$work/both")" "$(wc -l <"$plain.ran")"
	[[ -s $work/both ]] || status=1
	comm -23 "$plain.ran" <(sort "$plain.passed" "$patched.passed") | sed 's/^/fails both ways: /'
	comm -13 "$plain.passed" "$patched.passed" | sed 's/^/passes only with nethttp: /'
	comm -23 "$plain.passed" "$patched.passed" | sed 's/^/fails only with nethttp: /' | tee "$work/worse"
	[[ ! -s $work/worse ]] || status=1
done
exit $status
