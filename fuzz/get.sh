#!/bin/sh
# Installs what the libFuzzer binaries are linked with: clang and its runtime. All
# else that run.sh needs is in go.mod.
set -eu

fail() {
	echo "get.sh: $*" >&2
	exit 1
}

links() {
	echo 'int LLVMFuzzerTestOneInput(const char *b, long n) { return 0; }' |
		clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null
}

command -v clang >/dev/null && links && exit
echo "get.sh: installing the packages clang and libclang-rt-dev: they link libFuzzer binaries"
command -v apt-get >/dev/null || fail "there is no apt-get; install clang and its libFuzzer runtime some other way."
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	command -v sudo >/dev/null || fail "installing packages needs root, and there is no sudo."
fi
$sudo apt-get -qq update || fail "apt-get update failed, so nothing can be installed."
$sudo apt-get -qq install --no-install-recommends clang libclang-rt-dev || fail "clang and libclang-rt-dev cannot be installed."
links || fail "clang still does not link with -fsanitize=fuzzer."
