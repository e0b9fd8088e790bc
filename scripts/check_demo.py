#!/usr/bin/env python3
"""Checks what `idcl-merc ablate` left behind: check_demo.py DIR. Exits with 1 and says what is wrong, or prints one line a run."""

import csv
import json
import math
import pathlib
import sys


def check(run: pathlib.Path, majority: float) -> str:
    results = json.loads((run / "results.json").read_text())
    scores = results["test"]
    for name in ("accuracy", "weighted_f1", "macro_f1", "uar"):
        assert 0 <= scores[name] <= 1, f"test.{name} is {scores[name]}"

    confusion = scores["confusion"]
    support = [sum(row) for row in confusion]
    right = sum(row[i] for i, row in enumerate(confusion))
    assert support == [c["support"] for c in scores["per_class"]], "the confusion matrix and the support disagree"
    assert math.isclose(right / sum(support), scores["accuracy"], abs_tol=1e-9), "the confusion matrix and the accuracy disagree"

    with open(run / "predictions.csv", newline="") as file:
        predictions = list(csv.DictReader(file))
    assert len(predictions) == sum(support), f"{len(predictions)} predictions of {sum(support)} utterances"

    epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert epochs, "metrics.jsonl is empty"
    for key in ("dev", "best_epoch", "peak_test", "seconds_per_epoch", "peak_rss_mib", "config", "data"):
        assert key in results, f"no {key}"

    assert scores["accuracy"] > majority + 0.1, f"accuracy {scores['accuracy']:.3f}, but always the same answer gives {majority:.3f}"
    return f"{run.name}: accuracy {scores['accuracy']:.3f} (always the same answer: {majority:.3f}), weighted F1 {scores['weighted_f1']:.3f}"


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    majority = json.loads((folder / "summary.json").read_text())["majority"]["accuracy"]
    runs = sorted(path.parent for path in folder.glob("*/results.json"))
    if {run.name[0] for run in runs} != set("ABC"):
        sys.exit(f"{folder}: expected runs of A, B and C, found {[run.name for run in runs]}")
    for run in runs:
        try:
            print(check(run, majority))
        except (AssertionError, KeyError) as error:
            sys.exit(f"{run}: {error!r}")


if __name__ == "__main__":
    main()
