#!/bin/sh
# Gets the parsers that are not written in Go, and builds into .build/, which git ignores, the yardstick's sides,
# the oracle, and the adaptors in C. All of it comes from Debian. The packages are printed first. PICOHTTPPARSER, LLHTTP,
# and HTTPARSE may each name a folder with another version: see README.md. After a change of a source file, run get.sh
# again. It does not fetch again what it has.
set -eu
start=$PWD
cd "$(dirname "$0")"
# shellcheck source=../internal/apt.sh
. ../internal/apt.sh
mkdir -p .build

# skip NAME names a parser that cannot be built here, for the reason that is printed before. CI must have it.
skip() {
	[ "${CI:-}" != true ] || fail "$1 is missing."
	echo "get.sh: skipped $1"
}

# folder PATH FILE prints the absolute path of a folder that must have the file, or nothing if PATH is empty.
folder() {
	[ -z "$1" ] || (cd "$start" && cd "$1" && ls "$2" >/dev/null && pwd)
}

# version FOLDER prints the commit of a checkout, or the name of a folder that is not one.
version() {
	git -C "$1" describe --always --tags --dirty 2>/dev/null | tr / - | grep . || basename "$1"
}

# package NAME prints the name and the version of a package that is installed.
package() {
	dpkg-query -W -f '${Package} ${Version}' "$1"
}

# sources FOLDER writes this machine's apt entries for its own release to the folder as deb-src entries, with the same
# addresses and signing keys.
sources() {
	. /etc/os-release
	for file in /etc/apt/sources.list.d/*.sources; do
		if grep -qs "^Suites:.* $VERSION_CODENAME" "$file" && grep -q '^Components:.* main' "$file"; then
			sed 's/^Types:.*/Types: deb-src/' "$file" >"$1/${file##*/}"
		fi
	done
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n "s/^deb \(.* $VERSION_CODENAME main.*\)/deb-src \1/p" >"$1/own.list"
}

# fetch PACKAGE FILE... puts files of a source package into .build, and its name and version into
# .build/version-PACKAGE. It gives apt a state of its own in a temporary folder, so it needs no root and leaves the
# machine's package lists as they are.
fetch() {
	package=$1
	shift
	[ ! -s ".build/version-$package" ] || return 0
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/sources.list.d" "$work/lists/partial" "$work/cache/archives/partial"
	sources "$work/sources.list.d"
	apt() {
		apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources.list.d" \
			-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@"
	}
	apt update || return 1
	(cd "$work" && apt source --download-only "$package") || return 1
	# apt has checked the files against Debian's signed list. dpkg-source would also ask for the maintainer's key, which
	# few machines have.
	dpkg-source --no-check -x "$work/$package"_*.dsc "$work/source" >/dev/null || return 1
	for file; do
		cp "$work/source/$file" .build/ || return 1
	done
	sed -n "s/^Version: /$package /p" "$work/$package"_*.dsc >".build/version-$package"
	rm -rf "$work"
}

# build FILE ABOUT COMMAND... runs a C compiler that writes .build/FILE, which describes itself as ABOUT. The file is renamed,
# because the one before it may be running.
build() {
	file=$1 about=$2
	shift 2
	"$@" "-DABOUT=\"$about\"" -o .build/new && mv .build/new ".build/$file" && echo "get.sh: built .build/$file: $about"
}

# sides PEER PARSER BUILDS FLAGS ARGUMENT... builds the sides of a peer, one for each of BUILDS, which are gcc, gcc-lto,
# clang, and clang-lto. PARSER says which parser it is. One build must succeed.
sides() {
	peer=$1 parser=$2 builds=$3 flags=$4 built=
	shift 4
	for build in $builds; do
		compiler=${build%-lto}
		lto=
		[ "$compiler" = "$build" ] || lto=" -flto"
		about="$parser, $compiler $("$compiler" -dumpfullversion -dumpversion) $flags$lto"
		# shellcheck disable=SC2086 # several flags
		build "side-$peer-$build" "$about" "$compiler" $flags$lto -pthread "$@" && built=yes
	done
	[ -n "$built" ]
}

# rust PEER PARSER FOLDER builds the side of the httparse in the folder. Its build script, which finds SIMD, needs cargo.
rust() {
	project=.build/rust/$1
	mkdir -p "$project"
	cat >"$project/Cargo.toml" <<END
package = { name = "side", version = "0.0.0", edition = "2021" }
bin = [{ name = "side", path = "$PWD/yardstick/native/httparse.rs" }]
dependencies = { httparse = { path = "$3" } }
profile.release = { opt-level = 3, lto = true, codegen-units = 1 }
END
	ABOUT="$2, $(rustc --version | cut -d ' ' -f 1,2) opt-level=3 lto codegen-units=1 target-cpu=native"
	export ABOUT
	(cd "$project" && RUSTFLAGS='-C target-cpu=native --cap-lints=allow' cargo build --quiet --offline --release) || return 1
	cp "$project/target/release/side" .build/new && mv .build/new ".build/side-$1-rustc" &&
		echo "get.sh: built .build/side-$1-rustc: $ABOUT"
}

pico_folder=$(folder "${PICOHTTPPARSER:-}" picohttpparser.c)
llhttp_folder=$(folder "${LLHTTP:-}" include/llhttp.h)
httparse_folder=$(folder "${HTTPARSE:-}" Cargo.toml)
boost=libboost1.81-dev # Debian 12 has it, and its default is older
apt-cache show $boost >/dev/null 2>&1 || boost=libboost-dev

echo "get.sh: source packages, fetched unless they are in .build: h2o (picohttpparser), http-parser"
need gcc "it builds what is in C" command -v gcc
need clang "it builds the same, as another compiler" command -v clang
need libc6-dev "C's headers" [ -f /usr/include/stdio.h ]
need g++ "C++'s headers" command -v g++
need $boost "Boost.Beast, which is in headers" dpkg-query -s $boost
need dpkg-dev "it unpacks source packages" command -v dpkg-source
need util-linux "taskset, which pins a side to a CPU" command -v taskset
need node-llhttp "llhttp's C source" [ -f /usr/share/llhttp/llhttp.c ]
need librust-httparse-dev "httparse's Rust source" sh -c 'ls /usr/share/cargo/registry/httparse-*/src/lib.rs'
need python3-h11 "h11, and python3" /usr/bin/python3 -c 'import h11'
need nodejs "node's parser" command -v node
need cargo "it builds httparse's side" command -v cargo
install || true # what needs the package says so

touch .build/started
all="gcc gcc-lto clang-lto" native="-O3 -march=native"
pico=yardstick/native/picohttpparser.c callbacks=yardstick/native/callbacks.c

set -- -I.build .build/picohttpparser.c
{
	fetch h2o deps/picohttpparser/picohttpparser.c deps/picohttpparser/picohttpparser.h &&
		version=$(cat .build/version-h2o) &&
		sides pico-native "picohttpparser of $version" "$all" "$native" $pico "$@" &&
		sides pico-scalar "picohttpparser of $version" gcc -O3 $pico "$@" &&
		build oracle "$version" gcc -O2 -march=native "-DSOURCE=\"$version\"" oracle/oracle.c "$@" &&
		build adaptor-picohttpparser "$version" gcc -O2 adaptors/picohttpparser.c "$@"
} || fail "picohttpparser cannot be had from the source package h2o, or does not build."
if [ -n "$pico_folder" ]; then
	version=$(version "$pico_folder")
	set -- "-I$pico_folder" "$pico_folder/picohttpparser.c"
	{
		sides "picohttpparser@$version" "picohttpparser of checkout $version" "$all" "$native" $pico "$@" &&
			build oracle-checkout "$version" gcc -O2 -march=native "-DSOURCE=\"checkout $version\"" oracle/oracle.c "$@"
	} || fail "the picohttpparser in $pico_folder does not build."
fi

set -- -I/usr/share/include/llhttp /usr/share/llhttp/*.c
{
	version=$(package node-llhttp) &&
		sides llhttp "llhttp of $version" "$all" "$native" -DLLHTTP $callbacks "$@" &&
		build adaptor-llhttp "$version" gcc -O2 adaptors/llhttp.c "$@"
} || skip llhttp
if [ -n "$llhttp_folder" ]; then
	version=$(version "$llhttp_folder")
	sides "llhttp@$version" "llhttp of checkout $version" "$all" "$native" -DLLHTTP $callbacks "-I$llhttp_folder/include" \
		"$llhttp_folder"/src/*.c || fail "the llhttp in $llhttp_folder does not build."
fi

{
	fetch http-parser http_parser.c http_parser.h &&
		version=$(cat .build/version-http-parser) &&
		sides http_parser "http_parser of $version" "$all" "$native" $callbacks -I.build .build/http_parser.c
} || skip http_parser

{
	version=$(package $boost) &&
		sides beast "Boost.Beast of $version" "gcc clang" "$native" yardstick/native/beast.cpp -lstdc++
} || skip beast

for crate in /usr/share/cargo/registry/httparse-*; do :; done # the last one
{
	version=$(package librust-httparse-dev) &&
		rust httparse "httparse of $version" "$crate"
} || skip httparse
if [ -n "$httparse_folder" ]; then
	version=$(version "$httparse_folder")
	rust "httparse@$version" "httparse of checkout $version" "$httparse_folder" ||
		fail "the httparse in $httparse_folder does not build."
fi

# What was not built would be measured.
find .build -maxdepth 1 \( -name 'side-*' -o -name 'adaptor-*' -o -name 'oracle*' \) ! -newer .build/started -delete
