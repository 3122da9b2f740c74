"""RunReader reads what PyTorch's SummaryWriter wrote, value for value."""

import gzip
import io
import math
import os
import sys
import tempfile
import unittest

import numpy as np
import tensorboardX
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.histogram import summary as histogram_summary
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util
from torch.utils.tensorboard import SummaryWriter

sys.path.insert(0, os.path.dirname(__file__))
import event_tools as tools


class ForeignEvents(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = self.temporary.name
        self.writer = SummaryWriter(self.folder)
        self.addCleanup(self.writer.close)

    def exported(self):
        self.writer.flush()
        exported = tools.export(self.folder)
        self.assertEqual(exported["problems"], [])
        return exported

    def accumulated(self):
        accumulator = EventAccumulator(self.folder, size_guidance=dict.fromkeys(
            ["scalars", "histograms", "images", "tensors", "compressedHistograms"], 0))
        accumulator.Reload()
        return accumulator

    def test_scalars_of_all_styles(self):
        values = [0.1, -2.0, math.nan, math.inf, -math.inf, 1e300, 1e-46]
        for step, value in enumerate(values):
            self.writer.add_scalar("plain", value, step)
            self.writer.add_scalar("tensor", value, step, new_style=True)
            self.writer.add_scalar("double", value, step, new_style=True, double_precision=True)
        scalars = self.exported()["scalars"]
        with np.errstate(over="ignore"):
            rounded = np.array(values, np.float32).astype(float)
        for tag, expected in [("plain", rounded), ("tensor", rounded), ("double", values)]:
            with self.subTest(tag):
                self.assertEqual([row[0] for row in scalars[tag]], list(range(len(values))))
                np.testing.assert_array_equal([tools.number(row[2]) for row in scalars[tag]], expected)
        walls = [e.wall_time for e in self.accumulated().Scalars("plain")]
        self.assertEqual([row[1] for row in scalars["plain"]], walls)

    def test_histograms(self):
        rng = np.random.default_rng(3)
        for step in range(3):
            self.writer.add_histogram("weights", rng.normal(size=500), step)
        self.writer.add_histogram_raw("raw", 1, 4, 3, 8, 22, [2.0, 4.0], [1, 2], 9)
        histograms = self.exported()["histograms"]
        for tag in ["weights", "raw"]:
            expected = [[e.step, e.wall_time, h.min, h.max, h.num, h.sum, h.sum_squares, h.bucket_limit, h.bucket]
                        for e in self.accumulated().Histograms(tag) for h in [e.histogram_value]]
            self.assertEqual(histograms[tag], expected)

    def test_images(self):
        self.writer.add_image("grey", torch.rand(1, 4, 6), 2)
        self.writer.add_image("colour", torch.rand(3, 4, 6), 2)
        self.writer.add_image("grey with opacity", torch.rand(2, 4, 6), 2)
        self.writer.add_images("batch", torch.rand(2, 3, 4, 6), 3)
        images = self.exported()["images"]
        accumulator = self.accumulated()
        self.assertEqual(sorted(images), sorted(accumulator.Tags()["images"]))
        for tag, rows in images.items():
            (point,) = accumulator.Images(tag)
            width = 12 if tag == "batch" else 6  # PyTorch lays a batch out side by side, and makes grey RGB.
            channels = 2 if tag == "grey with opacity" else 3
            self.assertEqual(rows,
                             [[point.step, point.wall_time, 4, width, channels, point.encoded_image_string.hex()]])

    def test_what_tensorboardx_writes(self):
        with tensorboardX.SummaryWriter(self.folder, write_to_disk=True) as writer:
            for step, value in enumerate([0.5, math.nan, -math.inf, 3.25]):
                writer.add_scalar("loss/train", value, step)
                writer.add_scalars("both", {"a b": value, "größe": step}, step)
            writer.add_histogram("weights", np.random.default_rng(3).normal(size=300), 2)
            writer.add_image("picture", np.zeros((3, 4, 6), np.uint8), 1)
            writer.add_text("note", "**so**", 4)
            writer.add_hparams({"lr": 0.1, "norm": "batch"}, {"iou": 0.5}, name="below", global_step=3)
        exported, accumulator = self.exported(), self.accumulated()
        self.assertEqual(exported["problems"], [])
        for tag in ["loss/train"]:
            np.testing.assert_array_equal([(row[0], row[1], tools.number(row[2])) for row in exported["scalars"][tag]],
                                          [(e.step, e.wall_time, e.value) for e in accumulator.Scalars(tag)])
        self.assertEqual(list(exported["scalars"]), accumulator.Tags()["scalars"])
        ((_, _, _, _, count, _, _, limits, counts),) = exported["histograms"]["weights"]
        (theirs,) = accumulator.Histograms("weights")
        self.assertEqual((count, limits, counts), (300, list(theirs.histogram_value.bucket_limit), list(theirs.histogram_value.bucket)))
        self.assertEqual(exported["images"]["picture"][0][-1], accumulator.Images("picture")[0].encoded_image_string.hex())
        self.assertEqual([(row[0], row[2]) for row in exported["texts"]["note/text_summary"]], [(4, "**so**")])
        for below in ("a b", "größe"):
            (rows,) = tools.export(os.path.join(self.folder, "both", below))["scalars"].values()
            self.assertEqual(len(rows), 4)
        self.assertEqual(tools.export(os.path.join(self.folder, "below"))["hparams"], {"lr": 0.1, "norm": "batch"})

    def own_api(self, *values):
        """A log by TensorBoard's own summary API, at step 3."""
        folder = os.path.join(self.folder, "own")
        writer = EventFileWriter(folder)
        writer.add_event(event_pb2.Event(step=3, wall_time=1.0, summary=summary_pb2.Summary(value=values)))
        writer.close()
        return tools.export(folder)

    def test_histograms_as_tensors_of_left_right_and_count(self):
        data = np.random.default_rng(3).normal(size=500)
        exported = self.own_api(*histogram_summary.histogram_pb("h", data, buckets=7).value)
        self.assertEqual(exported["problems"], [])
        ((step, _, low, high, count, total, _, limits, counts),) = exported["histograms"]["h"]
        wanted, edges = np.histogram(data, 7)
        self.assertEqual((step, count, counts), (3, 500, list(wanted.astype(float))))
        np.testing.assert_allclose(limits, edges[1:], rtol=1e-6)
        np.testing.assert_allclose((low, high), (data.min(), data.max()), rtol=1e-6)
        self.assertAlmostEqual(total, data.sum(), delta=500 * (edges[1] - edges[0]) / 2)  # By the middles of buckets.

    def test_several_images_of_one_summary(self):
        pictures = []
        for kind in ("png", "jpeg"):
            stream = io.BytesIO()
            Image.fromarray(np.full((4, 6, 3), 100, np.uint8)).save(stream, kind)
            pictures.append(stream.getvalue())
        metadata = image_metadata.create_summary_metadata("", "", converted_to_tensor=True)
        tensor = tensor_util.make_tensor_proto([b"6", b"4", *pictures])
        exported = self.own_api(summary_pb2.Summary.Value(tag="i", metadata=metadata, tensor=tensor))
        self.assertEqual(exported["problems"], [])
        self.assertEqual({tag: rows[0][0:1] + rows[0][2:] for tag, rows in exported["images"].items()},
                         {"i": [3, 4, 6, 3, pictures[0].hex()], "i[1]": [3, 4, 6, 0, pictures[1].hex()]})

    def test_text_tensors_and_what_is_not_drawn(self):
        self.writer.add_text("note", "größer **so**", 4)
        self.writer.add_tensor("vector", torch.tensor([1.5, math.nan, -2.0]), 1)
        self.writer.add_tensor("bytes", torch.tensor([[1, 255]], dtype=torch.uint8), 1)
        self.writer.add_tensor("long", torch.tensor([[1], [-2]]), 1)
        self.writer.add_tensor("bool", torch.tensor([True, False]), 1)
        self.writer.add_tensor("double", torch.tensor(0.5, dtype=torch.float64), 1)
        self.writer.add_pr_curve("pr", torch.tensor([0, 1, 1]), torch.tensor([0.1, 0.9, 0.4]), 1)
        self.writer.add_audio("sound", torch.zeros(1, 10), 1)
        self.writer.add_graph(torch.nn.Linear(2, 2), torch.zeros(1, 2))
        self.writer.add_mesh("mesh", torch.zeros(1, 3, 3), global_step=1)
        exported = self.exported()
        self.assertEqual([(r[0], r[2]) for r in exported["texts"]["note/text_summary"]], [(4, "größer **so**")])
        tensors = {tag: rows[0][2:] for tag, rows in exported["tensors"].items()}
        self.assertEqual(tensors.pop("vector"), [[3], [1.5, "NaN", -2.0]])
        self.assertEqual(tensors.pop("bytes"), [[1, 2], [1.0, 255.0]])
        self.assertEqual(tensors.pop("long"), [[2, 1], [1.0, -2.0]])
        self.assertEqual(tensors.pop("bool"), [[2], [1.0, 0.0]])
        self.assertEqual(tensors.pop("double"), [[], [0.5]])
        self.assertEqual(tensors.pop("pr")[0], [6, 127])
        self.assertEqual(tensors.pop("mesh_VERTEX")[0], [1, 3, 3])
        self.assertEqual(tensors, {})
        self.assertEqual(exported["scalars"], {})
        self.assertEqual(exported["plugins"], {"audio": 1, "graphs": 2, "mesh": 1, "pr_curves": 1, "tensor": 5})

    def test_the_charts_that_a_log_asks_for(self):
        self.writer.add_custom_scalars({"Losses": {"both": ["Multiline", ["loss/.*", "größe"]]},
                                        "Iou": {"spread": ["Margin", ["iou", "iou/low", "iou/high"]]}})
        self.writer.add_scalar("loss/train", 1, 1)
        exported = self.exported()
        self.assertEqual(exported["charts"], [["Losses: both", ["loss/.*", "größe"], False],
                                              ["Iou: spread", ["iou", "iou/low", "iou/high"], True]])
        self.assertEqual(exported["plugins"], {})

    def test_hparams_make_a_run_below_with_its_metrics(self):
        self.writer.add_hparams({"lr": 0.1, "norm": "batch"}, {"iou": 0.5}, run_name="below", global_step=3)
        self.assertEqual(self.exported()["scalars"], {})
        below = tools.export(os.path.join(self.folder, "below"))
        self.assertEqual([(r[0], r[2]) for r in below["scalars"]["iou"]], [(3, 0.5)])
        self.assertEqual(below["hparams"], {"lr": 0.1, "norm": "batch"})
        self.assertEqual(below["problems"], [])

    def test_a_gzipped_log_is_said_to_be_one(self):
        self.writer.add_scalar("a", 1, 1)
        self.writer.close()
        (name,) = os.listdir(self.folder)
        with open(os.path.join(self.folder, name), "rb") as log, gzip.open(os.path.join(self.folder, name + ".gz"), "wb") as packed:
            packed.write(log.read())
        exported = tools.export(self.folder)
        self.assertEqual([problem[1] for problem in exported["problems"]], [0])
        self.assertIn("gunzip", exported["problems"][0][2])
        self.assertEqual(len(exported["scalars"]["a"]), 1)

    def test_purge_step_drops_what_came_at_or_after_it(self):
        for step in range(10):
            self.writer.add_scalar("a", step, step)
        self.writer.close()
        with SummaryWriter(self.folder, purge_step=6, filename_suffix=".later") as writer:
            writer.add_scalar("a", 60, 6)
        names = sorted(os.listdir(self.folder))
        self.assertEqual([n.endswith(".later") for n in names], [False, True], names)
        exported = tools.export(self.folder)
        rows = exported["scalars"]["a"]
        self.assertEqual([(r[0], r[2]) for r in rows], [(s, s) for s in range(6)] + [(6, 60)])
        (dropped,) = exported["dropped"]["a"]
        self.assertEqual([(r[0], r[2]) for r in dropped], [(s, s) for s in range(6, 10)])


if __name__ == "__main__":
    unittest.main()
