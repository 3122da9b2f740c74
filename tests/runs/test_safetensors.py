"""The safetensors package reads what we wrote, and we read what it wrote."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import torch
from safetensors.torch import load_file, save_file
from safetensors import safe_open

COPY = os.path.join(os.environ["ABLATE_BIN"], "copy_safetensors")
TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
         torch.uint8, torch.bool]


class Safetensors(unittest.TestCase):
    """copy_safetensors reads with our reader and writes with our writer."""

    def copied(self, tensors, metadata=None):
        with tempfile.TemporaryDirectory() as folder:
            theirs, ours = os.path.join(folder, "theirs"), os.path.join(folder, "ours")
            save_file(tensors, theirs, metadata)
            subprocess.run([COPY, theirs, ours], check=True)
            with safe_open(ours, "pt") as file:
                kept = file.metadata()
            with open(ours, "rb") as file:
                length = int.from_bytes(file.read(8), "little")
                self.assertEqual(length % 8, 0)
                json.loads(file.read(length))
            return load_file(ours), kept

    def test_all_types_and_shapes(self):
        generator = torch.Generator().manual_seed(1)
        tensors = {f"layer.{i}.weight": (torch.rand(2, 3, generator=generator) * 100).to(dtype)
                   for i, dtype in enumerate(TYPES)}
        tensors |= {"scalar": torch.tensor(3.5), "none": torch.zeros(0, 4), "größe \"x\"": torch.ones(1, 1, 1, 1)}
        read, metadata = self.copied(tensors, {"format": "pt", "ä": "\n"})
        self.assertEqual(metadata, {"format": "pt", "ä": "\n"})
        self.assertEqual(set(read), set(tensors))
        for name, tensor in tensors.items():
            self.assertEqual((read[name].dtype, read[name].shape), (tensor.dtype, tensor.shape), name)
            self.assertTrue(torch.equal(read[name], tensor), name)

    def test_state_dict_with_what_is_not_finite(self):
        state = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()
        state["0.bias"][:] = torch.tensor([torch.nan, torch.inf, -torch.inf, -0.0])
        read, _ = self.copied(state)
        for name, tensor in state.items():
            self.assertEqual(read[name].numpy().tobytes(), tensor.numpy().tobytes(), name)


if __name__ == "__main__":
    unittest.main()
