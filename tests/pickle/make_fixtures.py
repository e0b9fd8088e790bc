"""Writes the files of fixtures/: Python objects, numpy arrays and torch archives, each with what a reader must find in it.

    python make_fixtures.py fixtures        (needs numpy and torch; the tests need neither)
"""
import collections
import json
import pathlib
import pickle
import pickletools
import struct
import sys
import types

import numpy as np

out = pathlib.Path(sys.argv[1])
out.mkdir(exist_ok=True)


class Sample:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


module = types.ModuleType("somewhere.Sample")  # pickled by name: the class must be found where it says it lives
module.Sample = Sample
Sample.__module__ = module.__name__
Sample.__qualname__ = "Sample"
sys.modules["somewhere"] = types.ModuleType("somewhere")
sys.modules[module.__name__] = sys.modules["somewhere"].Sample = module


def show(value):
    """One line for a value, the same as `show` in show.hpp."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value) if -(2**63) <= value < 2**63 else "bigint"
    if isinstance(value, float):
        return "float:" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "str:" + value.encode("utf-8", "replace").hex()
    if isinstance(value, (bytes, bytearray)):
        return "bytes:" + value.hex()
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(show, value))) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(show(k) + ": " + show(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ")"
    if isinstance(value, Sample):
        return "Sample" + show(value.__dict__)
    raise TypeError(type(value))


shared = ["shared", 1]
objects = [
    None, True, False,
    0, 1, 255, 256, 65535, 65536, -1, -128, 2**31 - 1, -(2**31), 2**31, -(2**31) - 1, 2**63 - 1, -(2**63), 2**64, -(10**30), 10**700,
    0.1, -0.0, 1e300, 5e-324, float("inf"), float("-inf"), float("nan"), 123456789.125,
    "", "a", "it's", 'say "x"', "back\\slash \\u0041", "line\nfeed\r\ttab\0", "caf\u00e9", "\u0092", "\u4f60\u597d", "\U0001f600", "x" * 300,
    b"", b"abc", bytes(range(256)), b"y" * 300, bytearray(b""), bytearray(b"\x00\xff'"),
    [], [1], list(range(1100)), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),)),
    {}, {"a": 1}, {i: str(i) for i in range(1010)}, {(1, "b"): [None]},
    set(), {1, 2, 3}, frozenset(), frozenset({"p", "q"}), {1.5, "mixed", b"z"},
    collections.OrderedDict([("b", 1), ("a", 2)]), collections.defaultdict(list, {"k": [1]}),
    [shared, shared, (shared,)],
    Sample(vid="Ses01F_impro01", label=[1, 2], nested=Sample(x=1)), Sample(),
]
for protocol in range(6):
    for name, dumps in [("c", pickle.dumps), ("py", pickle._dumps), ("optimized", lambda o, p: pickletools.optimize(pickle.dumps(o, p)))]:
        (out / f"objects_p{protocol}_{name}.pkl").write_bytes(dumps(objects, protocol))
(out / "objects.txt").write_text("".join(show(value) + "\n" for value in objects))

random = np.random.default_rng(0)
arrays, values = {}, {}
for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]:
    for order in "<>":
        dtype = np.dtype(order + code)
        for shape in [(), (3,), (2, 3), (0, 4), (4, 1), (2, 3, 2)]:
            plain = (abs if code[0] == "u" else np.array)(random.normal(size=shape) * 20).astype(dtype) if code != "b1" else (random.normal(size=shape) > 0).astype(dtype)
            for layout in "CF":
                name = f"{order}{code} {list(shape)} {layout}"
                arrays[name] = np.asfortranarray(plain) if layout == "F" and shape else plain
                values[name] = {"dtype": plain.dtype.name, "shape": list(shape), "values": [float(v) for v in plain.ravel()]}
arrays["every other column"] = np.arange(24, dtype="f4").reshape(4, 6)[:, ::2]
values["every other column"] = {"dtype": "float32", "shape": [4, 3], "values": arrays["every other column"].ravel().tolist()}
arrays["scalar f4"], values["scalar f4"] = np.float32(2.5), {"dtype": "float32", "shape": [], "values": [2.5]}
arrays["scalar i8"], values["scalar i8"] = np.int64(-7), {"dtype": "int64", "shape": [], "values": [-7.0]}
for protocol in range(6):
    (out / f"arrays_p{protocol}.pkl").write_bytes(pickle.dumps(arrays, protocol))
(out / "arrays.json").write_text(json.dumps(values))
refused = {
    "objects": np.array([None, 1], dtype=object), "complex": np.ones(2, "c16"), "bytes": np.array([b"ab"]), "text": np.array(["ab"]),
    "dates": np.array(["2020-01-01"], dtype="M8[D]"), "records": np.zeros(1, dtype=[("a", "f4")]), "long double": np.ones(1, "g"),
}
(out / "arrays_refused.pkl").write_bytes(pickle.dumps(refused, 4))

import torch  # noqa: E402  (after the pickles: it registers reducers)

torch.manual_seed(0)
base = torch.randn(4, 6)
state = collections.OrderedDict(
    whole=base, transposed=base.t(), row=base[2], step=base[:, ::2], part=base[1:3, 2:5], scalar=torch.tensor(3.5), empty=torch.empty(0, 3),
    f64=torch.randn(3, dtype=torch.float64), f16=torch.randn(5).half(), bf16=torch.randn(5).bfloat16(), i64=torch.arange(-2, 3), i32=torch.arange(3, dtype=torch.int32),
    i16=torch.arange(3, dtype=torch.int16), i8=torch.arange(-1, 2, dtype=torch.int8), u8=torch.arange(3, dtype=torch.uint8), flag=torch.tensor([True, False]),
    parameter=torch.nn.Parameter(torch.randn(2, 2)), repeated=torch.randn(1, 3).expand(1, 3), number=7)
state._metadata = collections.OrderedDict([("", {"version": 1})])
expected = [{"name": k, "dtype": str(v.dtype)[6:], "shape": list(v.shape), "values": v.detach().double().flatten().tolist()} for k, v in state.items() if k != "number"]
torch.save(state, out / "state.pth")
torch.save({"epoch": 3, "optimizer": {"lr": 0.1}, "state_dict": state}, out / "state_in_checkpoint.pth")
torch.save(state, out / "state_legacy.pth", _use_new_zipfile_serialization=False)
(out / "state.json").write_text(json.dumps(expected))
