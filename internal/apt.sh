# shellcheck shell=sh
# Read by testall.sh and by the get.sh of each nested module: how packages of Debian or a
# relative of it are installed. It is no command.

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}
[ $# = 0 ] || fail "what is $1? It takes no arguments."

# need PACKAGE WHY COMMAND... notes a package that is to be installed, unless the command succeeds.
packages=
need() {
	package=$1 why=$2
	shift 2
	"$@" >/dev/null 2>&1 && return
	echo "${0##*/}: package $package: $why"
	packages="$packages $package"
}

# install installs the packages noted. It goes on without one that cannot be had, and then
# returns 1.
install() {
	[ -n "$packages" ] || return 0
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get -qq update || fail "apt-get update failed, so$packages cannot be installed."
	missing=0
	for package in $packages; do
		$sudo apt-get -qq install --no-install-recommends "$package" && continue
		echo "${0##*/}: the package $package cannot be installed." >&2
		missing=1
	done
	return $missing
}
