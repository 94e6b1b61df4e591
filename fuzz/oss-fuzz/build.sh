#!/usr/bin/env bash
# Copyright 2026 The picohttp Authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
#
################################################################################

# Builds the targets for OSS-Fuzz and ClusterFuzzLite, whose variables these are:
# $SRC has the sources, and to $OUT go a binary, its seeds, dictionary and options for
# each target. With SANITIZER=coverage the binary is a test of Go, which runs a corpus
# and writes a profile, as OSS-Fuzz's script "coverage" wants it. In fuzz/run.sh this is
# the engine libfuzzer.
set -euo pipefail
cd "$SRC/picohttp/fuzz"
export GOFLAGS=-buildvcs=false

rm -rf .build/seeds
go run ./cmd/corpus .build/seeds
module=github.com/picohttp/picohttp
if [[ ${SANITIZER:-} == coverage ]]; then
	go test -c -covermode=atomic -coverpkg="$module/..." -o .build/test ./targets
else
	# The edges of the standard library do not compile, and the mutator's say nothing.
	keep=$(go list std ./mutate ./differ ./corpus "$module/internal/guard" golang.org/x/sys/unix)
	go tool go-fuzz-build -preserve "${keep//$'\n'/,}" -o .build/targets.a -libfuzzer -func FuzzByName ./targets
fi
functions=
for seeds in .build/seeds/*; do
	target=${seeds##*/}
	if [[ ${SANITIZER:-} == coverage ]]; then
		cp .build/test "$OUT/$target"
		echo "s=$module=$SRC/picohttp=" >"$OUT/$target.gocovpath"
		functions+="${functions:+,}\"$target\":\"TestCorpus/$target\""
		echo "{$functions}" >"$OUT/fuzzer_function_names.json"
	else
		# libFuzzer refers to our mutator too weakly to have the linker take it out of the archive.
		# shellcheck disable=SC2086 # flags are words
		$CXX $CXXFLAGS $LIB_FUZZING_ENGINE -Wl,-u,LLVMFuzzerCustomMutator .build/targets.a -o "$OUT/$target"
	fi
	rm -f "$OUT/${target}_seed_corpus.zip"
	zip -qj "$OUT/${target}_seed_corpus.zip" "$seeds"/*
	cp mutate/http.dict "$OUT/$target.dict"
	printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/$target.options"
done
