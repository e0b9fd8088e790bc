#!/usr/bin/env bash
# Runs scripts/test.sh of SOURCE, copied to SCRATCH, with a path that holds a few plain tools alone: no compiler, CMake, Python or apt.
set -euo pipefail
source=$1 scratch=$2

rm -rf "$scratch"
mkdir -p "$scratch/bin" "$scratch/clone"
cp -r "$source/scripts" "$scratch/clone/"
for tool in bash env cat awk sort head grep mkdir id uname dirname; do ln -s "$(command -v "$tool")" "$scratch/bin/$tool"; done

status=0
said=$(env -i PATH="$scratch/bin" bash "$scratch/clone/scripts/test.sh" 2>&1) || status=$?
echo "$said"

fail() { echo "FAILED: $*" && exit 1; }
[ "$status" -eq 1 ] || fail "expected exit status 1, got $status"
[ "$(grep -c 'cannot be built here yet' <<<"$said")" -eq 1 ] || fail "expected one message"
for name in "C++20 compiler" "CMake >= 3.25" Ninja "LibTorch >= 2.4" Eigen Catch2 "Google Benchmark" CLI11 nlohmann/json; do
  line=$(grep -F -- "- " <<<"$said" | grep -F "$name") || fail "$name is not named"
  grep -qE 'apt install|pip install' <<<"$line" || fail "no word of how to get $name: $line"
done
