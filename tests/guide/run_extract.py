#!/usr/bin/env python3
"""Tries extract_features.py on a made-up tree with made-up recordings: run_extract.py IDCL_MERC EXTRACT RAW_TREE. Ends with 77 without numpy."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import wave

try:
    import numpy as np
except ImportError:
    print("left out: there is no numpy")
    sys.exit(77)

program, extract, raw = sys.argv[1:4]


def call(words, status=0, **more):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, **more)
    assert result.returncode == status, f"{words} ended with {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout if status == 0 else result.stderr


def record(tree: pathlib.Path) -> None:
    """A tone for every turn, of another pitch and length each."""
    noise = np.random.default_rng(1)
    for labels in sorted(tree.glob("Session*/dialog/EmoEvaluation/Ses*.txt")):
        folder = labels.parents[2] / "sentences/wav" / labels.stem
        folder.mkdir(parents=True)
        for turn in re.findall(r"\]\t(Ses\S+)\t", labels.read_text("latin-1")):
            time = np.arange(int(noise.integers(100, 9000))) / 16000
            samples = np.sin(2 * np.pi * noise.integers(80, 400) * time) + 0.1 * noise.standard_normal(len(time))
            with wave.open(str(folder / f"{turn}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(16000)
                file.writeframes((samples * 8000).astype("<i2").tobytes())


def dialogs_of(folder: pathlib.Path) -> dict:
    lines = map(json.loads, (folder / "dialogs.jsonl").read_text().splitlines())
    return {line["id"]: {key: line[key] for key in ("speakers", "labels", "sentences")} for line in lines}


with tempfile.TemporaryDirectory() as place:
    here = pathlib.Path(place)
    tree, out = here / "IEMOCAP_full_release", here / "features"
    shutil.copytree(raw, tree)
    numpy_alone = ["--text", "hashing", "--audio", "mel"]
    missing = call([sys.executable, extract, tree, out, *numpy_alone], status=1)
    assert re.search(r"Ses01\S+\.wav: is not there; take --audio none", missing) and not out.exists(), missing
    record(tree)
    assert "text 512, audio 160" in call([sys.executable, extract, tree, out, *numpy_alone])
    assert "exists already" in call([sys.executable, extract, tree, out, *numpy_alone], status=1)

    # The same turns, labels and sentences as the program reads from the tree.
    call([program, "convert", tree, here / "read", "--quiet"])
    expected = {key: value for key, value in dialogs_of(here / "read").items() if value["labels"]}
    assert dialogs_of(out) == expected and len(expected) > 5

    seen = json.loads(call([program, "inspect", out, "--json"]))
    assert {name: one["dim"] for name, one in seen["modalities"].items()} == {"text": 512, "audio": 160}
    assert all(id.startswith("Ses05") for id in seen["splits"]["test"]["ids"]) and seen["splits"]["dev"]["dialogs"] == 1
    assert not [line for line in seen["warnings"] if "finite" in line or "OVERLAPS" in line], seen["warnings"]
    for name in ("text", "audio"):
        rows = np.load(out / f"{name}.train.npy")
        assert np.isfinite(rows).all() and abs(rows.mean()) < 1e-6 and rows.std() > 0.3
    call([program, "train", "--data", out, "--out", here / "run", "--quiet", "--epochs", "1", "--hidden", "16", "--heads", "2", "--threads", "1"])

    # A package that is not there is named with the way to get it.
    (here / "librosa.py").write_text("raise ImportError")
    first = {**os.environ, "PYTHONPATH": os.pathsep.join([place, os.environ.get("PYTHONPATH", "")])}
    absent = call([sys.executable, extract, tree, here / "other", "--text", "none", "--audio", "librosa"], status=1, env=first)
    assert "librosa is not installed; run `pip install librosa`, or take --audio mel" in absent, absent
    assert "expected the folder IEMOCAP_full_release" in call([sys.executable, extract, here / "run", here / "other"], status=1)
print("features extracted, read and trained on")
