#!/usr/bin/env bash
# ClusterFuzzLite looks for it here.
exec bash "$SRC/picohttp/fuzz/oss-fuzz/build.sh"
