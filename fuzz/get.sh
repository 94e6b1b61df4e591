#!/bin/sh
# Installs what the libFuzzer binaries are linked with, clang and its runtime, and zip,
# for the seeds of OSS-Fuzz. All else that run.sh needs is in go.mod.
set -eu
cd "$(dirname "$0")"
. ../internal/apt.sh

links() {
	echo 'int LLVMFuzzerTestOneInput(const char *b, long n) { return 0; }' |
		clang -fsanitize=fuzzer -x c -o /dev/null -
}

need clang "it links libFuzzer binaries" command -v clang
need libclang-rt-dev "its libFuzzer runtime" links
need zip "it packs seeds for OSS-Fuzz" command -v zip
need unzip "it unpacks them, to try them here" command -v unzip
install
links || fail "clang does not link with -fsanitize=fuzzer."
