#!/bin/sh
# Installs what the examples are tested with besides Go: curl for e2e, wrk and
# taskset of util-linux for load.
set -eu

fail() {
	echo "get.sh: $*" >&2
	exit 1
}

# install COMMAND PACKAGE installs a package unless its command is there.
install() {
	if command -v "$1" >/dev/null; then
		return
	fi
	echo "get.sh: apt-get install $2"
	command -v apt-get >/dev/null || fail "there is no apt-get to install $2 with; install $1 some other way."
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
		command -v sudo >/dev/null || fail "installing $2 needs root, and there is no sudo."
	fi
	$sudo apt-get -qq update || fail "apt-get update failed, so $2 cannot be installed."
	$sudo apt-get -qq install --no-install-recommends "$2" || fail "the package $2 cannot be installed."
}

install curl curl
install wrk wrk
install taskset util-linux
