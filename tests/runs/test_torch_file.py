"""What torch.save writes is read as torch.load reads it, and whatever else a file may hold is refused, not run."""

import argparse
import collections
import io
import json
import os
import pickle
import random
import struct
import subprocess
import tempfile
import unittest
import zipfile

import torch

LIST = os.path.join(os.environ["ABLATE_BIN"], "list_torch_file")
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
          torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
          torch.uint16: "U16", torch.complex64: "C64", torch.float8_e4m3fn: "F8_E4M3"}


def archive(data, records=None, folder="archive", compression=zipfile.ZIP_STORED):
    """A file of torch.save around a pickle made by hand."""
    buffer = io.BytesIO()
    if records is None:
        records = {"byteorder": b"little", "data/0": bytes(range(16))}
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr(f"{folder}/data.pkl", data)
        for name, content in records.items():
            file.writestr(f"{folder}/{name}", content)
    return buffer.getvalue()


def text(word):
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def number(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(offset=0, size=(4,), stride=(1,), elements=4, storage=b"ctorch\nFloatStorage\n", key="0"):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + storage + text(key) + text("cpu")
            + number(elements) + b"tQ" + number(offset) + numbers(size) + numbers(stride)
            + b"\x89ccollections\nOrderedDict\n)RtR")


def state_dict(**tensors):
    return b"\x80\x02}(" + b"".join(text(name) + value for name, value in tensors.items()) + b"u."


class Whole:
    """A class that no other program knows."""


class TorchFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "model.pth")

    def listed(self):
        result = subprocess.run([LIST, self.path], capture_output=True, text=True, timeout=60)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        self.assertEqual(result.returncode == 1, bool(result.stderr))
        if result.returncode == 1:
            self.assertTrue(result.stderr.startswith(self.path + ": "), result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return json.loads(result.stdout) if result.returncode == 0 else result.stderr

    def listed_bytes(self, content):
        with open(self.path, "wb") as file:
            file.write(content)
        return self.listed()

    def saved(self, content, **options):
        torch.save(content, self.path, **options)
        return self.listed()

    def check(self, found, expected):
        self.assertIsInstance(found, dict, found)
        self.assertEqual(set(found), set(expected))
        for name, value in expected.items():
            value = value.detach().contiguous()
            raw = bytes(value.clone().untyped_storage()) if value.numel() else b""
            self.assertEqual(found[name], {"dtype": DTYPES[value.dtype], "shape": list(value.shape),
                                           "bytes": raw.hex()}, name)

    def test_dtypes_and_protocols(self):
        generator = torch.Generator().manual_seed(1)
        tensors = {f"layer.{i}.weight": (torch.rand(2, 3, generator=generator) * 100).to(dtype)
                   for i, dtype in enumerate(DTYPES)}
        for protocol in (2, 3, 4, 5):
            with self.subTest(protocol=protocol):
                self.check(self.saved(tensors, pickle_protocol=protocol), tensors)
                self.check(self.saved(collections.OrderedDict(tensors), pickle_protocol=protocol), tensors)

    def test_shapes_and_views(self):
        base = torch.arange(120, dtype=torch.float32).reshape(4, 5, 6)
        tensors = {
            "scalar": torch.tensor(3.5), "empty": torch.zeros(0, 4), "empty.middle": torch.zeros(3, 0, 2),
            "ones": torch.ones(1, 1, 1),
            "none": torch.tensor([]),
            "whole": base, "offset": base[2], "strided": base[:, ::2, 1::3], "transposed": base.permute(2, 0, 1),
            "column": base[:, 1, 1], "one": base[3, 4, 5], "expanded": base[0, 0].expand(3, 2, 6),
            "expanded.scalar": torch.tensor(2, dtype=torch.int16).expand(4, 5), "size.one": base[:, :1].transpose(0, 1),
            "channels.last": torch.rand(4, 3, 5, 5).to(memory_format=torch.channels_last),
            "not.finite": torch.tensor([torch.nan, torch.inf, -torch.inf, -0.0]), "größe \"x\"\n": torch.ones(2),
            "": torch.ones(1), "bool.view": (torch.arange(9) % 2 == 0).reshape(3, 3).t()}
        for protocol in (2, 5):
            self.check(self.saved(tensors, pickle_protocol=protocol), tensors)

    def test_files_of_pytorch_before_1_6(self):
        base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        tensors = {"w": base, "view": base[1:, ::2], "half": torch.ones(3).half(), "count": torch.tensor(7), "empty": torch.zeros(0, 2),
                   "parameter": torch.nn.Parameter(torch.rand(5))}
        for protocol in (2, 4):
            self.check(self.saved(tensors, _use_new_zipfile_serialization=False, pickle_protocol=protocol), tensors)
            self.check(self.saved({"epoch": 3, "state_dict": tensors}, _use_new_zipfile_serialization=False, pickle_protocol=protocol), tensors)
        with open(self.path, "rb") as file:
            content = file.read()
        for length in range(0, len(content), 7):
            self.assertIsInstance(self.listed_bytes(content[:length]), str, length)
        self.assertIn("whole object", self.saved(torch.nn.Linear(2, 2), _use_new_zipfile_serialization=False))

    def test_modules(self):
        module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
        module.to(memory_format=torch.channels_last)
        module[2].weight = torch.nn.Parameter(torch.rand(4, 2).t())
        self.check(self.saved(module.state_dict()), module.state_dict())
        parameters = dict(module.named_parameters())
        self.check(self.saved(parameters), parameters)
        parameters["2.bias"].note = "kept with the tensor"
        parameters["attributes"] = torch.ones(2)
        parameters["attributes"].note = "likewise"
        self.check(self.saved(parameters), parameters)
        self.assertIn("model.state_dict()", self.saved(module))
        self.assertIn("torch.nn.modules.container.Sequential", self.saved(module))
        self.assertIn("\"model\" is a whole object", self.saved({"epoch": 3, "model": module}))
        self.assertIn("model.state_dict()", self.saved(list(module.parameters())))
        self.assertIn("model.state_dict()", self.saved(torch.ones(2)))

    def test_many_values(self):
        tensors = {f"blocks.{i}.weight": torch.full((2, 2), i).t() for i in range(1000)}
        self.check(self.saved(tensors, pickle_protocol=2), tensors)
        self.check(self.saved(tensors, pickle_protocol=4), tensors)

    def test_checkpoints(self):
        module = torch.nn.Linear(2, 3)
        optimizer = torch.optim.Adam(module.parameters())
        module(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        state = module.state_dict()
        others = {"epoch": 3, "loss": 0.25, "best": None, "big": 1 << 100, "negative": -1 << 40, "name": "run",
                  "bytes": b"\0\1",
                  "args": argparse.Namespace(lr=0.1, path="x"), "device": torch.device("cpu"), "dtype": torch.float32,
                  "size": torch.Size([1, 2]), "set": {1, 2}, "frozen": frozenset((3,)), "array": bytearray(b"ab"),
                  "complex": 1j,
                  "rng": torch.get_rng_state().tolist(), "numpy": torch.ones(3, dtype=torch.float64).numpy(), 5: "key",
                  "scalar": torch.ones(1).numpy()[0], "object": Whole(), "optimizer": optimizer.state_dict(),
                  "slice": slice(1, 2),
                  "default": collections.defaultdict(list, {"a": [1]}), "counter": collections.Counter("abca"),
                  "class": Whole}
        for protocol in (2, 3, 4, 5):
            for key in ("state_dict", "model", "model_state_dict", "net", "network", "weights", "generator"):
                with self.subTest(protocol=protocol, key=key):
                    self.check(self.saved(others | {key: state}, pickle_protocol=protocol), state)
            self.check(self.saved({**state, **{f"_{key}": value for key, value in others.items() if isinstance(key,
                                                                                                               str)}},
                                  pickle_protocol=protocol), state)
        self.check(self.saved({"checkpoint": {"model": state, "ema": state | {"x": torch.ones(1)}}}), state)
        self.check(self.saved({"loss": torch.tensor(0.5), "state_dict": state}), state)
        self.check(self.saved({"model": state, "state_dict": state}), state)
        two = self.saved({"generator": state, "critic": dict(state), "optimizer": optimizer.state_dict()})
        self.assertIn('"generator", "critic"', two)
        self.assertIn('"a.model", "a.net"', self.saved({"a": {"model": state, "net": dict(state)}}))
        self.assertIn("no tensors", self.saved({"optimizer": optimizer.state_dict(), "epoch": 1}))
        self.assertIn("no tensors", self.saved({}))
        self.assertIn("no tensors", self.saved({0: torch.ones(1)}))
        circle = {}
        circle["model"] = circle
        self.assertIn("no tensors", self.saved(circle))
        circle["w"] = torch.ones(1)
        self.assertIn("circle", self.saved(circle))

    def test_tensors_that_are_not_plain(self):
        with_plain = {"plain": torch.ones(1)}
        self.assertIn('"w": sparse, quant', self.saved(with_plain | {"w": torch.eye(2).to_sparse()}))
        self.assertIn('"w": sparse, quant', self.saved(with_plain | {"w": torch.ones(2, dtype=torch.complex128)}))
        self.assertIn('"w": sparse, quant', self.saved(with_plain | {"w": torch.ones(2, dtype=torch.complex64).conj()}))
        self.assertIn('"w": sparse, quant', self.saved(with_plain | {"w": torch.empty(2, device="meta")}))
        quantized = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)
        self.assertIn('"w": sparse, quant', self.saved(with_plain | {"w": quantized}))
        self.assertIn("expanded", self.saved(with_plain | {"w": torch.ones(1).expand(1 << 20, 1 << 20)}))

    def test_other_formats(self):
        for protocol in range(2, 6):
            self.assertIn("pickle.load(open(path", self.listed_bytes(pickle.dumps({"w": [1.0, 2.0]}, protocol)))
        torch.jit.script(torch.nn.Linear(1, 1)).save(self.path)
        self.assertIn("TorchScript", self.listed())
        self.assertIn("web page", self.listed_bytes(b"\n<!DOCTYPE html><html></html>"))
        self.assertIn("git lfs pull", self.listed_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"))
        plain = state_dict(w=tensor())
        self.assertIn("compressed", self.listed_bytes(archive(plain, compression=zipfile.ZIP_DEFLATED)))
        self.assertIn('"big"', self.listed_bytes(archive(plain, {"byteorder": b"big", "data/0": bytes(16)})))
        self.assertIn("no data.pkl", self.listed_bytes(archive(plain, folder="a/b")))
        self.check(self.listed_bytes(archive(plain, {"data/0": bytes(16)}, folder="any name")), {"w": torch.zeros(4)})
        buffer = io.BytesIO()
        torch.save({"w": torch.ones(3)}, buffer)
        self.check(self.listed_bytes(buffer.getvalue()), {"w": torch.ones(3)})

    def test_nothing_is_run(self):
        mark = os.path.join(self.folder, "ran")

        class Hostile:
            def __reduce__(self):
                return os.system, (f"touch '{mark}'",)

        class Built:
            def __reduce__(self):
                return eval, (f"open({mark!r}, 'w')",), {"state": 1}, iter([1]), iter([("a", 1)])

        state = {"w": torch.ones(2)}
        for hostile in (Hostile(), Built()):
            for protocol in (2, 4, 5):
                self.assertIn("whole object", self.saved(hostile, pickle_protocol=protocol))
                self.check(self.saved(state | {"hook": hostile}, pickle_protocol=protocol), state)
                self.check(self.saved({"model": state, "a": [hostile, {"b": hostile}]}, pickle_protocol=protocol),
                           state)
        for data in (b"\x80\x02cos\nsystem\n" + text(f"touch '{mark}'") + b"\x85R.",
                     b"\x80\x02cposix\nsystem\n" + text(f"touch '{mark}'") + b"\x85\x81.",
                     b"\x80\x02}" + text("w") + b"cos\nsystem\n" + text(f"touch '{mark}'") + b"\x85Rs.",
                     b"\x80\x02cos\nsystem\n)\x81}" + text("a") + text("b") + b"sb."):
            self.assertIsInstance(self.listed_bytes(archive(data)), str)
        self.assertFalse(os.path.exists(mark))

    def test_tensors_stay_within_their_storage(self):
        self.check(self.listed_bytes(archive(state_dict(w=tensor(1, (3,))), {"data/0": struct.pack("4f", 1, 2, 3, 4)})),
                   {"w": torch.tensor([2.0, 3, 4])})
        most = (1 << 63) - 1
        for arguments in ({"offset": 1}, {"offset": 4, "size": (1,)}, {"offset": most}, {"size": (5,)},
                          {"stride": (2,)}, {"stride": (most,)},
                          {"size": (most, most), "stride": (1, 1)}, {"size": (1 << 32, 1 << 32), "stride": (0, 0)},
                          {"size": (1 << 62,), "stride": (0,)}, {"size": (1 << 40,), "stride": (0,)}, {"offset": -1},
                          {"size": (-1,)},
                          {"stride": (-1,)}, {"size": (2, 2)}, {"elements": 5}, {"elements": most}, {"elements": 3},
                          {"key": "1"},
                          {"key": "../data.pkl"}, {"storage": b"ctorch\nNoStorage\n"},
                          {"storage": b"cos\nFloatStorage\n"},
                          {"storage": b"ctorch\nDoubleStorage\n"}, {"size": (1,) * 65, "stride": (1,) * 65},
                          {"size": (), "offset": 4, "stride": ()}):
            with self.subTest(**arguments):
                self.assertIsInstance(self.listed_bytes(archive(state_dict(w=tensor(**arguments)))), str)
        nothing = self.listed_bytes(archive(state_dict(w=tensor(9, (0, most, most), (1, 1, 1)))))
        self.assertEqual(nothing, {"w": {"dtype": "F32", "shape": [0, most, most], "bytes": ""}})

    def test_absurd_pickles(self):
        cut = "can't be read at byte"
        for data in (b"", b".", b"\x80\x02", b"\x80\x09}.", b"\x80\x02(.", b"\x80\x02}s.", b"\x80\x02(}0s.",
                     b"\x80\x02t.", b"\x80\x02h\x05.",
                     b"\x80\x02X\xff\xff\xff\xff.", b"\x80\x04\x8d" + b"\xff" * 8 + b".",
                     b"\x80\x02\x8b\xff\xff\xff\xff.", b"\x80\x02NQ.",
                     b"\x80\x02NNR0", b"\x80\x02cos", b"\x80\x02NN\x93.", b"\x80\x02\x85.", b"\x80\x02I1\n.",
                     b"\x80\x05\x97.", b"\x80\x02}(Nu.",
                     b"\x80\x02q\x00.", b"\x80\x02(2.", b"\x80\x02(R.", b"\x80\x02" + b"(" * 3_000_000,
                     b"\x80\x02" + b"N" * 3_000_000,
                     b"\x80\x02N" + b"2" * 3_000_000, b"\x80\x02]" + b"\x94" * 3_000_000,
                     b"\x80\x02]" + b"q\x002" * 3_000_000):
            with self.subTest(data=data[:20]):
                self.assertIn(cut, self.listed_bytes(archive(data)))
        # Deeply nested, of lists and of dicts; a dict that holds itself many times over.
        for data in (b"\x80\x02" + b"]" * 900_000 + b"a" * 899_999 + b".",
                     b"\x80\x02" + (b"}" + text("a")) * 300_000 + b"}" + b"s" * 300_000 + b".",
                     b"\x80\x02}q\x00(" + (text("model") + b"h\x00") * 300_000 + b"u.",
                     b"\x80\x02}(" + (text("model") + b"}" + text("w") + b"}s") * 300_000 + b"u."):
            with self.subTest(data=data[:20]):
                self.assertRegex(self.listed_bytes(archive(data)), "no tensors|no dict")
        many = (text("a") + b"}" + text("w") + b"h\x01s") * 200_000
        self.assertIn("several", self.listed_bytes(archive(b"\x80\x02" + tensor() + b"q\x010}(" + many + b"u.")))

    def test_cut_and_damaged(self):
        module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
        module[0].weight = torch.nn.Parameter(module[0].weight.detach().permute(0, 1, 3, 2))
        content = io.BytesIO()
        torch.save({"epoch": 1, "state_dict": module.state_dict()}, content)
        content = content.getvalue()
        self.check(self.listed_bytes(content), module.state_dict())
        for length in range(0, len(content), 50):
            self.assertIsInstance(self.listed_bytes(content[:length]), str, length)
        start = content.index(b"\x80\x02}")
        numbers_of = random.Random(1)
        for i in range(150):
            damaged = bytearray(content)
            # Half of them in the pickle, where most structure is; the rest anywhere.
            for _ in range(numbers_of.randint(1, 3)):
                at = numbers_of.randrange(start, start + 900) if i % 2 else numbers_of.randrange(len(damaged))
                damaged[at] ^= 1 << numbers_of.randrange(8)
            with self.subTest(i=i):
                self.listed_bytes(bytes(damaged))


if __name__ == "__main__":
    unittest.main()
