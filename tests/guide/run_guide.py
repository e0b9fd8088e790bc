#!/usr/bin/env python3
"""Runs what pages of the guide tell their reader to run: run_guide.py IDCL_MERC TESTS PAGE... (TESTS: the folder of the fixtures)

The indented `idcl-merc` commands and the ```python blocks, in their order, in a temporary folder where synthetic stand-ins have the names of
the files that the pages speak of. Training is cut short and small; everything else is as it is written. Ends with 1 at the first that fails.
"""
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SHORT = {"--epochs": "1", "--pretrain-epochs": "1", "--hidden": "16", "--heads": "2", "--threads": "1"}
CUT = {"train": SHORT, "ablate": {**SHORT, "--seeds": "2"}, "sweep": {**SHORT, "--seeds": "2"}, "synth": {"--dims": "text=12,audio=8"}}


def parts(page: pathlib.Path):
    """The commands and Python blocks of a page with the lines on which they begin."""
    block, command, begin = None, "", 0
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            if block is not None and begin:
                yield begin, "\n".join(block)
            block, begin = (None, 0) if block is not None else ([], number if line == "```python" else 0)
        elif block is not None:
            block.append(line)
        elif command or line.startswith("    idcl-merc "):
            begin = begin if command else number
            command += line.strip().removesuffix("\\")
            if not line.endswith("\\"):
                yield begin, shlex.split(command, comments=True)
                command, begin = "", 0


def shortened(words: list) -> list:
    """The same command, made small: flags of ours replace those of the page."""
    words = list(words)
    flags = dict(CUT.get(words[1], {}))
    if words[1] == "synth":
        asked = int(words[words.index("--dialogs") + 1]) if "--dialogs" in words else 400
        flags["--dialogs"] = str(max(16, asked // 20))
    for flag, value in flags.items():
        if flag in words:
            words[words.index(flag) + 1] = value
        else:
            words += [flag, value]
    return words


def fixtures(tests: pathlib.Path) -> dict:
    """A file of every format, of those that the tests read: format -> place."""
    found = {"meld_csv": tests / "raw_iemocap/MELD", "iemocap_release": tests / "raw_iemocap/IEMOCAP_full_release"}
    for sidecar in sorted([*tests.glob("pickles/*.json"), *tests.glob("merc_data/layouts/*.json")]):
        place = sidecar.with_suffix(".pkl") if sidecar.with_suffix(".pkl").exists() else sidecar.with_suffix("")
        found.setdefault(json.loads(sidecar.read_text())["format"], place)
    return found


def has_numpy() -> bool:
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


def main() -> None:
    program, tests, pages = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), list(map(pathlib.Path, sys.argv[3:]))
    of_format = fixtures(tests)
    formats = {page.stem: page for page in pages if page.parent.name == "formats"}
    without = {name for name in of_format if name not in formats and not any(f"`{name}`" in page.read_text() for page in formats.values())}
    if formats and without:
        sys.exit(f"no page of a format tells of {', '.join(sorted(without))}")
    count = 0
    with tempfile.TemporaryDirectory() as folder:

        def call(words, place):
            result = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True)
            if result.returncode != 0:
                sys.exit(f"{place}: ended with {result.returncode}: {shlex.join(map(str, words))}\n{result.stdout}{result.stderr}")
            return result.stdout

        def stand_in(*words):
            call([program, *shortened(["idcl-merc", *words])[1:], "--quiet"], "stand-in")

        stand_in("synth", "--out", "data_iemocap.pkl")
        stand_in("synth", "--shape", "meld", "--out", "MELD_features_raw1.pkl")
        CUT["train"] = {**SHORT, "--heads": "8"}  # as released weights have them
        stand_in("train", "--data", "data_iemocap.pkl", "--preset", "official", "--ablation", "A", "--out", "official")
        CUT["train"] = SHORT
        shutil.copy(pathlib.Path(folder, "official", "best.pt"), pathlib.Path(folder, "official.pth"))
        shutil.copytree(of_format["iemocap_release"], pathlib.Path(folder, "IEMOCAP_full_release"))

        for page in pages:
            for line, part in parts(page):
                place = f"{page.name}:{line}"
                if isinstance(part, list) and page.stem in of_format and page in formats.values():
                    here, there = pathlib.Path(folder, part[2]), of_format[page.stem]
                    shutil.copytree(there, here, dirs_exist_ok=True) if there.is_dir() else shutil.copy(there, here)
                    seen = json.loads(call([program, *part[1:], "--json"], place))["format"]
                    if seen != page.stem:
                        sys.exit(f"{place}: is read as {seen}")
                elif isinstance(part, list):
                    call([program, *shortened(part)[1:]], place)
                elif has_numpy():
                    call([sys.executable, "-c", part], place)
                else:
                    print(f"{place}: left out with the rest of {page.name}, there is no numpy")
                    break
                count += 1
                print(place, "runs", flush=True)
    print(f"{count} commands")


main()
