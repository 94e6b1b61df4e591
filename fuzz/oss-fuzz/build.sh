#!/usr/bin/env bash
# Builds the targets for OSS-Fuzz and ClusterFuzzLite, whose variables these are:
# $SRC has the sources, and to $OUT go a binary, its seeds, dictionary and options for
# each target.
set -euo pipefail
cd "$SRC/picohttp/fuzz"

./run.sh -build libfuzzer
for seeds in .build/seeds/[A-Z]*; do
	target=${seeds##*/}
	# shellcheck disable=SC2086 # flags are words
	$CXX $CXXFLAGS $LIB_FUZZING_ENGINE -Wl,-u,LLVMFuzzerCustomMutator .build/targets.a -o "$OUT/$target"
	zip -qj "$OUT/${target}_seed_corpus.zip" "$seeds"/*
	cp mutate/http.dict "$OUT/$target.dict"
	printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/$target.options"
done
