#!/bin/sh
# Gets the parsers that are not in Go, and builds with them, into .build/ (which git
# ignores), the yardstick's sides, the oracle and the adaptors in C. All comes from Debian; what that is
# is printed first. If PICOHTTPPARSER names a checkout of picohttpparser, a folder
# with picohttpparser.c, it builds an oracle-checkout with that, too. Run it again
# after a change of a C file: what is there already is not fetched again.
set -eu
checkout=${PICOHTTPPARSER:+$(cd "$PICOHTTPPARSER" && pwd)}
cd "$(dirname "$0")"
. ../internal/apt.sh
mkdir -p .build

# skip NAME WHY leaves out a parser that cannot be had here, which CI has to have.
skip() {
	rm -f ".build/$1" ".build/adaptor-$1" # or an old one would be measured
	[ "${CI:-}" != true ] || fail "$1: $2"
	echo "get.sh: skipped $1: $2"
}

# sources prints this machine's apt entry for its own release as a deb-src
# entry, with the same address and the same signing key.
sources() {
	. /etc/os-release
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] || continue
		grep -v '^#' "$file" | awk -v release="$VERSION_CODENAME" '
			BEGIN { RS = ""; ORS = "\n\n" }
			$0 ~ "(^|\n)Suites:[^\n]* " release "( |\n|$)" && /(^|\n)Components:[^\n]* main/ {
				sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src")
				print
			}' >>"$1/sources.list.d/source.sources"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] || continue
		sed -n "s/^deb \(.* $VERSION_CODENAME main.*\)/deb-src \1/p" "$file" >>"$1/sources.list.d/source.list"
	done
}

# fetch PACKAGE FILE... puts files of a source package into .build, and its name
# and version into .build/version-PACKAGE. It gives apt a state of its own in a temporary folder, so it
# needs no root and leaves the machine's package lists as they are.
fetch() {
	package=$1
	shift
	[ ! -s ".build/version-$package" ] || return 0
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/sources.list.d" "$work/lists/partial" "$work/cache/archives/partial"
	sources "$work"
	apt() {
		apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources.list.d" \
			-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" "$@"
	}
	apt update || return 1
	(cd "$work" && apt source --download-only "$package") || return 1
	# apt has checked the files against Debian's signed list; dpkg-source would
	# ask for the maintainer's key as well, which few machines have.
	dpkg-source --no-check -x "$work/$package"_*.dsc "$work/source" >/dev/null || return 1
	for file; do
		cp "$work/source/$file" .build/ || return 1
	done
	sed -n "s/^Version: /$package /p" "$work/$package"_*.dsc >".build/version-$package"
	rm -rf "$work"
}

# build NAME SOURCE FLAGS... builds .build/NAME with gcc; SOURCE is what it says that
# its parser comes from. -O3 and the like are what it says of itself.
build() {
	name=$1 source=$2
	shift 2
	flags=
	for flag; do
		case $flag in -O* | -m*) flags="$flags $flag" ;; esac
	done
	gcc "$@" -DSOURCE="\"$source\"" -DFLAGS="\"${flags# }\"" -o ".build/$name" || return 1
	echo "get.sh: built .build/$name with the parser of $source, gcc$flags"
}

echo "get.sh: source packages, fetched unless they are in .build: h2o (picohttpparser), http-parser"
need gcc "it builds all that is in C" command -v gcc
need libc6-dev "C's headers" [ -f /usr/include/stdio.h ]
need dpkg-dev "it unpacks source packages" command -v dpkg-source
need util-linux "taskset, which pins a side to a CPU" command -v taskset
need node-llhttp "llhttp's C source" [ -f /usr/share/llhttp/llhttp.c ]
need librust-httparse-dev "httparse's Rust source" sh -c 'ls /usr/share/cargo/registry/httparse-*/src/lib.rs'
need python3-h11 "h11, and python3" /usr/bin/python3 -c 'import h11'
need nodejs "node's parser" command -v node
need cargo "it builds httparse's side" command -v cargo
install || true # what needs the package says so

fetch h2o deps/picohttpparser/picohttpparser.c deps/picohttpparser/picohttpparser.h ||
	fail "the source package h2o cannot be had, and picohttpparser is in it."
pico="-I.build .build/picohttpparser.c" version=$(cat .build/version-h2o)
# shellcheck disable=SC2086 # $pico is two words
build yardstick-native "$version" -O3 -march=native -pthread yardstick/native/picohttpparser.c $pico &&
	build yardstick-scalar "$version" -O3 -pthread yardstick/native/picohttpparser.c $pico &&
	build oracle "$version" -O2 -march=native oracle/oracle.c $pico &&
	build adaptor-picohttpparser "$version" -O2 adaptors/picohttpparser.c $pico ||
	fail "gcc cannot build with picohttpparser."

if [ -f /usr/share/llhttp/llhttp.c ]; then
	version=$(dpkg-query -W -f '${Package} ${Version}' node-llhttp)
	build llhttp "$version" -O3 -march=native -pthread -DLLHTTP \
		-I/usr/share/include/llhttp yardstick/native/callbacks.c /usr/share/llhttp/*.c &&
		build adaptor-llhttp "$version" -O2 -I/usr/share/include/llhttp adaptors/llhttp.c /usr/share/llhttp/*.c || skip llhttp "it does not build"
else
	skip llhttp "there is no /usr/share/llhttp/llhttp.c"
fi

if fetch http-parser http_parser.c http_parser.h; then
	build http_parser "$(cat .build/version-http-parser)" -O3 -march=native -pthread -I.build \
		yardstick/native/callbacks.c .build/http_parser.c || skip http_parser "it does not build"
else
	skip http_parser "the source package http-parser cannot be had"
fi

# httparse has a build script, which asks for SIMD where the target has it: so cargo, not rustc.
crate=$(ls -d /usr/share/cargo/registry/httparse-* 2>/dev/null | tail -n 1)
if [ -n "$crate" ] && command -v cargo >/dev/null; then
	mkdir -p .build/rust
	cat >.build/rust/Cargo.toml <<END
[package]
name = "httparse-side"
version = "0.0.0"
edition = "2021"
[[bin]]
name = "httparse-side"
path = "../../yardstick/native/httparse.rs"
[dependencies]
httparse = { path = "$crate" }
[profile.release]
opt-level = 3
codegen-units = 1
lto = true
END
	SOURCE=$(dpkg-query -W -f '${Package} ${Version}' librust-httparse-dev)
	BUILD="$(rustc --version | cut -d ' ' -f 1,2) opt-level=3 lto target-cpu=native"
	export SOURCE BUILD
	if (cd .build/rust && RUSTFLAGS='-C target-cpu=native --cap-lints=allow' cargo build --quiet --offline --release); then
		cp .build/rust/target/release/httparse-side .build/httparse
		echo "get.sh: built .build/httparse with the parser of $SOURCE, $BUILD"
	else
		skip httparse "cargo does not build it"
	fi
else
	skip httparse "there is no /usr/share/cargo/registry/httparse-*, or no cargo"
fi

rm -f .build/oracle-checkout # or an old one would be asked in a new way
if [ -n "$checkout" ]; then
	[ -f "$checkout/picohttpparser.c" ] || fail "PICOHTTPPARSER is $checkout, where no picohttpparser.c is."
	source=$checkout
	if [ -e "$checkout/.git" ]; then
		source="h2o/picohttpparser $(git -C "$checkout" describe --always --dirty)"
	fi
	build oracle-checkout "$source" -O2 -march=native -I"$checkout" oracle/oracle.c "$checkout/picohttpparser.c" ||
		fail "gcc cannot build .build/oracle-checkout."
fi
