#!/usr/bin/env python3
"""Features from the raw IEMOCAP corpus, in the open format that idcl-merc reads.

    extract_features.py IEMOCAP_full_release my_features
    idcl-merc train --data my_features --out runs/mine

Text: `sentence-transformers` (a sentence embedding a turn; the model of COGMEN, CORECT and IDCL unless --text-model names another) or `hashing`
(words and letter triples hashed into 512 columns; needs numpy alone). Audio: `opensmile` (the 88 eGeMAPS functionals), `librosa` (statistics of
MFCC, energy and zero crossings) or `mel` (statistics of the log mel spectrum; needs numpy alone). All but sentence embeddings are standardised by
mean and deviation of the training split; sentence embeddings of length 1 are scaled to a mean square of 1. Sessions 1 to 4 are train, every tenth dialog of them dev; Session 5 is test. Turns of other labels than
happy, sad, neutral, angry, excited and frustrated are left out, as all pickles in circulation leave them out.
"""
import argparse
import json
import pathlib
import re
import shutil
import sys
import wave
import zlib

LABELS = ["hap", "sad", "neu", "ang", "exc", "fru"]
TURN = re.compile(r"\[(\d+\.\d+) - (\d+\.\d+)\]\t(\S+)\t(\w+)\t\[")
SAID = re.compile(r"(Ses\S+) \[[\d.]+-[\d.]+\]: ?(.*)")


def stop(message: str):
    sys.exit(f"extract_features.py: {message}")


def needs(package: str, instead: str):
    """An optional package, or a line that says how to get it."""
    try:
        return __import__(package.replace("-", "_"))
    except ImportError:
        stop(f"{package} is not installed; run `pip install {package}`, or take {instead}")


try:
    import numpy as np
except ImportError:
    stop("numpy is not installed; run `pip install numpy`")


def read_dialogs(release: pathlib.Path) -> list:
    """The dialogs of the tree with their labelled turns in the order of their start."""
    if not (release / "Session1").is_dir():
        release = release / "IEMOCAP_full_release"
    dialogs, seen = [], 0
    for path in sorted(release.glob("Session[1-5]/dialog/EmoEvaluation/*.txt")):
        if path.name.startswith("."):
            continue
        session = path.parents[2]
        said = dict(SAID.match(line).groups() for line in (session / "dialog/transcriptions" / path.name).read_text("latin-1").splitlines()
                    if SAID.match(line))
        turns = [dict(start=float(start), id=turn, speaker=turn.split("_")[-1][0], label=LABELS.index(label), text=said.get(turn, "").strip(),
                      wav=session / "sentences/wav" / path.stem / f"{turn}.wav")
                 for start, _, turn, label in TURN.findall(path.read_text("latin-1")) if label in LABELS]
        if not turns:
            continue
        in_training = session.name != "Session5"
        seen += in_training
        split = "test" if not in_training else "dev" if seen % 10 == 0 else "train"
        dialogs.append(dict(id=path.stem, split=split, turns=sorted(turns, key=lambda turn: (turn["start"], turn["id"]))))
    if not dialogs:
        stop(f"{release}: holds no Session*/dialog/EmoEvaluation/*.txt with labelled turns; expected the folder IEMOCAP_full_release")
    if not any(dialog["split"] == "dev" for dialog in dialogs):  # of fewer than ten dialogs the last one
        [dialog for dialog in dialogs if dialog["split"] == "train"][-1]["split"] = "dev"
    return dialogs


# Text: sentences -> rows.


def hashed(sentences: list, width: int = 512) -> np.ndarray:
    rows = np.zeros((len(sentences), width), "float32")
    for row, sentence in zip(rows, sentences):
        for word in re.findall(r"[\w']+", sentence.lower()):
            for part in [word, *(f"<{word}>"[i:i + 3] for i in range(len(word)))]:
                code = zlib.crc32(part.encode())
                row[code % width] += 1 if code >> 31 else -1
    return rows


def sentence_embeddings(sentences: list, model: str) -> np.ndarray:
    rows = needs("sentence-transformers", "--text hashing").SentenceTransformer(model).encode(sentences, show_progress_bar=True)
    # Some models give rows of length 1, which the network's position code would dwarf.
    return rows * np.sqrt(rows.shape[1]) if np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3) else rows


# Audio: a file -> a row.


def read_wav(path: pathlib.Path):
    """Samples in [-1, 1] and their rate, of 16-bit recordings; several channels become their mean."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            stop(f"{path}: has {8 * file.getsampwidth()} bits a sample, --audio mel reads 16")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return samples.mean(1) / 32768, file.getframerate()


def mel_filters(rate: int, size: int, bands: int) -> np.ndarray:
    """Triangles evenly spread over the mel scale, [bands, size / 2 + 1]."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    rise = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall))


def mel_statistics(path: pathlib.Path, bands: int = 40) -> np.ndarray:
    """Mean and deviation of each band of the log mel spectrum, and of its change from frame to frame: 4 x bands."""
    samples, rate = read_wav(path)
    length, hop = rate // 40, rate // 100  # frames of 25 ms, 10 ms apart
    samples = np.pad(samples, (0, max(0, length + hop - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop] * np.hanning(length)
    size = 1 << (length - 1).bit_length()
    mel = np.log(np.abs(np.fft.rfft(frames, size)) ** 2 @ mel_filters(rate, size, bands).T + 1e-8)
    return np.concatenate([mel.mean(0), mel.std(0), np.diff(mel, axis=0).mean(0), np.diff(mel, axis=0).std(0)])


def librosa_statistics(path: pathlib.Path) -> np.ndarray:
    librosa = needs("librosa", "--audio mel")
    samples, rate = librosa.load(path, sr=16000)
    rows = np.concatenate([librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=20), librosa.feature.rms(y=samples),
                           librosa.feature.zero_crossing_rate(samples)])
    return np.concatenate([rows.mean(1), rows.std(1), np.percentile(rows, 10, axis=1), np.percentile(rows, 90, axis=1)])


def open_smile():
    opensmile = needs("opensmile", "--audio mel or --audio librosa")
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    return lambda path: smile.process_file(str(path)).to_numpy()[0]


def audio_rows(turns: list, row_of) -> np.ndarray:
    rows = []
    for i, turn in enumerate(turns):
        if not turn["wav"].is_file():
            stop(f"{turn['wav']}: is not there; take --audio none to do without recordings")
        rows.append(row_of(turn["wav"]))
        if i % 500 == 499:
            print(f"audio: {i + 1} of {len(turns)} turns", file=sys.stderr)
    return np.stack(rows)


def standardised(rows: np.ndarray, training: np.ndarray) -> np.ndarray:
    deviation = rows[training].std(0)
    return (rows - rows[training].mean(0)) / np.where(deviation > 1e-8, deviation, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("release", type=pathlib.Path, help="the folder IEMOCAP_full_release")
    parser.add_argument("out", type=pathlib.Path, help="folder to write, which must not exist")
    parser.add_argument("--text", choices=["sentence-transformers", "hashing", "none"], default="sentence-transformers")
    parser.add_argument("--text-model", default="paraphrase-distilroberta-base-v1", help="name or folder, for sentence-transformers")
    parser.add_argument("--audio", choices=["opensmile", "librosa", "mel", "none"], default="opensmile")
    asked = parser.parse_args()
    if asked.out.exists():
        stop(f"{asked.out}: exists already; name a new folder, or remove this one first")
    dialogs = read_dialogs(asked.release)
    turns = [turn for dialog in dialogs for turn in dialog["turns"]]
    split = np.array([dialog["split"] for dialog in dialogs for _ in dialog["turns"]])
    sentences = [turn["text"] for turn in turns]

    rows = {}
    if asked.text == "hashing":
        rows["text"] = standardised(hashed(sentences), split == "train")
    elif asked.text != "none":
        rows["text"] = sentence_embeddings(sentences, asked.text_model)
    if asked.audio != "none":
        row_of = {"opensmile": open_smile, "librosa": lambda: librosa_statistics, "mel": lambda: mel_statistics}[asked.audio]()
        rows["audio"] = standardised(audio_rows(turns, row_of), split == "train")

    partial = asked.out.with_name(f".{asked.out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with open(partial / "dialogs.jsonl", "w") as lines:
        for dialog in dialogs:
            columns = {"speakers": "speaker", "labels": "label", "sentences": "text"}
            lines.write(json.dumps({"id": dialog["id"], "split": dialog["split"],
                                    **{name: [turn[key] for turn in dialog["turns"]] for name, key in columns.items()}}) + "\n")
    for modality, values in rows.items():
        for name in ("train", "dev", "test"):
            np.save(partial / f"{modality}.{name}.npy", values[split == name].astype("float32"))
    partial.rename(asked.out)
    widths = ", ".join(f"{modality} {values.shape[1]}" for modality, values in rows.items())
    print(f"written: {asked.out}, {len(dialogs)} dialogs, {len(turns)} turns; {widths or 'no features'}")


if __name__ == "__main__":
    main()
