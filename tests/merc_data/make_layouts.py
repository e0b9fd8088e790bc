"""Writes the files of layouts/: feature pickles of random numbers in layouts that tests/pickles does not have, with sidecars of the same kind.

    python make_layouts.py layouts        (needs numpy; the tests do not)
"""
import collections
import json
import pathlib
import pickle
import sys

import numpy as np

out = pathlib.Path(sys.argv[1])
out.mkdir(exist_ok=True)
random = np.random.default_rng(5)
words = "you said that it\u0092s fine then why not me caf\u00e9".split()


def dialogs(ids, classes, dims, speaker, dtype="f4"):
    """id -> speakers, labels, sentences and features of a few utterances."""
    result = {}
    for vid in ids:
        n = int(random.integers(2, 7))
        result[vid] = {
            "speakers": [speaker() for _ in range(n)],
            "labels": [int(v) for v in random.integers(0, classes, n)],
            "sentences": [" ".join(random.choice(words, 4)) + "." for _ in range(n)],
            "features": {name: random.normal(size=(n, dim)).astype(dtype) for name, dim in dims.items()},
        }
    first = result[ids[0]]
    first["labels"][0] = classes - 1  # so that the number of classes shows
    return result


def sidecar(name, format, classes, dtype, dims, content, splits):
    facts = {"must": "accept", "format": format, "classes": classes, "modalities": {m: {"dim": d, "dtype": dtype} for m, d in dims.items()}, "splits": {}}
    for split, ids in splits.items():
        parts = [content[vid] for vid in ids]
        labels = collections.Counter(str(v) for part in parts for v in part["labels"])
        rows = {m: np.concatenate([part["features"][m] for part in parts]).astype("f8").ravel() for m in dims}
        facts["splits"][split] = {
            "ids": list(ids), "dialogs": len(ids), "utterances": sum(len(part["labels"]) for part in parts), "labels": dict(sorted(labels.items())),
            "first_sentence": parts[0]["sentences"][0], "first_dialog_labels": parts[0]["labels"], "first_dialog_speakers": parts[0]["speakers"],
            "features": {m: {"first": v[0], "last": v[-1], "sum": v.sum(), "sum_of_squares": (v * v).sum()} for m, v in rows.items()},
        }
    (out / (name + ".json")).write_text(json.dumps(facts, indent=1) + "\n")


def column(content, key, convert=list):
    return {vid: convert(part[key]) for vid, part in content.items()}


def features(content, modality, convert=list):
    return {vid: convert(part["features"][modality]) for vid, part in content.items()}


def one_hot():
    return [int(i == k) for k in [random.integers(0, 9)] for i in range(9)]


def save(path, value, protocol=4):
    (out / path).write_bytes(pickle.dumps(value, protocol))


# GraphSmile's MELD: 14 members, sentiment labels after the emotions, an opaque last one.
ids = list(range(20))
train, test = ids[:15], ids[15:]
dims = {"text": 12, "text2": 12, "text3": 12, "text4": 12, "audio": 7, "visual": 5}
meld = dialogs(ids, 7, dims, one_hot)
names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in meld.items()}
sentiments = {vid: [v % 3 for v in part["labels"]] for vid, part in meld.items()}
save("graphsmile.pkl", (names, column(meld, "speakers"), column(meld, "labels"), sentiments, *[features(meld, m) for m in dims], column(meld, "sentences"), train, test, {"made": "here"}))
sidecar("graphsmile", "graphsmile_tuple14", 7, "float32", dims, meld, {"train": train, "test": test})

# MultiEMO: the 9-tuple, whose features are not used, and a pickle a modality.
ids = [f"Ses0{s}{g}_impro0{k}" for s in range(1, 6) for g in "FM" for k in (1, 2)]
train, test = [v for v in ids if "Ses05" not in v], [v for v in ids if "Ses05" in v]
dims = {"text": 9, "audio": 6, "visual": 8}
six = dialogs(ids, 6, dims, lambda: str(random.choice(["M", "F"])))
old = {vid: [np.zeros(3, "f4") for _ in part["labels"]] for vid, part in six.items()}
folder = out / "multiemo"
folder.mkdir(exist_ok=True)
names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in six.items()}
save("multiemo/Speakers.pkl", (names, column(six, "speakers"), column(six, "labels"), old, old, old, column(six, "sentences"), set(train), set(test)))
for modality in dims:
    save(f"multiemo/{modality.capitalize()}Features.pkl", features(six, modality, np.asarray))
sidecar("multiemo", "multiemo_folder", 6, "float32", dims, six, {"train": sorted(train), "test": sorted(test)})

# The 9-tuple with everything in numpy's types: names and labels as scalars, arrays instead of lists, half precision, four classes.
dims = {"text": 4, "audio": 3, "visual": 2}
four = dialogs(ids, 4, dims, lambda: str(random.choice(["M", "F"])), "f2")
as_text = lambda values: [np.str_(v) for v in values]  # noqa: E731
save("numpy_types.pkl", [names, column(four, "speakers", as_text), column(four, "labels", np.int32), features(four, "text", np.asarray), features(four, "audio", tuple),
                         collections.OrderedDict(features(four, "visual")), column(four, "sentences", as_text), tuple(as_text(train)), as_text(test)], 2)
sidecar("numpy_types", "iemocap_tuple9", 4, "float16", dims, four, {"train": train, "test": test})

# The dict of splits with rows as lists of numpy scalars and of Python floats, `valid` for dev, and a key that nobody knows.
content = dialogs(ids, 6, dims, lambda: str(random.choice(["M", "F"])), "f8")
splits = {"train": train[2:], "dev": train[:2], "test": test}
record = lambda vid, p: {"vid": vid, "speakers": tuple(p["speakers"]), "labels": np.array(p["labels"]), "text": p["features"]["text"].tolist(),  # noqa: E731
                         "audio": [list(row) for row in p["features"]["audio"]], "visual": np.asfortranarray(p["features"]["visual"]).astype(">f8"), "sentence": p["sentences"], "other": object}
save("mixed_rows.pkl", {{"dev": "valid"}.get(s, s): [record(v, content[v]) for v in vids] for s, vids in splits.items()}, 5)
sidecar("mixed_rows", "corect_dict", 6, "float64", dims, content, splits)

# The 9-tuple with arrays of numpy where lists are usual: ids of the splits, names, sentences (numpy's text and Python's).
names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in content.items()}
objects = lambda values: np.array(values, dtype=object)  # noqa: E731
save("numpy_lists.pkl", (names, column(content, "speakers", np.array), column(content, "labels", np.array), *[features(content, m, np.asarray) for m in dims],
                         column(content, "sentences", objects), np.array(train), objects(test)))
sidecar("numpy_lists", "iemocap_tuple9", 6, "float64", dims, content, {"train": train, "test": test})

# MELD's 10-tuple likewise: numbers as ids, speakers a matrix of one-hot rows a dialog.
ids = list(range(12))
seven = dialogs(ids, 7, dims, one_hot)
names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in seven.items()}
save("numpy_meld.pkl", (names, column(seven, "speakers", np.array), column(seven, "labels"), *[features(seven, m) for m in dims], column(seven, "sentences", np.array),
                        np.array(ids[:9]), np.array(ids[9:], "i4"), None), 5)
sidecar("numpy_meld", "meld_tuple10", 7, "float32", dims, seven, {"train": ids[:9], "test": ids[9:]})

# MELD's orders of 9, 10, 13 and 14 members with the dialogs of IEMOCAP: the ids say whose they are, the order does not.
ids = [f"Ses0{s}F_script0{k}" for s in range(1, 6) for k in (1, 2)]
train, test = ids[:8], ids[8:]
dims = {"text": 4, "text2": 4, "text3": 4, "text4": 4, "audio": 3, "visual": 2}
for members, classes in ((9, 6), (10, 6), (13, 4), (14, 6)):
    kept = dims if members > 10 else {m: dims[m] for m in ("text", "audio", "visual")[: members - 7]}
    content = dialogs(ids, classes, kept, lambda: str(random.choice(["M", "F"])))
    names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in content.items()}
    sentiments = {vid: [v % 3 for v in part["labels"]] for vid, part in content.items()}
    value = [names, column(content, "speakers"), column(content, "labels")] + [sentiments] * (members == 14)
    value += [features(content, m) for m in kept] + [column(content, "sentences"), train, test] + [sentiments] * (members == 9) + [None] * (members > 9)
    assert len(value) == members
    name = "iemocap_tuple9_sentiments" if members == 9 else f"iemocap_tuple{members}"
    save(name + ".pkl", tuple(value))
    sidecar(name, name, classes, "float32", kept, content, {"train": train, "test": test})

# The dict of splits under other names, and a list that is no split.
dims = {"text": 4, "audio": 3, "visual": 2}
content = dialogs(ids, 6, dims, lambda: str(random.choice(["M", "F"])), "f8")
splits = {"Train": train[1:], "Validation": train[:1], "TEST": test}
save("named_splits.pkl", {**{s: [record(v, content[v]) for v in vids] for s, vids in splits.items()}, "all": [1, 2]})
sidecar("named_splits", "corect_dict", 6, "float64", dims, content, {"train": train[1:], "dev": train[:1], "test": test})

# No layout of ours, so without a sidecar: causes of emotions where the texts should be (ConvECPE).
causes = {vid: [["happening", "person"], ["event"]] for vid in ids}
two = {vid: ["M", "F"] for vid in ids}
save("causes.pkl", (two, two, {vid: [0, 1] for vid in ids}, causes, causes, causes, *[{vid: [np.zeros(3, "f4")] * 2 for vid in ids}] * 3, two, train, test))

# MultiEMO's folder with MELD's tuple of ten, and rows as lists.
ids = list(range(8))
dims = {"text": 5, "audio": 3, "visual": 4}
seven = dialogs(ids, 7, dims, one_hot)
names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in seven.items()}
old = {vid: [np.zeros(3, "f4") for _ in part["labels"]] for vid, part in seven.items()}
(out / "multiemo_meld").mkdir(exist_ok=True)
save("multiemo_meld/Speakers.pkl", (names, column(seven, "speakers"), column(seven, "labels"), old, old, old, column(seven, "sentences"), ids[:6], ids[6:], None))
for modality in dims:
    save(f"multiemo_meld/{modality.capitalize()}Features.pkl", features(seven, modality))
sidecar("multiemo_meld", "multiemo_folder", 7, "float32", dims, seven, {"train": ids[:6], "test": ids[6:]})

# Text as bytes, as a file of Python 2 is that Python 3 loaded with encoding="bytes": what protocols 0 to 2 spell as text in Latin-1 and a call.
def in_bytes(value):
    if isinstance(value, str):
        return value.encode("latin1")
    if isinstance(value, dict):
        return {in_bytes(k): in_bytes(v) for k, v in value.items()}
    return type(value)(in_bytes(v) for v in value) if isinstance(value, (list, tuple)) else value


ids = [f"Ses0{s}F_impro0{k}" for s in range(1, 6) for k in (1, 2)]
train, test = ids[:8], ids[8:]
dims = {"text": 4, "audio": 3, "visual": 2}
content = dialogs(ids, 6, dims, lambda: str(random.choice(["M", "F"])))
splits = {"train": train[2:], "dev": train[:2], "test": test}
plain = lambda vid, p: {"vid": vid, "speakers": p["speakers"], "labels": p["labels"], **p["features"], "sentence": p["sentences"]}  # noqa: E731
save("bytes_dict.pkl", in_bytes({s: [plain(v, content[v]) for v in vids] for s, vids in splits.items()}), 2)
sidecar("bytes_dict", "corect_dict", 6, "float32", dims, content, splits)
names = {vid: [f"{vid}_{u}" for u in range(len(part["labels"]))] for vid, part in content.items()}
save("bytes_tuple.pkl", in_bytes((names, column(content, "speakers"), column(content, "labels"), *[features(content, m) for m in dims], column(content, "sentences"), train, test)), 0)
sidecar("bytes_tuple", "iemocap_tuple9", 6, "float32", dims, content, {"train": train, "test": test})
