# shellcheck shell=sh
# Functions that install packages of Debian or one of its relatives. testall.sh and the get.sh of
# each nested module source this file.

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}
[ $# = 0 ] || fail "unexpected argument $1."

# need PACKAGE WHY COMMAND... adds a package to those to install, unless the command succeeds.
packages=
need() {
	package=$1 why=$2
	shift 2
	"$@" >/dev/null 2>&1 && return
	echo "${0##*/}: package $package: $why"
	packages="$packages $package"
}

# install installs the packages that need has added. If one cannot be installed, it says so,
# continues with the others, and returns 1.
install() {
	[ -n "$packages" ] || return 0
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get -qq update || true # what the old lists have can still be installed
	missing=0
	for package in $packages; do
		$sudo apt-get -qq install --no-install-recommends "$package" && continue
		echo "${0##*/}: the package $package cannot be installed." >&2
		missing=1
	done
	return $missing
}
