#!/usr/bin/env bash
# Sets up what is missing, builds everything and runs the tests through ctest.
#
#   scripts/test.sh            unit tests, every header alone, consumer projects
#   scripts/test.sh --all      these, and what is labelled "extended": clang, sanitizers, documentation snippets, the site
#   scripts/test.sh -R idcl    further arguments go to ctest
case ${1:-} in -h | --help) sed -n '2,/^case/{/^case/d;s/^# \{0,1\}//;p}' "$0" && exit ;; esac
source "$(dirname "$0")/setup.sh"

part=(-LE extended)
if [ "${1:-}" = --all ]; then
  shift
  part=()
  command -v clang++-19 >/dev/null || command -v clang++ >/dev/null || from_apt clang-19 libomp-19-dev || say "no clang++, its tests are skipped"
fi

setup
build all
say "running the tests"
ctest --test-dir build/default --output-on-failure --parallel "$CMAKE_BUILD_PARALLEL_LEVEL" ${part[@]+"${part[@]}"} "$@"
