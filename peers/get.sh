#!/bin/sh
# Gets the parsers that are not written in Go, all from Debian, and builds the yardstick's sides and the adaptors in C.
# They go to .build/, which git ignores. First it prints which packages it installs. PICOHTTPPARSER, LLHTTP and HTTPARSE
# may each name a folder with another version: see README.md. Run it again after you change a source file. It does not
# fetch again what it has.
set -eu
start=$PWD
cd "$(dirname "$0")"
# shellcheck source=../internal/apt.sh
. ../internal/apt.sh
mkdir -p .build

# skip NAME says that a parser is left out, because it cannot be built here. In CI that is an error.
skip() {
	[ "${CI:-}" != true ] || fail "$1 is missing."
	echo "get.sh: skipped $1"
}

# folder PATH FILE sets folder to the absolute PATH, which must have the file. It sets name to the commit, or to the
# folder's name if it is not a checkout. It returns 1 if PATH is empty.
folder() {
	[ -n "$1" ] || return 1
	folder=$(cd "$start" && cd "$1" && ls "$2" >/dev/null && pwd) || fail "there is no $2 in $1."
	name=$(git -C "$folder" describe --always --tags --dirty 2>/dev/null | tr / - | grep . || basename "$folder")
	version="checkout $name"
}

# fetch puts picohttpparser from the source package h2o into .build, and the name and version of the package into
# .build/version-h2o. It needs no root and does not change the machine's package lists, because apt gets a temporary
# folder for its state. There the machine's entries for its own release are deb-src entries.
fetch() {
	[ ! -s .build/version-h2o ] || return 0
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
	. /etc/os-release
	for file in /etc/apt/sources.list.d/*.sources; do
		if grep -qs "^Suites:.* $VERSION_CODENAME" "$file" && grep -q '^Components:.* main' "$file"; then
			sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/sources/${file##*/}"
		fi
	done
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -n "s/^deb \(.* $VERSION_CODENAME main.*\)/deb-src \1/p" >"$work/sources/own.list"
	apt() {
		apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" \
			-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@"
	}
	# apt checks the files against Debian's signed list. Without --no-check, dpkg-source would also need the key of the
	# maintainer.
	apt update && (cd "$work" && apt source --download-only h2o) &&
		dpkg-source --no-check -x "$work"/h2o_*.dsc "$work/source" >/dev/null &&
		cp "$work"/source/deps/picohttpparser/picohttpparser.[ch] .build/ &&
		sed -n "s/^Version: /h2o /p" "$work"/h2o_*.dsc >.build/version-h2o
}

# build FILE ABOUT COMMAND... compiles .build/FILE, which describes itself as ABOUT. The new file is renamed, because the
# old one may be running.
build() {
	file=$1 about=$2
	shift 2
	"$@" "-DABOUT=\"$about\"" -o .build/new && mv .build/new ".build/$file" && echo "get.sh: built .build/$file: $about"
}

# sides PEER PARSER BUILDS ARGUMENT... builds a side of a peer for each of BUILDS: gcc, gcc-lto, clang or clang-lto. PARSER
# describes the parser. At least one build must succeed.
sides() {
	peer=$1 parser=$2 builds=$3 built=
	shift 3
	for build in $builds; do
		compiler=${build%-lto} flags=$native
		[ "$compiler" = "$build" ] || flags="$flags -flto"
		# shellcheck disable=SC2086 # several flags
		build "side-$peer-$build" "$parser, $compiler $("$compiler" -dumpfullversion -dumpversion) $flags" \
			"$compiler" $flags "$@" && built=yes
	done
	[ -n "$built" ]
}

# picohttpparser PEER FOLDER builds the sides of the picohttpparser in the folder.
picohttpparser() {
	sides "$1" "picohttpparser of $version" "$all" yardstick/native/picohttpparser.c "-I$2" "$2/picohttpparser.c"
}

# llhttp PEER INCLUDE SOURCE... builds the sides of the llhttp with these sources.
llhttp() {
	peer=$1 include=$2
	shift 2
	sides "$peer" "llhttp of $version" "$all" yardstick/native/llhttp.c "-I$include" "$@"
}

# httparse PEER FOLDER builds the side of the httparse in the folder. It uses cargo, because httparse has a build script,
# which detects SIMD.
httparse() {
	project=.build/rust/$1
	mkdir -p "$project"
	cat >"$project/Cargo.toml" <<END
package = { name = "side", version = "0.0.0", edition = "2021" }
lib = { path = "$PWD/yardstick/native/httparse.rs", crate-type = ["staticlib"] }
dependencies = { httparse = { path = "$2" } }
profile.release = { opt-level = 3, lto = true, codegen-units = 1, panic = "abort" }
END
	(cd "$project" && RUSTFLAGS='-C target-cpu=native --cap-lints=allow' cargo build --quiet --offline --release) || return 1
	rustc="$(rustc --version | cut -d ' ' -f 1,2) opt-level=3 lto codegen-units=1 target-cpu=native"
	# shellcheck disable=SC2086 # several flags
	build "side-$1-rustc" "httparse of $version, $rustc, its loop by gcc $(gcc -dumpfullversion) $native" \
		gcc $native yardstick/native/httparse.c "$project/target/release/libside.a"
}

boost=libboost1.81-dev # in Debian 12, where libboost-dev is older
apt-cache show $boost >/dev/null 2>&1 || boost=libboost-dev

echo "get.sh: source package, fetched unless it is in .build: h2o (picohttpparser)"
need gcc "it builds what is in C and C++" command -v gcc
need clang "it builds the same" command -v clang
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
install || true # the parsers that need what is missing say so

touch .build/started
all="gcc gcc-lto clang-lto" native="-O3 -march=native" format="\${Package} \${Version}"
{
	fetch && version=$(cat .build/version-h2o) &&
		picohttpparser pico-native .build &&
		(native=-O3 && sides pico-scalar "picohttpparser of $version" gcc yardstick/native/picohttpparser.c -I.build \
			.build/picohttpparser.c) &&
		build adaptor-picohttpparser "$version" gcc -O2 adaptors/picohttpparser.c -I.build .build/picohttpparser.c
} || fail "picohttpparser cannot be had from the source package h2o, or does not build."
{
	version=$(dpkg-query -W -f "$format" node-llhttp) && llhttp llhttp /usr/share/include/llhttp /usr/share/llhttp/*.c &&
		build adaptor-llhttp "$version" gcc -O2 adaptors/llhttp.c -I/usr/share/include/llhttp /usr/share/llhttp/*.c
} || skip llhttp
{
	version=$(dpkg-query -W -f "$format" $boost) && sides beast "Boost.Beast of $version" "gcc clang" yardstick/native/beast.cpp -lstdc++
} || skip beast
crate=$(printf '%s\n' /usr/share/cargo/registry/httparse-* | sort -V | tail -n 1) # the newest
{
	version=$(dpkg-query -W -f "$format" librust-httparse-dev) && httparse httparse "$crate"
} || skip httparse

if folder "${PICOHTTPPARSER:-}" picohttpparser.c; then
	picohttpparser "picohttpparser@$name" "$folder" || fail "the picohttpparser in $folder does not build."
fi
if folder "${LLHTTP:-}" include/llhttp.h; then
	llhttp "llhttp@$name" "$folder/include" "$folder"/src/*.c || fail "the llhttp in $folder does not build."
fi
if folder "${HTTPARSE:-}" Cargo.toml; then
	httparse "httparse@$name" "$folder" || fail "the httparse in $folder does not build."
fi

# Sides and adaptors of earlier runs would be measured, too.
find .build -maxdepth 1 \( -name 'side-*' -o -name 'adaptor-*' \) ! -newer .build/started -delete
