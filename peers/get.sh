#!/bin/sh
# Gets picohttpparser's C source from Debian and builds with it, into .build/ (which
# git ignores), the yardstick, twice, and the oracle. If PICOHTTPPARSER names a
# checkout of picohttpparser, a folder with picohttpparser.c, it builds an
# oracle-checkout with that, too. Run it again after a change of a C file: what is
# there already is not fetched again.
set -eu
checkout=${PICOHTTPPARSER:+$(cd "$PICOHTTPPARSER" && pwd)}
cd "$(dirname "$0")"

fail() {
	echo "get.sh: $*" >&2
	exit 1
}

# install COMMAND PACKAGE WHY installs a package unless its command is there.
install() {
	if command -v "$1" >/dev/null; then
		return
	fi
	echo "get.sh: installing the package $2: $3"
	command -v apt-get >/dev/null || fail "there is no apt-get to install $2 with; install $1 some other way."
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
		command -v sudo >/dev/null || fail "installing $2 needs root, and there is no sudo."
	fi
	$sudo apt-get -qq update || fail "apt-get update failed, so $2 cannot be installed."
	$sudo apt-get -qq install --no-install-recommends "$2" || fail "the package $2 cannot be installed."
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

# fetch puts picohttpparser.c, picohttpparser.h and the version of the source
# package into .build. It gives apt a state of its own in a temporary folder,
# so it needs no root and leaves the machine's package lists as they are.
fetch() {
	command -v apt-get >/dev/null || fail "the C source comes from Debian's source package h2o, and there is no apt-get."
	install dpkg-source dpkg-dev "it unpacks the source package"
	echo "get.sh: fetching Debian's source package h2o: its deps/picohttpparser is what yardstick and oracle are built from"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/sources.list.d" "$work/lists/partial" "$work/cache/archives/partial"
	sources "$work"
	set -- -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources.list.d" \
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)"
	apt-get "$@" update || fail "apt cannot read the list of source packages."
	(cd "$work" && apt-get "$@" source --download-only h2o) || fail "apt cannot fetch the source package h2o."
	# apt has checked the files against Debian's signed list; dpkg-source would
	# ask for the maintainer's key as well, which few machines have.
	dpkg-source --no-check -x "$work"/h2o_*.dsc "$work/h2o" >/dev/null || fail "the source package h2o does not unpack."
	for file in picohttpparser.c picohttpparser.h; do
		cp "$work/h2o/deps/picohttpparser/$file" .build/ || fail "the source package h2o has no deps/picohttpparser/$file."
	done
	sed -n 's/^Version: /h2o /p' "$work"/h2o_*.dsc >.build/version
}

# build NAME C FOLDER SOURCE FLAGS... builds .build/NAME from a C file of ours and the
# picohttpparser in a folder; SOURCE is what it says that this is.
build() {
	name=$1 file=$2 folder=$3 source=$4
	shift 4
	gcc "$@" -I"$folder" -DSOURCE="\"$source\"" -DFLAGS="\"$*\"" \
		-o ".build/$name" "$file" "$folder/picohttpparser.c" ||
		fail "gcc $* cannot build .build/$name from $file and $folder/picohttpparser.c."
	echo "get.sh: built .build/$name from $file and the picohttpparser of $source, with gcc $*"
}

install gcc gcc "it builds the yardstick and the oracle"
echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || fail "gcc finds no stdio.h: install the package libc6-dev."
mkdir -p .build
[ -s .build/version ] || fetch
version=$(cat .build/version)
build yardstick-native yardstick/yardstick.c .build "$version" -O3 -march=native
build yardstick-scalar yardstick/yardstick.c .build "$version" -O3
build oracle oracle/oracle.c .build "$version" -O2 -march=native
rm -f .build/oracle-checkout # or an old one would be asked in a new way
if [ -n "$checkout" ]; then
	[ -f "$checkout/picohttpparser.c" ] || fail "PICOHTTPPARSER is $checkout, where no picohttpparser.c is."
	source=$checkout
	if [ -e "$checkout/.git" ]; then
		source="h2o/picohttpparser $(git -C "$checkout" describe --always --dirty)"
	fi
	build oracle-checkout oracle/oracle.c "$checkout" "$source" -O2 -march=native
fi
