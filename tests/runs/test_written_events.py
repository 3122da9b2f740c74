"""TensorBoard reads what RunWriter wrote, value for value."""

import io
import math
import os
import sys
import tempfile
import unittest

import numpy as np
from PIL import Image
from tensorboard.context import RequestContext
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard.plugins.hparams import metadata as hparams_metadata

sys.path.insert(0, os.path.dirname(__file__))
import event_tools as tools


def accumulated(folder):
    accumulator = EventAccumulator(folder, size_guidance=dict.fromkeys(
        ["scalars", "histograms", "images", "tensors", "compressedHistograms"], 0))
    accumulator.Reload()
    return accumulator


class WrittenEvents(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = self.temporary.name

    def test_scalars_with_what_is_not_finite(self):
        values = [0.1, 1.0, -3.5, 0.0, 1e30, 1e300, 1e-46, math.nan, math.inf, -math.inf]
        texts = [v if math.isfinite(v) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(v)] for v in values]
        steps = [0, 1, 2, 127, 128, 16384, 2**31, 2**40, 2**62, 2**63 - 1]
        tools.write(self.folder, [["scalar", "loss/träin", s, v] for s, v in zip(steps, texts)])
        read = accumulated(self.folder).Scalars("loss/träin")
        self.assertEqual([e.step for e in read], steps)
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal([e.value for e in read], np.array(values, np.float32).astype(float))
        self.assertTrue(all(abs(e.wall_time - os.path.getmtime(self.folder)) < 60 for e in read))

    def test_histograms(self):
        values = np.random.default_rng(1).normal(size=1000).astype(np.float32)
        tools.write(self.folder, [["histogram", "weights", 7, [float(v) for v in values], 30]])
        (point,) = accumulated(self.folder).Histograms("weights")
        histogram = point.histogram_value
        counts, edges = np.histogram(values.astype(float), bins=30)
        self.assertEqual(point.step, 7)
        self.assertEqual((histogram.min, histogram.max, histogram.num), (values.min(), values.max(), 1000))
        self.assertAlmostEqual(histogram.sum, values.astype(float).sum(), places=9)
        self.assertAlmostEqual(histogram.sum_squares, (values.astype(float) ** 2).sum(), places=9)
        np.testing.assert_allclose(histogram.bucket_limit, edges[1:], rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(histogram.bucket, counts)

    def test_images(self):
        file = io.BytesIO()
        Image.fromarray(np.arange(60, dtype=np.uint8).reshape(4, 5, 3)).save(file, "PNG")
        tools.write(self.folder, [["image", "preview/0", 3, 4, 5, 3, file.getvalue().hex()]])
        (point,) = accumulated(self.folder).Images("preview/0")
        self.assertEqual((point.step, point.height, point.width), (3, 4, 5))
        self.assertEqual(point.encoded_image_string, file.getvalue())

    def test_text_and_tensors(self):
        tools.write(self.folder, [["text", "note", 1, "**größer**"],
                                  ["tensor", "norm/a/gap", 5, [2, 3], [1, 2, "NaN", 4, "-Infinity", 0.1]],
                                  ["tensor", "empty", 5, [0], []]])
        multiplexer = EventMultiplexer()
        multiplexer.AddRun(self.folder, "run")
        multiplexer.Reload()
        provider = MultiplexerDataProvider(multiplexer, self.folder)
        ask = dict(ctx=RequestContext(), experiment_id="e", downsample=100)
        text = provider.read_tensors(plugin_name="text", **ask)["run"]["note"]
        self.assertEqual([(d.step, d.numpy.item().decode()) for d in text], [(1, "**größer**")])
        tensors = provider.read_tensors(plugin_name="ablate", **ask)["run"]
        np.testing.assert_array_equal(tensors["norm/a/gap"][0].numpy,
                                      np.array([[1, 2, np.nan], [4, -np.inf, 0.1]], np.float32))
        self.assertEqual(tensors["empty"][0].numpy.shape, (0,))

    def test_resumed_segment_replaces_what_came_at_or_after_its_first_step(self):
        tools.write(self.folder, [["scalar", "a", s, s] for s in range(10)])
        tools.write(self.folder, [["scalar", "a", s, 100 + s] for s in range(6, 8)], first_step=6)
        expected = [(s, s) for s in range(6)] + [(6, 106), (7, 107)]
        self.assertEqual([(e.step, e.value) for e in accumulated(self.folder).Scalars("a")], expected)
        self.assertEqual([(s, v) for s, _, v in tools.export(self.folder)["scalars"]["a"]], expected)

    def test_hparams_page(self):
        for name, norm, lr in [("one", "batch", 0.1), ("two", "none", 1e-3)]:
            folder = os.path.join(self.folder, name)
            os.mkdir(folder)
            tools.write(folder, [["hparams", {"model.norm": norm, "optimizer.lr": lr, "augment": True, "left": None,
                                              "size": [96, 64]}, ["iou/val", "loss/train"]],
                                 ["scalar", "iou/val", 0, 0.25], ["scalar", "iou/val", 5, 0.75],
                                 ["scalar", "loss/train", 5, 0.5], ["scalar", "lr", 5, lr], ["hparams_end", name == "one"]])
        multiplexer = EventMultiplexer()
        multiplexer.AddRunsFromDirectory(self.folder)
        multiplexer.Reload()
        provider = MultiplexerDataProvider(multiplexer, self.folder)
        context = backend_context.Context(base_plugin.TBContext(data_provider=provider))
        metadata = context.hparams_metadata(RequestContext(), "e")
        experiment = context.experiment_from_metadata(
            RequestContext(), "e", True, metadata, context.hparams_from_data_provider(RequestContext(), "e", 100))
        self.assertEqual({(i.name, api_pb2.DataType.Name(i.type)) for i in experiment.hparam_infos},
                         {("model.norm", "DATA_TYPE_STRING"), ("optimizer.lr", "DATA_TYPE_FLOAT64"),
                          ("augment", "DATA_TYPE_BOOL"), ("size", "DATA_TYPE_STRING")})
        self.assertEqual([i.name.tag for i in experiment.metric_infos], ["iou/val", "loss/train"])
        request = api_pb2.ListSessionGroupsRequest(
            start_index=0, slice_size=10, include_metrics=True,
            allowed_statuses=[api_pb2.STATUS_FAILURE, api_pb2.STATUS_SUCCESS],
            col_params=[api_pb2.ColParams(metric=i.name, include_in_result=True) for i in experiment.metric_infos]
            + [api_pb2.ColParams(hparam=i.name, include_in_result=True) for i in experiment.hparam_infos])
        groups = list_session_groups.Handler(RequestContext(), context, "e", request).run().session_groups
        found = {g.hparams["model.norm"].string_value:
                 (g.hparams["optimizer.lr"].number_value, g.hparams["augment"].bool_value, g.hparams["size"].string_value,
                  sorted((m.name.tag, m.value) for m in g.metric_values)) for g in groups}
        metrics = [("iou/val", 0.75), ("loss/train", 0.5)]
        self.assertEqual(found, {"batch": (0.1, True, "[96,64]", metrics), "none": (1e-3, True, "[96,64]", metrics)})
        statuses = {g.hparams["model.norm"].string_value: api_pb2.Status.Name(g.sessions[0].status) for g in groups}
        self.assertEqual(statuses, {"batch": "STATUS_SUCCESS", "none": "STATUS_FAILURE"})


if __name__ == "__main__":
    unittest.main()
