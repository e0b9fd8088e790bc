"""Writes corpus/: the smallest files of every layout, for the fuzzers to start from.

    python make_corpus.py corpus        (needs numpy and torch)
"""
import collections
import pathlib
import pickle
import sys
import types

import numpy as np
import torch

out = pathlib.Path(sys.argv[1])
for name in ("pickle", "layouts", "state_dict"):
    (out / name).mkdir(parents=True, exist_ok=True)


class Sample:
    pass


Sample.__module__, Sample.__qualname__ = "m", "Sample"
sys.modules["m"] = types.ModuleType("m")
sys.modules["m"].Sample = Sample

row = np.array([0.5, -1.5], "f4")
dialog = {"vid": "Ses01F_i", "speakers": ["M"], "labels": [0], "text": row[None], "audio": [row], "visual": [[0.5]], "sentence": ["a"]}
sample = Sample()
sample.__dict__ = {"vid": "d", "speaker": ["M"], "label": [np.int64(1)], "sbert_sentence_embeddings": row[None].astype("f8"), "audio": [row], "visual": [row], "sentence": ["a"]}


def by_id(value):
    return {0: [value], 1: [value]}


ids, speakers, labels, rows, sentences, train, test, dev = by_id("u"), by_id([0, 1]), by_id(1), by_id(row), by_id("s"), [0], {1}, [0]
layouts = {
    "corect": {"train": [dialog], "dev": [dialog], "test": []},
    "cogmen": {"train": [sample], "test": [sample]},
    "tuple9": (ids, by_id("F"), labels, rows, rows, rows, sentences, train, test),
    "meld9": (ids, speakers, labels, rows, rows, sentences, train, test, labels),
    "meld10": (ids, speakers, labels, rows, rows, rows, sentences, train, test, None),
    "sdt12": (ids, speakers, labels, rows, rows, rows, rows, rows, rows, sentences, train, test),
    "graphsmile14": (ids, speakers, labels, labels, rows, rows, rows, rows, rows, rows, sentences, train, test, 0),
    "cosmic7": (speakers, labels, labels, sentences, train, test, dev),
    "cosmic6": [speakers, labels, sentences, train, test, dev],
    "cosmic10": [speakers, labels, rows, rows, rows, rows, sentences, train, test, dev],
}
for name, value in layouts.items():
    for protocol in (0, 2, 4, 5):
        (out / "layouts" / f"{name}_p{protocol}").write_bytes(pickle.dumps(value, protocol))
values = [None, True, 1, -1, 300, 70000, 2**40, 2**80, 0.5, "a\u00e9", b"b\xff", bytearray(b"c"), [1], (1,), {1: 2}, {3}, frozenset("f"), collections.OrderedDict(a=1), np.arange(3), np.float16(2), np.asfortranarray(np.ones((2, 2)))]
for protocol in range(6):
    (out / "pickle" / f"values_p{protocol}").write_bytes(pickle.dumps(values, protocol))
base = torch.arange(4.0).view(2, 2)
torch.save(collections.OrderedDict(a=base, b=base.t(), c=torch.nn.Parameter(base.double()), d=torch.ones(1).bfloat16()), out / "state_dict" / "small.pth")
