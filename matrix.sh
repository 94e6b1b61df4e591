#!/usr/bin/env bash
# Runs the tests for every target that this machine can run, also after one has
# failed, and says in a table what ran: ./matrix.sh [native|emulated [TARGET]], both
# if nothing is said. native needs Go, and on Linux gcc for the race detector;
# emulated needs Linux and qemu, which it installs from Debian's packages. It keeps
# to what macOS's bash 3.2 and awk know, and Git's for Windows.
set -euo pipefail
cd "$(dirname "$0")"
exec 2>&1

fuzzCount=10000 # inputs per target, the seeds among them

# The columns of the table: names of tests that must have passed. KERNEL is each
# kernel of the target, FAST each but generic, KIND each kind of message. So a
# test that is renamed, skipped or deleted fails here.
columns=(
	"dispatch TestExpectedKernel TestKernelTable TestDispatch/KERNEL"
	"vectors  TestVectors/KIND/KERNEL TestChunked TestFraming"
	"sweep    TestSweep/KERNEL TestLengths/KERNEL"
	"guard    TestGuardPages"
	"splits   TestSplits/KIND/KERNEL TestPrefixes TestChunkedPrefixes"
	"equality TestKernelsAgree/FAST TestDenseLines/FAST"
	"grammar  TestReference/requests TestReference/responses TestProfiles"
	"h1       h1:TestDelivery h1:TestValidity"
	"nethttp  nethttp:TestLikeNetHTTP nethttp:TestBodies"
	"command  cmd/picohttp:TestParse cmd/picohttp:TestBatch cmd/picohttp:TestKernels"
)
fuzzTargets="FuzzKernels FuzzSplits FuzzReference FuzzChunked"

# The kernels but generic, the fastest first: the architecture, the name, what the
# CPU must have for it in the words of /proc/cpuinfo, and what GODEBUG switches off
# to come to the next. It says again what parse_<arch>.go says, on purpose: what is
# detected wrongly there shows here.
kernels=(
	"amd64 avx512 avx512f,avx512bw,avx512vl,avx512vbmi,avx512_vbmi2,popcnt,avx2,bmi1,bmi2,ssse3,sse4_2 cpu.avx512bw=off"
	"amd64 avx2 avx2,bmi1,bmi2,ssse3,sse4_2 cpu.avx2=off"
	"amd64 sse42 ssse3,sse4_2 cpu.sse42=off"
	"arm64 neon asimd cpu.asimd=off"
)

# What GOAMD64 lets the compiler use, in the same words.
levels=(
	"v2 cx16,lahf_lm,popcnt,sse4_1,sse4_2,ssse3"
	"v3 abm,avx,avx2,bmi1,bmi2,f16c,fma,movbe"
	"v4 avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
)

os=$(go env GOHOSTOS) arch=$(go env GOHOSTARCH)

# has NEEDS reports whether the CPU has all of a list: elsewhere than on Linux no
# more is known than what every arm64 has, and other kernels may run or not.
cpu=
case $os/$arch in
linux/*) cpu=" $(sed -En '/^(flags|Features)/{s/.*: //p;q}' /proc/cpuinfo) " ;;
*/arm64) cpu=' asimd ' ;;
esac
has() {
	local need
	for need in ${1//,/ }; do
		if [[ $cpu != *" $need "* ]]; then return 1; fi
	done
}

# kernelsOf ARCH [all] prints the kernels that this CPU must run, or all.
kernelsOf() {
	local row of name needs off
	for row in "${kernels[@]}"; do
		read -r of name needs off <<<"$row"
		if [[ $of == "$1" ]] && { [[ ${2:-} == all ]] || has "$needs"; }; then printf '%s,' "$name"; fi
	done
	printf generic
}

# row TARGET HOW KERNELS FUZZ PACKAGES SETTING... adds a row: the kernels that must
# run, as list ("+" before it: others may), whether to fuzz, what to test, and
# variables and flags for it.
rows=()
row() { rows+=("$(printf '%s|' "$@")"); }

# skip TARGET WHY adds a row that cannot run here.
skip() { rows+=("$1|skipped: $2"); }

native() {
	local each of name needs off why switched=''
	if [[ $os != linux ]]; then
		row "$os/$arch" native "+$(kernelsOf "$arch")" yes ./...
		row "$os/$arch purego" native generic yes ./... -tags=purego
		return
	fi
	row "linux/$arch" native "$(kernelsOf "$arch")" yes ./... GOAMD64=v1
	row "linux/$arch race" native "$(kernelsOf "$arch")" no ./... -race
	row "linux/$arch purego" native generic yes ./... -tags=purego
	local left
	left=$(kernelsOf "$arch")
	for each in "${kernels[@]}"; do
		read -r of name needs off <<<"$each"
		if [[ $of != "$arch" ]]; then continue; fi
		switched+=${switched:+,}$off
		if has "$needs"; then
			left=${left#"$name",}
			row "linux/$arch $off" native "$left" yes . "GODEBUG=$switched"
		else
			skip "linux/$arch $off" "the CPU has not all of $needs"
		fi
	done
	if [[ $arch != amd64 ]]; then return; fi
	probe 386
	if [[ -z $why ]]; then
		row "linux/386" native generic yes ./... GOARCH=386 CGO_ENABLED=0
	else
		skip "linux/386" "$why"
	fi
	for each in "${levels[@]}"; do
		read -r name needs <<<"$each"
		if has "$needs"; then
			row "linux/amd64 GOAMD64=$name" native "$(kernelsOf amd64)" yes . "GOAMD64=$name"
		else
			skip "linux/amd64 GOAMD64=$name" "the CPU has not all of $needs"
		fi
	done
}

# probe ARCH builds a program for ARCH and runs it. If it does not run, why says so;
# otherwise why is empty.
probe() {
	local folder output
	folder=$(mktemp -d)
	echo 'package main; func main() {}' >"$folder/main.go"
	GOARCH=$1 CGO_ENABLED=0 go build -o "$folder/main" "$folder/main.go"
	why=
	if ! output=$("$folder/main" 2>&1); then
		why="this machine runs no programs built for $1${output:+: ${output##*: }}"
	fi
	rm -rf "$folder"
}

emulated() {
	local each target why
	why=$(getEmulator)
	if [[ -n $why && ${CI:-} == true ]]; then
		echo "matrix.sh: emulated: $why"
		exit 1
	fi
	for each in arm64=aarch64 arm=arm riscv64=riscv64 s390x=s390x; do
		target=${each%=*}
		if [[ $target == "$arch" ]]; then continue; fi
		if [[ -n $why ]]; then
			skip "linux/$target" "$why"
		else
			row "linux/$target" "emulated, short" "$(kernelsOf "$target" all)" yes ./... \
				"GOARCH=$target" CGO_ENABLED=0 "-exec=qemu-${each#*=}-static" -short
		fi
	done
}

# getEmulator installs qemu, if it is not there, and prints why it cannot.
getEmulator() {
	local sudo=
	if command -v qemu-aarch64-static >/dev/null; then return; fi
	if [[ $os != linux ]] || ! command -v apt-get >/dev/null; then
		echo "no qemu, and no apt-get to install it with"
		return
	fi
	if ((UID != 0)); then sudo=sudo; fi
	echo "matrix.sh: installing the package qemu-user-static, which runs programs of other architectures" >&2
	if ! { $sudo apt-get -qq update && $sudo apt-get -qq install --no-install-recommends qemu-user-static; } >&2; then
		echo "qemu-user-static cannot be installed"
	fi
}

# try ROW FOLDER/ runs a row of the table, and writes its cells to FOLDER/cells, and
# what the tests print to FOLDER/log.
try() (
	folder=$2
	IFS='|' read -r target how must fuzz packages rest <<<"$1"
	variables=("PICOHTTP_REQUIRE_KERNELS=${must#+}") flags=() build=() emulator=
	if [[ $must != +* ]]; then variables+=("PICOHTTP_EXPECT_KERNEL=${must%%,*}"); fi
	IFS='|' read -ra settings <<<"$rest"
	for setting in ${settings[@]+"${settings[@]}"}; do
		case $setting in
		-exec=*) emulator=${setting#*=} flags+=("$setting") ;;
		-short) flags+=("$setting") ;;
		-*) build+=("$setting") flags+=("$setting") ;;
		*) variables+=("$setting") ;;
		esac
	done
	if [[ -z $must ]]; then
		echo "$target|$how" >"${folder}cells"
		return
	fi

	# Without vet, which is a step of its own in testall.sh and in CI.
	began=$SECONDS failed=
	env "${variables[@]}" go test -count=1 -vet=off -v ${flags[@]+"${flags[@]}"} "$packages" >"${folder}log" 2>&1 || failed=1

	# The engine starts the binary again by its own name: under an emulator it has
	# to be a script. Instrumented, for coverage, it would be too slow there.
	inputs=-
	if [[ -z $failed && $fuzz == yes ]]; then
		inputs=0 program=${folder}test$(go env GOEXE)
		env "${variables[@]}" go test -c ${build[@]+"${build[@]}"} -o "$program" . >>"${folder}log" 2>&1 || failed=1
		if [[ -n $emulator ]]; then
			printf '#!/bin/sh\nexec %s -0 "$0" "%s" "$@"\n' "$emulator" "$program" >"${folder}sh"
			chmod +x "${folder}sh"
			program=${folder}sh
		fi
		for name in $fuzzTargets; do
			env "${variables[@]}" "$program" -test.run='^$' -test.fuzz="^$name\$" -test.fuzztime=${fuzzCount}x \
				-test.fuzzcachedir="${folder}cache" >"${folder}fuzz" 2>&1 || failed=1
			cat "${folder}fuzz" >>"${folder}log"
			tried=$(sed -n 's/.*execs: \([0-9]*\) .*/\1/p' "${folder}fuzz" | tail -n 1)
			if ((${tried:-0} < fuzzCount)); then
				echo "MISSING: fuzz: $name has tried ${tried:-no} inputs" >>"${folder}log"
				failed=1
			fi
			inputs=$((inputs + ${tried:-0}))
		done
	fi

	printf '%s\n' "${columns[@]}" | awk -v target="$target" -v how="$how" -v must="$must" -v all="$packages" \
		-v conformance="${PICOHTTP_CONFORMANCE:-}" -v inputs="$inputs" -v failed="$failed" -v seconds=$((SECONDS - began)) '
		part == "log" {
			if ($1 == "---") {
				name = $3
				if ($2 == "PASS:") here[name] = 1
				if ($2 == "SKIP:") left[name] = 1
			} else if (($1 == "ok" || $1 == "FAIL") && $2 ~ /\//) {
				package = $2
				sub(/^github.com\/picohttp\/picohttp\/?/, "", package)
				if (package != "") package = package ":"
				for (name in here) passed[package name] = 1
				for (name in left) skipped[package name] = 1
				split("", here)
				split("", left)
			}
			next
		}
		FNR == 1 {
			exact = must !~ /^[+]/
			sub(/^[+]/, "", must)
			many = split(must, kernel, ",")
			for (k = 1; k <= many; k++) wanted[kernel[k]] = 1
			for (name in passed) {
				if (sub(/.*\/kernel=/, "", name) && !(name in ran)) {
					ran[name] = 1
					if (name in wanted) continue
					if (exact) bad("kernel " name " runs, but is not in the table of kernels")
					wanted[name] = 1
					must = name "," must
				}
			}
			for (name in skipped) {
				of = name
				if (sub(/.*kernel=/, "", of) && !(of in wanted)) continue
				if (name == "TestConformance" && conformance == "") continue
				if (name ~ /(^|:)TestAllocations$/ && target ~ / race$/) continue
				bad(name " was skipped")
			}
			many = split(must, kernel, ",")
			for (k = 1; k <= many; k++) if (kernel[k] in ran) list = list (list == "" ? "" : " ") kernel[k]
		}
		{
			cell = "-"
			for (f = 2; f <= NF; f++) {
				if ($f ~ /:/ && all == ".") continue
				kinds = split($f ~ /KIND/ ? "requests responses trailers" : "-", kind, " ")
				for (i = 1; i <= kinds; i++) {
					if ($f !~ /(KERNEL|FAST)/) need($f, kind[i], "")
					else for (k in wanted) if (k != "generic" || $f ~ /KERNEL/) need($f, kind[i], k)
				}
			}
			cells = cells "|" cell
		}
		function need(name, kind, kernel) {
			sub(/KIND/, kind, name)
			sub(/(KERNEL|FAST)/, "kernel=" kernel, name)
			if (cell == "-") cell = "yes"
			if (name in passed) return
			cell = "NO"
			bad($1 ": " name " did not pass")
		}
		function bad(why) { reasons = reasons "MISSING: " why "\n"; failed = 1 }
		END {
			if (list == "") failed = 1
			printf "%s|%s|%s%s|%s|%s, %d:%02d\n", target, list, how, cells, inputs, failed ? "FAILED" : "passed", seconds / 60, seconds % 60
			printf "%s", reasons
		}
	' part=log "${folder}log" part=columns - >"${folder}out"
	head -n 1 "${folder}out" >"${folder}cells"
	tail -n +2 "${folder}out" >>"${folder}log"
	grep -q '|passed,[^|]*$' "${folder}cells"
)

case ${1:-} in
'')
	native
	emulated
	;;
native | emulated) $1 ;;
*) echo "usage: ./matrix.sh [native|emulated [TARGET]]" && exit 2 ;;
esac
if [[ -n ${2:-} ]]; then # one target alone
	all=("${rows[@]}") rows=()
	for each in "${all[@]}"; do
		if [[ ${each%%|*} == "$2" ]]; then rows+=("$each"); fi
	done
	if [[ ${#rows[@]} == 0 ]]; then echo "matrix.sh: no target $2" && exit 2; fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'Go:      %s\nmachine: %s/%s, which must run the kernels %s\n' "$(go version)" "$os" "$arch" "$(kernelsOf "$arch")"

# worker runs rows that no other has taken.
worker() {
	local at
	for at in "${!rows[@]}"; do
		if ! mkdir "$work/$at" 2>/dev/null; then continue; fi
		if try "${rows[at]}" "$work/$at/"; then
			printf '\n-- %s\n%s\n' "${rows[at]//|/  }" "$(sed -n '/^ok/p' "$work/$at/log" 2>/dev/null)"
		else
			touch "$work/failed"
			printf '\n-- %s\n%s\n' "${rows[at]//|/  }" "$(grep -Ev '^ *(=== |--- (PASS|SKIP): )' "$work/$at/log" | tail -n 200)"
		fi
	done
}
worker & # two, for a row often waits for one test
worker
wait

# The columns are as wide as what is in them.
echo
{
	printf 'target|kernels|how'
	for column in "${columns[@]}"; do printf '|%s' "${column%% *}"; done
	printf '|fuzz|result\n'
	for at in "${!rows[@]}"; do
		cat "$work/$at/cells" 2>/dev/null || echo "${rows[at]%%|*}|FAILED: no result"
	done
} | awk -F '|' '
	{
		line[NR] = $0
		if (NF > 2) for (f = 1; f < NF; f++) if (length($f) > width[f]) width[f] = length($f)
	}
	END {
		for (n = 1; n <= NR; n++) {
			many = split(line[n], cell, "|")
			for (f = 1; f < many; f++) printf "%-" width[f] "s  ", cell[f]
			print cell[many]
		}
	}'
[[ ! -e $work/failed ]]
