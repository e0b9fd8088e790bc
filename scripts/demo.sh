#!/usr/bin/env bash
# Builds idcl-merc, makes two synthetic corpora and trains the settings A, B and C on them over three seeds:
#   A  cross-entropy alone,   B  with the IDCL term,   C  with the IDCL term after pre-training on the other corpus.
#
#   scripts/demo.sh            under three minutes on two cores, once built
#   scripts/demo.sh --small    two seeds, few and short dialogs: shows that it runs
#
# Everything it makes lies in out/demo; running it again makes it anew.
source "$(dirname "$0")/setup.sh"

out=out/demo
iemocap=() meld=() training=(--preset demo --seeds 3)
case ${1:-} in
  "") ;;
  --small)
    out=out/demo-small
    iemocap=(--dialogs 80 --mean-length 20)
    meld=(--dialogs 60)
    training=(--preset demo --seeds 2 --epochs 30 --pretrain-epochs 3)
    ;;
  *)
    echo "usage: $0 [--small]" >&2
    exit 2
    ;;
esac

setup
build idcl-merc
merc=build/default/examples/merc/idcl-merc

say "making the corpora"
rm -rf "$out"
mkdir -p "$out"
"$merc" synth --shape iemocap ${iemocap[@]+"${iemocap[@]}"} --out "$out/iemocap.pkl"
"$merc" synth --shape meld ${meld[@]+"${meld[@]}"} --out "$out/meld.pkl"

say "training"
"$merc" ablate --data "$out/iemocap.pkl" --pretrain-data "$out/meld.pkl" "${training[@]}" --out "$out/ablation"

say "a folder a run, with results.json, metrics.jsonl and predictions.csv: $PWD/$out/ablation"
