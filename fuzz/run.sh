#!/usr/bin/env bash
# Builds the targets for the fuzzing engines and runs them.
#
#	./run.sh                            every target on every engine, 20,000 inputs each
#	./run.sh -n 1000000 gofuzz Framing  one of them, for a million inputs
#	./run.sh -n 0 libfuzzer Chunked     until Ctrl-C
#	./run.sh -build                     nothing but the build
#	./run.sh -build archive             nothing but targets.a, which libFuzzer binaries are made of; or seeds
#
# The engines are gofuzz, libfuzzer, native (go test -fuzz) and ossfuzz: what OSS-Fuzz
# and ClusterFuzzLite build, with this machine's clang, its AddressSanitizer, and for
# coverage. Corpora and crashers are kept in .build/, which git ignores; native has its
# own places.
set -euo pipefail
cd "$(dirname "$0")"

all=(Request Response Trailer Chunked Framing Kernels)
targets=("${all[@]}")
engines=(gofuzz libfuzzer native ossfuzz)
count=20000
run=true

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
	-build) run=false ;;
	gofuzz | libfuzzer | native | ossfuzz | archive | seeds) engines=("$1") ;;
	*)
		[[ " ${all[*]} " == *" $1 "* ]] || fail "what is $1? There are -n, -build, gofuzz, libfuzzer, native, ossfuzz, archive, seeds, ${all[*]}."
		targets=("$1")
		;;
	esac
	shift
done

# stale FILE: some source is newer.
stale() {
	[[ ! -f $1 || -n $(find .. -maxdepth 1 \( -name '*.go' -o -name '*.s' \) -newer "$1" -print -quit) ||
		-n $(find go.mod corpus differ mutate targets -type f -newer "$1" -print -quit) ]]
}

# instrument OUT FLAGS... builds with the edges of picohttp and of the targets
# counted. The standard library's do not compile, and the mutator's say nothing.
instrument() {
	local module keep out=$1
	shift
	stale "$out" || return 0
	echo "building $out"
	module=$(go list -m)
	keep=$(go list std "$module/mutate" "$module/differ" "$module/corpus")
	go tool go-fuzz-build -preserve "${keep//$'\n'/,}" -o "$out.part" "$@" ./targets
	mv "$out.part" "$out"
}

# link makes a binary, with our mutator: libFuzzer refers to it too weakly to have
# the linker take it out of the archive.
link() { clang -fsanitize=fuzzer -Wl,-u,LLVMFuzzerCustomMutator -o ".build/bin/$1" .build/targets.a; }

# part TARGET: the seeds it begins with.
part() {
	case $1 in
	Response) echo response ;;
	Trailer) echo trailer ;;
	Chunked) echo chunked ;;
	*) echo request ;;
	esac
}

build() {
	mkdir -p .build
	rm -rf .build/seeds
	go run ./cmd/corpus -files .build/seeds
	for target in "${all[@]}"; do ln -s "$(part "$target")" ".build/seeds/$target"; done
	case $1 in
	gofuzz)
		go build -o .build/go-fuzz github.com/dvyukov/go-fuzz/go-fuzz
		instrument .build/targets.zip
		;;
	archive) instrument .build/targets.a -libfuzzer -func FuzzByName ;;
	libfuzzer)
		command -v clang >/dev/null || fail "there is no clang: run ./get.sh"
		instrument .build/targets.a -libfuzzer -func FuzzByName
		mkdir -p .build/bin
		for target in "${all[@]}"; do
			[[ .build/bin/$target -nt .build/targets.a ]] || link "$target"
		done
		;;
	native) go test -c -o /dev/null ./targets ;;
	ossfuzz)
		command -v zip unzip >/dev/null || fail "there is no zip: run ./get.sh"
		ossfuzzBuild address
		ossfuzzBuild coverage
		;;
	esac
}

# ossfuzzBuild SANITIZER runs build.sh with the variables that OSS-Fuzz sets.
ossfuzzBuild() {
	local work=$PWD/.build/ossfuzz
	echo "building $work/$1"
	rm -rf "${work:?}/$1" "$work/src"
	mkdir -p "$work/$1" "$work/src"
	ln -s "$(cd .. && pwd)" "$work/src/picohttp"
	SRC=$work/src OUT=$work/$1 SANITIZER=$1 CXX=clang++ CXXFLAGS="-O1 -fsanitize=address" LIB_FUZZING_ENGINE=-fsanitize=fuzzer \
		oss-fuzz/build.sh
}

# go-fuzz has no flag for a count: its log tells how many there were.
gofuzz() {
	local work=.build/gofuzz/$1 line pid why="go-fuzz has ended"
	mkdir -p "$work/corpus"
	cp .build/seeds/"$1"/* "$work/corpus"
	rm -rf "$work/crashers"
	exec 3< <(exec .build/go-fuzz -bin .build/targets.zip -workdir "$work" -func "Fuzz$1" -procs 1 2>&1)
	pid=$!
	trap 'kill -INT "$pid" 2>/dev/null' EXIT
	while read -r line <&3; do
		echo "$line"
		if [[ $line =~ crashers:\ ([0-9]+).*execs:\ ([0-9]+) ]]; then
			if ((BASH_REMATCH[1] > 0)); then
				why="crashers are in fuzz/$work/crashers"
				break
			fi
			if ((count > 0 && BASH_REMATCH[2] >= count)); then
				why=
				break
			fi
		fi
	done
	kill -INT "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	trap - EXIT
	exec 3<&-
	[[ -z $why ]] || fail "$why"
}

# runBinary BINARY DICTIONARY ARTIFACTS CORPUS... runs a libFuzzer binary.
runBinary() {
	local binary=$1 dictionary=$2 artifacts=$3 runs=$count
	shift 3
	if ((runs == 0)); then runs=-1; fi
	"$binary" -runs="$runs" -dict="$dictionary" -max_len=4096 -artifact_prefix="$artifacts" -print_final_stats=1 "$@" 2>&1 |
		grep -E 'DONE|panic|input|Test unit|stat::(number|average)' || fail "$binary failed: what it failed on is fuzz/$artifacts*"
}

libfuzzer() {
	local work=.build/libfuzzer/$1
	mkdir -p "$work"
	runBinary ".build/bin/$1" mutate/http.dict "$work-" "$work" ".build/seeds/$1"
}

native() {
	local bound=()
	if ((count > 0)); then bound=(-fuzztime "${count}x"); fi
	go test -run '^$' -fuzz "^Fuzz$1\$" "${bound[@]}" -parallel 1 ./targets </dev/null
}

# ossfuzz runs a target as OSS-Fuzz does, on its own seeds, and then those for coverage.
ossfuzz() {
	local work=.build/ossfuzz corpus=.build/ossfuzz/corpus/$1 profile function covered
	rm -rf "$corpus"
	mkdir -p "$corpus" "$work/artifacts"
	unzip -q "$work/address/$1_seed_corpus.zip" -d "$corpus"
	runBinary "$work/address/$1" "$work/address/$1.dict" "$work/artifacts/" "$corpus"

	function=$(sed -E "s|.*\"$1\":\"([^\"]*)\".*|\1|" "$work/coverage/fuzzer_function_names.json")
	profile=$PWD/$work/$1.profile
	FUZZ_CORPUS_DIR=$PWD/$corpus FUZZ_PROFILE_NAME=$profile "$work/coverage/$1" -test.run="^$function\$" -test.coverprofile "$profile" >"$profile.log" ||
		fail "$1 for coverage: see fuzz/$work/$1.profile.log"
	sed -i "$(cat "$work/coverage/$1.gocovpath")" "$profile"
	covered=$(grep -c "^$PWD/$work/src/picohttp/[a-z_]*\.go:.* [1-9][0-9]*$" "$profile") ||
		fail "$1 for coverage: the profile has nothing of picohttp"
	[[ -s $profile.cpu.prof && -s $profile.heap.prof ]] || fail "$1 for coverage: there are no profiles of CPU and heap"
	echo "coverage: $covered blocks of picohttp, by $(find "$corpus" -type f | wc -l) inputs"
}

for engine in "${engines[@]}"; do
	build "$engine"
	if ! $run; then continue; fi
	for target in "${targets[@]}"; do
		printf '\n-- %s: %s\n' "$engine" "$target"
		"$engine" "$target"
	done
done
