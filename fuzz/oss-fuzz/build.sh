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
# the engine ossfuzz.
set -euo pipefail
cd "$SRC/picohttp/fuzz"
export GOFLAGS=-buildvcs=false

if [[ ${SANITIZER:-} == coverage ]]; then
	module=$(go list -m github.com/picohttp/picohttp)
	module=${module%% *}
	go test -c -covermode=atomic -coverpkg="$module/..." -o "$OUT/.test" ./targets
	./run.sh -build seeds
	names=
	for seeds in .build/seeds/[A-Z]*; do
		target=${seeds##*/}
		cp "$OUT/.test" "$OUT/$target"
		echo "s=$module=$SRC/picohttp=" >"$OUT/$target.gocovpath"
		names+="${names:+,}\"$target\":\"TestCorpus/$target\""
	done
	echo "{$names}" >"$OUT/fuzzer_function_names.json"
	rm "$OUT/.test"
else
	./run.sh -build archive
	for seeds in .build/seeds/[A-Z]*; do
		target=${seeds##*/}
		# shellcheck disable=SC2086 # flags are words
		$CXX $CXXFLAGS $LIB_FUZZING_ENGINE -Wl,-u,LLVMFuzzerCustomMutator .build/targets.a -o "$OUT/$target"
	done
fi
for seeds in .build/seeds/[A-Z]*; do
	target=${seeds##*/}
	rm -f "$OUT/${target}_seed_corpus.zip"
	zip -qj "$OUT/${target}_seed_corpus.zip" "$seeds"/*
	cp mutate/http.dict "$OUT/$target.dict"
	printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/$target.options"
done
