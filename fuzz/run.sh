#!/usr/bin/env bash
# Builds the targets for the fuzzing engines and runs them.
#
#	./run.sh                            every target on every engine, 20,000 inputs each
#	./run.sh -n 1000000 gofuzz Framing  one of them, for a million inputs
#	./run.sh -n 0 libfuzzer Chunked     until Ctrl-C
#
# The engines are gofuzz, native (go test -fuzz) and libfuzzer: what OSS-Fuzz and
# ClusterFuzzLite build, with this machine's clang, its AddressSanitizer, and for
# coverage. Corpora and crashers are kept in .build/, which git ignores; native has its
# own places.
set -euo pipefail
cd "$(dirname "$0")"

targets=(Request Response Trailer Chunked Framing Kernels)
engines=(gofuzz libfuzzer native)
count=20000

fail() {
	echo "run.sh: $*" >&2
	exit 1
}

while (($# > 0)); do
	case $1 in
	-n)
		[[ ${2-} =~ ^[0-9]+$ ]] || fail "-n takes a number of inputs, 0 for no end"
		count=$2
		shift
		;;
	gofuzz | libfuzzer | native) engines=("$1") ;;
	Request | Response | Trailer | Chunked | Framing | Kernels) targets=("$1") ;;
	*) fail "what is $1? The first lines of this script say what there is." ;;
	esac
	shift
done

buildNative() { go test -c -o /dev/null ./targets; }

native() {
	local bound=()
	if ((count > 0)); then bound=(-fuzztime "${count}x"); fi
	go test -run '^$' -fuzz "^Fuzz$1\$" "${bound[@]}" -parallel 1 ./targets </dev/null
}

buildGofuzz() {
	local keep
	rm -rf .build/seeds
	go run ./cmd/corpus .build/seeds
	go build -o .build/go-fuzz github.com/dvyukov/go-fuzz/go-fuzz
	keep=$(go list std ./mutate ./differ ./corpus ../internal/guard golang.org/x/sys/unix) # not instrumented: see build.sh
	go tool go-fuzz-build -preserve "${keep//$'\n'/,}" -o .build/targets.zip ./targets
}

# go-fuzz has no flag for a count: its log tells how many inputs there were.
gofuzz() (
	work=.build/gofuzz/$1
	mkdir -p "$work/corpus"
	cp .build/seeds/"$1"/* "$work/corpus"
	rm -rf "$work/crashers"
	coproc .build/go-fuzz -bin .build/targets.zip -workdir "$work" -func "Fuzz$1" -procs 1 2>&1
	pid=$COPROC_PID
	trap 'kill -INT "$pid" 2>/dev/null; wait "$pid" || true' EXIT
	while read -r line; do
		echo "$line"
		[[ $line =~ crashers:\ ([0-9]+).*execs:\ ([0-9]+) ]] || continue
		((BASH_REMATCH[1] == 0)) || fail "crashers are in fuzz/$work/crashers"
		if ((count > 0 && BASH_REMATCH[2] >= count)); then exit; fi
	done <&"${COPROC[0]}"
	fail "go-fuzz has ended"
)

# buildLibfuzzer runs build.sh with the variables that OSS-Fuzz sets.
buildLibfuzzer() {
	local work=$PWD/.build/libfuzzer sanitizer
	command -v clang++ zip unzip >/dev/null || fail "there is no clang++, zip or unzip: run ./get.sh"
	for sanitizer in address coverage; do
		rm -rf "${work:?}/$sanitizer" "$work/src"
		mkdir -p "$work/$sanitizer" "$work/src"
		ln -s "$(cd .. && pwd)" "$work/src/picohttp"
		SRC=$work/src OUT=$work/$sanitizer SANITIZER=$sanitizer CXX=clang++ \
			CXXFLAGS="-O1 -fsanitize=address" LIB_FUZZING_ENGINE=-fsanitize=fuzzer oss-fuzz/build.sh
	done
}

# libfuzzer runs a target as OSS-Fuzz does, on its own seeds, and then those for coverage.
libfuzzer() {
	local work=.build/libfuzzer function covered
	local corpus=$work/corpus/$1 profile=$PWD/$work/$1.profile
	mkdir -p "$corpus" "$work/artifacts"
	unzip -qo "$work/address/$1_seed_corpus.zip" -d "$corpus"
	"$work/address/$1" -runs="$((count > 0 ? count : -1))" -dict="$work/address/$1.dict" \
		-max_len=4096 -artifact_prefix="$work/artifacts/" -print_final_stats=1 "$corpus" 2>&1 |
		grep -E 'DONE|panic|input|Test unit|stat::(number|average)' ||
		fail "$1 failed: what it failed on is in fuzz/$work/artifacts"

	function=$(sed -E "s|.*\"$1\":\"([^\"]*)\".*|\1|" "$work/coverage/fuzzer_function_names.json")
	FUZZ_CORPUS_DIR=$PWD/$corpus FUZZ_PROFILE_NAME=$profile "$work/coverage/$1" \
		-test.run="^$function\$" -test.coverprofile "$profile" >"$profile.log" ||
		fail "$1 for coverage: see $profile.log"
	sed -i "$(cat "$work/coverage/$1.gocovpath")" "$profile"
	covered=$(grep -c "^$PWD/$work/src/picohttp/[a-z_]*\.go:.* [1-9][0-9]*$" "$profile") ||
		fail "$1 for coverage: the profile has nothing of picohttp"
	[[ -s $profile.cpu.prof && -s $profile.heap.prof ]] ||
		fail "$1 for coverage: there are no profiles of CPU and heap"
	echo "coverage: $covered blocks of picohttp, by $(find "$corpus" -type f | wc -l) inputs"
}

mkdir -p .build
for engine in "${engines[@]}"; do
	"build${engine^}"
	for target in "${targets[@]}"; do
		printf '\n-- %s: %s\n' "$engine" "$target"
		"$engine" "$target"
	done
done
