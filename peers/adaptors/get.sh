#!/bin/sh
# Builds the drivers of parsers in C into .build/, which git ignores: llhttp, whose C
# source is in Debian's package node-llhttp, and picohttpparser, which ../get.sh has
# fetched.
set -eu
cd "$(dirname "$0")"

fail() {
	echo "adaptors/get.sh: $*" >&2
	exit 1
}

if ! [ -f /usr/share/llhttp/llhttp.c ]; then
	echo "adaptors/get.sh: installing the package node-llhttp: it has llhttp's C source"
	command -v apt-get >/dev/null || fail "there is no apt-get to install node-llhttp with."
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
		command -v sudo >/dev/null || fail "installing node-llhttp needs root, and there is no sudo."
	fi
	$sudo apt-get -qq update || fail "apt-get update failed, so node-llhttp cannot be installed."
	$sudo apt-get -qq install --no-install-recommends node-llhttp || fail "the package node-llhttp cannot be installed."
fi
pico=../.build
[ -f "$pico/picohttpparser.c" ] || fail "there is no $pico/picohttpparser.c: run ../get.sh first."
mkdir -p .build
gcc -O2 -I/usr/share/include/llhttp -o .build/llhttp llhttp.c /usr/share/llhttp/*.c || fail "gcc cannot build llhttp."
gcc -O2 -I"$pico" -o .build/picohttpparser picohttpparser.c "$pico/picohttpparser.c" || fail "gcc cannot build picohttpparser."
echo "adaptors/get.sh: built .build/llhttp and .build/picohttpparser"
