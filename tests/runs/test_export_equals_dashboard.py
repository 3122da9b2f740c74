"""Our reader finds what TensorBoard's Scalars dashboard shows, on logs made to be misread."""

import json
import logging
import math
import os
import random
import subprocess
import sys
import tempfile
import unittest

from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.context import RequestContext

sys.path.insert(0, os.path.dirname(__file__))
import event_tools as tools
from event_tools import event, frame, metadata, simple, start, summary, tensor, version

logging.getLogger("tensorboard").setLevel(logging.CRITICAL)


def dashboards(folder, add):
    """{run: {tag: [(step, wall, value)]}} as the Scalars dashboard has them, without its sampling."""
    multiplexer = EventMultiplexer(size_guidance={"tensors": 0}, tensor_size_guidance={"scalars": 0})
    add(multiplexer)
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, folder)
    read = provider.read_scalars(RequestContext(), experiment_id="e", plugin_name="scalars", downsample=10**9)
    return {run: {tag: [(d.step, d.wall_time, float(d.value)) for d in data] for tag, data in tags.items()} for run, tags in read.items()}


def dashboard(folder):
    return dashboards(folder, lambda multiplexer: multiplexer.AddRun(folder, "run")).get("run", {})


def exported(folder, bytes_per_poll=None):
    scalars = tools.export(folder, bytes_per_poll)["scalars"]
    return {tag: [tuple(tools.number(cell) for cell in row) for row in rows] for tag, rows in scalars.items()}


def scalar_histogram():
    return summary_pb2.HistogramProto(min=0, max=1, num=1, bucket_limit=[1.0], bucket=[1.0])


GOOD = version() + summary(0, simple("a", 0.5)) + summary(1, simple("a", 0.25))
HALF_BITS = 0x3E00  # 1.5

# Every log is a dict from file name to content.
LOGS = {
    "plain": {"1.tfevents": GOOD},
    "no version": {"1.tfevents": summary(0, simple("a", 1)) + summary(1, simple("a", 2))},
    "falling steps with a version are kept": {
        "1.tfevents": version() + b"".join(summary(s, simple("a", s)) for s in [5, 3, 3, 9, -4, 0])},
    "falling steps without a version drop": {
        "1.tfevents": b"".join(summary(s, simple("a", i)) for i, s in enumerate([0, 4, 8, 4, 4, 5, 2, 9]))},
    "without a version another tag's step counts": {
        "1.tfevents": summary(8, simple("a", 1)) + summary(5, simple("b", 2)) + summary(6, simple("a", 3))
        + summary(4, simple("a", 4), simple("b", 5))},
    "old version": {"1.tfevents": version("brain.Event:1") + summary(4, simple("a", 1)) + start(0)
                    + summary(2, simple("a", 2))},
    "versions of all spellings": {
        f"{i}.tfevents": version(text) + summary(9, simple("a", i)) + summary(5, simple("a", i))
        for i, text in enumerate(["brain.Event:2", "brain.Event:1.9999", "brain.Event:nan", "brain.Event:3", "2", "x",
                                  "brain.Event: +2.0 ", "brain.Event:", "brain.Event:1brain.Event:2", "brain.Event:1e1",
                                  "brain.Event:-inf", "brain.Event:inf"])},
    "version comes late": {"1.tfevents": summary(5, simple("a", 1)), "2.tfevents": version() + summary(2, simple("a", 2))},
    "second start purges": {
        "1.tfevents": version() + start(0) + b"".join(summary(s, simple("a", s), simple("b", s)) for s in range(6)),
        "2.tfevents": version() + start(3) + summary(3, simple("a", 33)),
        "3.tfevents": version() + start(1)},
    "other session logs don't": {
        "1.tfevents": version() + start(0) + GOOD
        + b"".join(event(0, session_log=event_pb2.SessionLog(status=s)) for s in [0, 2, 3])},
    "start beyond all data": {"1.tfevents": version() + start(0) + summary(5, simple("a", 1)) + start(100)
                              + summary(3, simple("a", 2))},
    "start without version": {"1.tfevents": start(0) + summary(5, simple("a", 1)) + start(2)},
    "names order files": {"tfevents.10": version() + summary(1, simple("a", 10)), "tfevents.2": summary(1, simple("a", 2)),
                          "B.tfevents": summary(1, simple("a", 3)), "a.tfevents": summary(1, simple("a", 4)),
                          "ä.tfevents": summary(1, simple("a", 5)), ".tfevents.swp": summary(1, simple("a", 6)),
                          "events.log": summary(1, simple("a", 7)), "x.tfevents.profile-empty": summary(1, simple("a", 8))},
    "cut in the payload": {"1.tfevents": GOOD + summary(2, simple("a", 3))[:-6], "2.tfevents": version() + summary(9, simple("a", 9))},
    "bad payload checksum": {"1.tfevents": GOOD + frame(b"xyz")[:-1] + b"?" + summary(2, simple("a", 3)),
                             "2.tfevents": version() + summary(9, simple("a", 9))},
    "bad length checksum": {"1.tfevents": GOOD + b"\x05" + b"\0" * 30 + summary(2, simple("a", 3))},
    "zeros at the end": {"1.tfevents": GOOD + b"\0" * 64},
    "empty records": {"1.tfevents": frame(b"") + GOOD + frame(b"") + summary(2, simple("a", 3))},
    "empty file": {"1.tfevents": b"", "2.tfevents": GOOD},
    "first record damaged": {"1.tfevents": b"?" + GOOD[1:]},
    "tensor scalars of all types": {"1.tfevents": version() + b"".join(
        summary(s, tensor(f"t{s}", "scalars", **more)) for s, more in enumerate([
            dict(float_val=[0.1]), dict(dtype="DT_DOUBLE", double_val=[0.1]), dict(dtype="DT_INT32", int_val=[-5]),
            dict(dtype="DT_INT64", int64_val=[-(2**40)]), dict(dtype="DT_UINT8", int_val=[200]),
            dict(dtype="DT_INT8", int_val=[-100]), dict(dtype="DT_INT16", int_val=[-300]),
            dict(dtype="DT_UINT16", int_val=[60000]), dict(dtype="DT_BOOL", bool_val=[True]),
            dict(dtype="DT_HALF", half_val=[HALF_BITS]), dict(dtype="DT_HALF", tensor_content=b"\x00\x3e"),
            dict(dtype="DT_HALF", half_val=[1]), dict(dtype="DT_HALF", half_val=[0xFC00]),
            dict(tensor_content=b"\0\0\xc0\x3f"), dict(dtype="DT_DOUBLE", tensor_content=b"\0" * 6 + b"\xf8\x3f"),
            dict(dtype="DT_UINT32", tensor_content=b"\xff" * 4), dict(dtype="DT_UINT64", tensor_content=b"\0" * 7 + b"\x80"),
            dict(dtype="DT_INT64", tensor_content=b"\xff" * 8), dict(dtype="DT_BOOL", tensor_content=b"\1"),
            dict(dtype="DT_INT8", tensor_content=b"\x80"), dict(shape=[1], float_val=[2]),
            dict(shape=[1, 1, 1], tensor_content=b"\0\0\xc0\x3f"), dict(shape=[-1], tensor_content=b"\0\0\xc0\x3f")]))},
    "metadata on the first value only": {
        "1.tfevents": version() + summary(0, tensor("a", "scalars", float_val=[1])) + summary(1, tensor("a", float_val=[2])),
        "2.tfevents": version() + summary(2, tensor("a", float_val=[3]))},
    "both forms in one series": {
        "1.tfevents": version() + summary(0, simple("a", 1)) + summary(1, tensor("a", float_val=[2]))
        + summary(2, tensor("a", "scalars", float_val=[3])) + summary(3, simple("a", 4, metadata=metadata("text")))},
    "histogram first": {
        "1.tfevents": version() + summary(0, summary_pb2.Summary.Value(tag="a", histo=scalar_histogram()))
        + summary(1, simple("a", 1)) + summary(1, simple("b", 1))},
    "bare tensor first in the same file": {
        "1.tfevents": version() + summary(0, tensor("a", float_val=[1])) + summary(1, simple("a", 2))},
    "bare tensor first in another file": {
        "1.tfevents": version() + summary(0, tensor("a", dtype="DT_DOUBLE", double_val=[0.1])),
        "2.tfevents": version() + summary(1, simple("a", 2))},
    "bare tensor first and a restart between": {
        "1.tfevents": version() + start(0) + b"".join(summary(s, tensor("a", float_val=[s])) for s in range(5)),
        "2.tfevents": version() + start(3) + summary(3, simple("a", 33))},
    "classes": {"1.tfevents": version() + summary(0, tensor("scalar", "scalars", data_class=1, float_val=[1]),
                                                 tensor("tensor", "scalars", data_class=2, float_val=[1]),
                                                 tensor("blob", "scalars", data_class=3, float_val=[1]),
                                                 tensor("mine", "mine", data_class=1, float_val=[1]),
                                                 tensor("nobody", "", float_val=[1]))},
    "metadata without content": {
        "1.tfevents": version() + summary(0, summary_pb2.Summary.Value(tag="a", metadata=metadata("scalars")))
        + summary(1, tensor("a", float_val=[5]))},
    "many values in one event": {"1.tfevents": version() + summary(0, simple("a", 1), simple("b", 2), simple("a", 3))},
    "empty and strange tags": {"1.tfevents": version() + summary(0, simple("", 1), simple("a/b c\n", 2), simple("ÄÖ\0", 3))},
    "the graph counts as a summary": {
        "1.tfevents": summary(5, simple("a", 1)) + event(0, graph_def=b"") + summary(3, simple("a", 2))},
    "a session log does not": {
        "1.tfevents": summary(5, simple("a", 1)) + start(0) + frame(b"") + summary(3, simple("a", 2))},
    "an empty summary does": {
        "1.tfevents": summary(5, simple("a", 1)) + summary(0) + summary(3, simple("a", 2))},
    "run metadata claims its tag": {
        "1.tfevents": version() + event(0, tagged_run_metadata=event_pb2.TaggedRunMetadata(tag="a", run_metadata=b"x"))
        + summary(3, simple("a", 2)) + summary(3, simple("b", 2))},
    "steps and times of all sizes": {
        "1.tfevents": version() + b"".join(
            summary(s, simple("a", v), wall_time=w) for s, v, w in [
                (-(2**63), math.nan, 0.0), (2**63 - 1, math.inf, -5.0), (0, -math.inf, math.inf), (-1, -0.0, 1e300)])},
    "last member of a oneof wins": {
        "1.tfevents": version() + frame(
            event_pb2.Event(step=1, summary=summary_pb2.Summary(value=[simple("a", 1)])).SerializeToString()
            + event_pb2.Event(session_log=event_pb2.SessionLog(status=2)).SerializeToString()) + summary(2, simple("b", 2))},
    "split messages are merged": {
        "1.tfevents": version() + frame(
            event_pb2.Event(step=1, summary=summary_pb2.Summary(value=[simple("a", 1)])).SerializeToString()
            + event_pb2.Event(step=2, summary=summary_pb2.Summary(value=[simple("b", 2)])).SerializeToString())},
    "unknown fields and groups": {
        "1.tfevents": version() + frame(
            b"\xa3\x06\x08\x01\x1a\x02hi\xab\x06\xac\x06\xa4\x06" + b"\xf8\x7f\x01" + b"\x12\x01\x31"
            + event_pb2.Event(step=1, summary=summary_pb2.Summary(value=[simple("a", 1)])).SerializeToString())},
}


class ExportEqualsDashboard(unittest.TestCase):
    def compare(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(content)
            expected = dashboard(folder)
            for bytes_per_poll in [None, 1]:
                self.assertEqual(repr(sorted(exported(folder, bytes_per_poll).items())), repr(sorted(expected.items())))
            return expected

    def test_logs_made_to_be_misread(self):
        points = 0
        for name, files in LOGS.items():
            with self.subTest(name):
                points += sum(len(rows) for rows in self.compare(files).values())
        self.assertGreater(points, 100)  # The dashboard did show something to compare with.

    def test_nested_runs_of_any_name(self):
        with tempfile.TemporaryDirectory() as folder:
            for number, run in enumerate([".", "a", "a/b", "a/b/c d/Ünï", "a b"]):
                os.makedirs(os.path.join(folder, run), exist_ok=True)
                with open(os.path.join(folder, run, "1.tfevents"), "wb") as file:
                    file.write(version() + summary(1, simple("loss/train", number), simple(f"only {number}", 1)))
            expected = dashboards(folder, lambda multiplexer: multiplexer.AddRunsFromDirectory(folder))
            self.assertEqual(len(expected), 5)
            command = [os.path.join(os.environ["ABLATE_BIN"], "ablate"), "export", folder, "--json"]
            ours = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            self.assertEqual({run: {tag: list(map(tuple, rows)) for tag, rows in tags.items()} for run, tags in ours.items()}, expected)

    def test_twelve_thousand_tags(self):
        content = version() + b"".join(summary(step, *(simple(f"layer{i % 100}/{i}", i + step) for i in range(12_000))) for step in range(2))
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "1.tfevents"), "wb") as file:
                file.write(content)
            ours = exported(folder)
            self.assertEqual(len(ours), 12_000)
            self.assertEqual(ours, dashboard(folder))

    def test_cut_at_every_byte(self):
        whole = GOOD + summary(2, simple("a", 3), tensor("t", "scalars", float_val=[4]))
        for length in range(len(whole) + 1):
            with self.subTest(length):
                self.compare({"1.tfevents": whole[:length], "2.tfevents": summary(9, simple("a", 9))})

    def test_random_logs(self):
        generator = random.Random(7)
        for log in range(60):
            files = {}
            for number in range(generator.randint(1, 3)):
                content = version(generator.choice(["brain.Event:2", "brain.Event:2", "brain.Event:1"])) \
                    if generator.random() < 0.7 else b""
                # The first START of a run is where we differ on purpose: so there is nothing before it to drop.
                if number == 0:
                    content += version() + start(0)
                whole = len(content)
                for _ in range(generator.randint(0, 25)):
                    tag, step = generator.choice("abc"), generator.randint(0, 12)
                    content += generator.choice([
                        lambda: summary(step, simple(tag, step)),
                        lambda: summary(step, simple(tag, step), simple("d", 1)),
                        lambda: summary(step, tensor(tag, float_val=[step])),
                        lambda: summary(step, tensor(tag, "scalars", float_val=[step])),
                        lambda: start(step),
                        lambda: summary(step),
                        lambda: event(step, graph_def=b""),
                    ])()
                if generator.random() < 0.2 and len(content) > whole:
                    at = generator.randrange(whole, len(content))
                    content = content[:at] + bytes([content[at] ^ 1 << generator.randrange(8)]) + content[at + 1:]
                files[f"{number}.tfevents"] = content
            with self.subTest(log):
                self.compare(files)


class WhereWeDiffer(unittest.TestCase):
    """The exceptions that ARCHITECTURE.md lists; in each the dashboard loses points or the whole run."""

    def export(self, content):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "1.tfevents"), "wb") as file:
                file.write(content)
            exported = tools.export(folder)
        return ({tag: [row[2] for row in rows] for tag, rows in exported["scalars"].items()},
                [(offset, what) for _, offset, what in exported["problems"]])

    def test_the_first_start_of_a_run_drops_too(self):
        scalars, problems = self.export(GOOD + start(1) + summary(1, simple("a", 7)))
        self.assertEqual((scalars, problems), ({"a": [0.5, 7.0]}, []))

    def test_a_record_that_is_no_event_is_skipped_and_reported(self):
        scalars, ((offset, what),) = self.export(GOOD + frame(b"\xff") * 2 + summary(2, simple("a", 7)))
        self.assertEqual((scalars, offset), ({"a": [0.5, 0.25, 7.0]}, len(GOOD)))
        self.assertIn("2 times", what)

    def test_a_tag_that_is_not_utf8_is_no_event(self):
        bad = event_pb2.Event(summary=summary_pb2.Summary(value=[simple("abcd", 1)])).SerializeToString()
        scalars, problems = self.export(GOOD + frame(bad.replace(b"abcd", b"ab\xc0\x80")))
        self.assertEqual((scalars, len(problems)), ({"a": [0.5, 0.25]}, 1))

    def test_a_value_that_is_no_number_leaves_the_others(self):
        for bad in [tensor("a", shape=[2], float_val=[1, 2]), tensor("a", dtype="DT_STRING", string_val=[b"x"]), tensor("a"),
                    tensor("a", shape=[3], float_val=[1]), tensor("a", dtype="DT_COMPLEX64", scomplex_val=[1, 2]),
                    tensor("a", tensor_content=b"123"), summary_pb2.Summary.Value(tag="a", histo=scalar_histogram())]:
            scalars, problems = self.export(GOOD + summary(2, bad) + summary(3, simple("a", 7)))
            self.assertEqual(scalars, {"a": [0.5, 0.25, 7.0]})
            self.assertEqual([offset for offset, _ in problems], [len(GOOD)])
            self.assertIn('tag "a"', problems[0][1])

    def test_bfloat16_is_read(self):
        scalars, problems = self.export(version() + summary(0, tensor("a", "scalars", dtype="DT_BFLOAT16", half_val=[0x3FC0])))
        self.assertEqual((scalars, problems), ({"a": [1.5]}, []))

    def test_an_absurd_length_is_a_tail_that_is_not_there_yet(self):
        import struct
        from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
        for length in [2**40, 2**63, 2**64 - 1, 2**64 - 16]:
            head = struct.pack("<Q", length)
            scalars, problems = self.export(GOOD + head + struct.pack("<I", masked_crc32c(head)) + b"x" * 100)
            self.assertEqual((scalars, problems), ({"a": [0.5, 0.25]}, []))

    def test_a_folder_named_like_an_event_file_is_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "0.tfevents"))
            os.mkfifo(os.path.join(folder, "2.tfevents"))
            with open(os.path.join(folder, "1.tfevents"), "wb") as file:
                file.write(GOOD)
            self.assertEqual(len(tools.export(folder)["scalars"]["a"]), 2)

    def test_damage_is_reported_with_its_place(self):
        scalars, ((offset, what),) = self.export(GOOD + b"\0" * 64)
        self.assertEqual((scalars, offset), ({"a": [0.5, 0.25]}, len(GOOD)))
        self.assertIn("checksum", what)


if __name__ == "__main__":
    unittest.main()
