"""The command line without a worker: its grammar, and what it prints of runs that somebody else made."""

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
import time
import unittest

from ablate_program import BIN, AblateTest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

COMMANDS = "open demo options train launch cluster list show compare export mark remove restore stop resume predict evaluate average cost doctor lr-find sweep screenshot".split()
LATER = "data".split()


class CommandLineTest(AblateTest):
    def make_run(self, name, state="completed", metrics=None, config=None, **status):
        """A run folder of our own format, by hand."""
        folder = self.root / f"20261121-101500-{name}"
        folder.mkdir(parents=True)
        run = {"format": 1, "variant": name, "experiment": "tests", "config": config or {}}
        (folder / "run.json").write_text(json.dumps(run))
        (folder / "status.json").write_text(json.dumps({"format": 1, "status": state, "metrics": metrics or {}, **status}))
        return folder

    def write_events(self, folder, points):
        """(tag, step, value) as TensorBoard's own writer writes them."""
        writer = EventFileWriter(str(folder))
        for tag, step, value in points:
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            writer.add_event(Event(wall_time=1000.5 + step, step=step, summary=summary))
        writer.close()

    def test_help_lists_what_is_there_and_nothing_else(self):
        text = self.ablate("--help").stdout
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command} ")
            self.assertIn("--help", self.ablate(command, "--help").stdout)
        for command in LATER + ["queue-keeper"]:
            self.assertNotRegex(text, rf"(?m)^  {command}\b")

    def test_commands_to_come_say_so(self):
        for command in LATER:
            self.assertIn(f"{command} is not there yet", self.error_of(command, "--whatever", "x", code=2))

    def test_unknown_words_name_the_nearest(self):
        self.assertIn("Did you mean list?", self.error_of("lst", code=2))
        self.assertIn("There is no command shwo. Did you mean show? See: ablate sweep --help", self.error_of("sweep", "shwo", "x", code=2))
        self.assertIn("Did you mean --json?", self.error_of("list", "--jsn", code=2))
        self.assertIn("Did you mean --tag?", self.error_of("export", ".", "--tags", "x", code=2))
        self.assertIn("Did you mean model.norm?", self.error_of("options", "model.nrm", code=2))

    def test_what_people_say_of_a_run_is_kept_and_listed(self):
        self.make_run("a")
        self.make_run("b")
        said = self.json_of("mark", "a", "b", "--tag", "good", "--figure", "leaderboard=0.87", "--notes", "two\nlines", "--pin")
        self.assertEqual([run["tags"] for run in said], [["good"], ["good"]])
        self.ablate("mark", "a", "--no-tag", "good", "--no-pin", "--name", "best of all")
        shown = self.json_of("show", "best of all")
        self.assertEqual((shown["tags"], shown["figures"], shown["notes"], shown["pinned"]), ([], {"leaderboard": 0.87}, "two\nlines", False))
        lines = self.ablate("list").stdout.splitlines()
        self.assertIn("pinned, #good, leaderboard 0.87, two", lines[1], "pinned ones first")
        self.assertIn("best of all", lines[2])
        self.ablate("mark", "b", "--archive")
        listed = self.ablate("list")
        self.assertNotIn("good", listed.stdout)
        self.assertIn("1 archived: ablate list --all", listed.stderr)
        self.assertEqual(len(self.json_of("list", "--all")), 2)
        self.assertIn("NAME=NUMBER", self.error_of("mark", "b", "--figure", "leaderboard", code=2))
        self.assertIn("no run \"c\"", self.error_of("mark", "best of all", "c", "--tag", "x", code=1))
        self.assertEqual(self.json_of("show", "best of all")["tags"], [], "nothing is said where one is not there")

    def test_nothing_is_said_in_another_programs_folder(self):
        self.write_events(self.root / "theirs", [("loss", 1, 0.5)])
        self.ablate("mark", "theirs", "--tag", "x", "--figure", "score=0.5", "--name", "their best")
        shown = self.json_of("show", "their best")
        self.assertEqual((shown["tags"], shown["figures"], shown["status"]), (["x"], {"score": 0.5}, "foreign"))
        self.assertIn("no run.json", self.error_of("remove", "theirs", code=1))
        self.assertEqual(len(list((self.root / "theirs").iterdir())), 1)

    def test_a_removed_run_is_in_the_bin_until_it_is_restored(self):
        folder = self.make_run("a")
        self.make_run("b")
        self.make_run("busy", state="queued")
        self.assertIn("stop it first", self.error_of("remove", "busy", code=1))
        self.assertIn(f"ablate restore {folder.name}", self.ablate("remove", "a").stdout)
        self.assertEqual({run["name"] for run in self.json_of("list")}, {"b", "busy"})
        self.assertIn(folder.name, self.ablate("restore").stdout)
        self.ablate("restore", "a")
        self.assertEqual(self.json_of("show", "a")["status"], "completed")
        self.assertEqual(self.json_of("restore"), [])
        self.assertIn("no run \"a\"", self.error_of("restore", "a", code=1))

    def test_missing_and_superfluous_words_are_wrong_usage(self):
        self.assertIn("RUN", self.error_of("show", code=2))
        self.assertIn("no further argument", self.error_of("list", "what", code=2))
        self.assertIn("2", self.error_of("compare", "one", code=2))
        self.assertIn("See: ablate sweep show --help", self.error_of("sweep", "show", "lr", "--", "-y", code=2))

    def test_runs_may_stand_before_or_after_the_command(self):
        self.make_run("a")
        for words in (["--runs", self.root, "list"], ["list", "--runs", self.root], [f"--runs={self.root}", "list"]):
            result = subprocess.run([BIN / "ablate", *map(str, words)], env=self.environment, capture_output=True, text=True)
            self.assertIn("20261121-101500-a", result.stdout, words)
        by_variable = subprocess.run([BIN / "ablate", "list"], env={**self.environment, "ABLATE_RUNS": str(self.root)},
                                     capture_output=True, text=True)
        self.assertIn("20261121-101500-a", by_variable.stdout)

    def test_a_run_may_be_called_like_a_command(self):
        self.make_run("list")
        self.assertEqual(self.json_of("show", "list")["name"], "list")

    def test_a_run_may_be_called_like_an_option(self):
        folder = self.make_run("a")
        self.ablate("mark", "a", "--name=-x")
        self.assertIn("-x", self.ablate("show", "--", "-x").stdout)
        self.assertIn("no further argument", self.error_of("show", "--", "-x", "-y", code=2))
        self.ablate("mark", "--tag", "good", "--", "-x")
        self.assertEqual(self.json_of("show", folder.name)["tags"], ["good"])
        self.assertIn("no option -x of show", self.error_of("show", "-x", code=2))

    def test_options_are_the_catalogue(self):
        options = {option["key"]: option for option in self.json_of("options")}
        self.assertIn("instance", options["model.norm"]["choices"])
        self.assertEqual(options["train.batch_size"]["type"], "integer")
        self.assertTrue(all(option["meaning"] for option in options.values()))
        family = self.json_of("options", "model")
        self.assertTrue(family and all(option["key"].startswith("model.") for option in family))
        text = self.ablate("options", "model.norm").stdout
        self.assertIn("batch | instance", text)
        self.assertIn("default", text)

    def test_an_empty_root_is_no_error(self):
        self.assertEqual(self.json_of("list"), [])
        self.assertIn("No runs in", self.ablate("list").stdout)

    def test_list_shows_runs_of_all_kinds(self):
        self.make_run("good", metrics={"iou/val_eval": 0.5, "loss/train": "NaN"}, step=40, total_steps=40)
        self.make_run("bad", state="failed", error="The worker was killed.\nMore.")
        foreign = self.root / "somebody" / "else"
        foreign.mkdir(parents=True)
        self.write_events(foreign, [("loss", 1, 0.5)])
        runs = {run["id"]: run for run in self.json_of("list")}
        self.assertEqual({run["status"] for run in runs.values()}, {"completed", "failed", "foreign"})
        self.assertEqual(runs["20261121-101500-good"]["metrics"], {"iou/val_eval": 0.5, "loss/train": "NaN"})
        self.assertEqual(runs["20261121-101500-good"]["run"], str(self.root / "20261121-101500-good"))
        text = self.ablate("list").stdout
        self.assertIn("40/40", text)
        self.assertIn("The worker was killed.", text)
        self.assertIn("somebody/else", text)
        self.assertNotIn("\033", text)

    def test_a_run_that_no_launch_has_queued_is_listed_as_such(self):
        self.make_run("alone", state="queued")
        self.assertIn("in no queue yet: ablate resume queues it here", self.ablate("list").stdout)

    def test_a_damaged_run_is_listed_with_its_damage(self):
        (self.make_run("broken") / "status.json").write_text('{"format": 1, "status": "comp')
        self.make_run("whole")
        runs = {run["name"]: run for run in self.json_of("list")}
        self.assertEqual(runs["broken"]["status"], "failed")
        self.assertIn("status.json", runs["broken"]["error"])
        self.assertEqual(runs["whole"]["status"], "completed")

    def test_show_takes_the_last_value_of_every_tag(self):
        foreign = self.root / "theirs"
        foreign.mkdir(parents=True)
        self.write_events(foreign, [("loss", 1, 0.5), ("loss", 2, 0.25), ("acc", 2, math.nan), ("big", 2, -math.inf)])
        for word in ("theirs", foreign):
            shown = self.json_of("show", word)
            self.assertEqual(shown["status"], "foreign")
            self.assertEqual(shown["metrics"], {"loss": 0.25, "acc": "NaN", "big": "-Infinity"})
        self.assertRegex(self.ablate("show", "theirs").stdout, r"loss +0\.25")

    def test_show_names_near_matches_of_a_run_it_does_not_find(self):
        self.make_run("instance-shared")
        self.assertIn("instance-shared", self.error_of("show", "instance-shard", code=1))

    def test_show_tells_options_that_are_not_the_default(self):
        self.make_run("a", config={"model": {"norm": "instance"}})
        self.assertRegex(self.ablate("show", "a").stdout, r'model\.norm +"instance" +"batch"')

    def test_compare_tells_what_differs(self):
        self.make_run("a", config={"model": {"norm": "instance", "channels": 8}}, metrics={"iou/val": 0.5})
        self.make_run("b", config={"model": {"norm": "group", "channels": 8}}, metrics={"iou/val": 0.75, "loss/val": 1})
        compared = self.json_of("compare", "a", "b")
        self.assertEqual([run["name"] for run in compared["runs"]], ["a", "b"])
        self.assertEqual(compared["differing"], {"model.norm": ["instance", "group"]})
        self.assertEqual(compared["metrics"], {"iou/val": [0.5, 0.75], "loss/val": [None, 1]})
        text = self.ablate("compare", "a", "b").stdout
        self.assertRegex(text, r'model\.norm +"instance" +"group"')
        self.assertNotIn("model.channels", text)

    def test_export_has_the_promised_shape(self):
        self.write_events_of_two_runs()
        document = self.json_of("export", self.root)
        self.assertEqual(document["a"], {"loss": [[1, 1001.5, 0.5], [2, 1002.5, "NaN"]], "iou/val": [[2, 1002.5, 0.25]]})
        self.assertEqual(set(document), {"a", "deep/b"})
        self.assertEqual(set(self.json_of("export", self.root / "a")), {"."})
        self.assertEqual(self.json_of("export", self.root, "--tag", "iou/*")["a"], {"iou/val": [[2, 1002.5, 0.25]]})

    def test_export_of_a_run_by_name_needs_no_path(self):
        self.write_events_of_two_runs()
        self.assertEqual(set(self.json_of("export", "deep/b")), {"deep/b"})

    def test_export_formats_say_the_same(self):
        self.write_events_of_two_runs()
        document = self.json_of("export", self.root)
        points = {(run, tag, *map(str, point)) for run, tags in document.items() for tag, list_ in tags.items() for point in list_}
        rows = list(csv.reader(io.StringIO(self.ablate("export", self.root).stdout)))
        self.assertEqual(rows[0], ["run", "tag", "step", "wall_seconds", "value"])
        self.assertEqual({tuple(row) for row in rows[1:]}, points)
        lines = [json.loads(line) for line in self.ablate("export", self.root, "--format", "jsonl").stdout.splitlines()]
        self.assertEqual({tuple(map(str, line.values())) for line in lines}, points)
        self.assertIn("FORMAT", self.error_of("export", self.root, "--format", "xml", code=2).upper())

    def write_events_of_two_runs(self):
        for name in ("a", "deep/b"):
            (self.root / name).mkdir(parents=True)
        self.write_events(self.root / "a", [("loss", 1, 0.5), ("loss", 2, math.nan), ("iou/val", 2, 0.25)])
        self.write_events(self.root / "deep/b", [("a, \"tag\"", 7, 1.0)])

    def test_export_of_nothing_says_so(self):
        self.root.mkdir()
        self.assertIn("Nothing to export", self.error_of("export", self.root, code=1))
        self.assertIn("no-such-thing", self.error_of("export", "no-such-thing", code=1))

    def test_export_of_tags_that_are_not_there_says_so(self):
        self.write_events_of_two_runs()
        self.assertIn("like nosuch", self.error_of("export", self.root, "--tag", "nosuch", code=1))

    def test_a_file_is_no_folder_of_runs(self):
        file = self.folder / "file"
        file.write_text("")
        self.assertIn("is a file", self.error_of("list", "--runs", file, code=2))

    def test_what_is_over_cannot_be_stopped_or_resumed(self):
        self.make_run("a", step=40)
        self.assertIn("completed", self.error_of("stop", "a", code=1))
        self.assertIn("all its 40 steps", self.error_of("resume", "a", code=1))

    def test_predict_needs_a_run_of_ours(self):
        foreign = self.root / "theirs"
        foreign.mkdir(parents=True)
        self.write_events(foreign, [("loss", 1, 0.5)])
        picture = foreign / "picture.png"
        picture.write_text("")
        self.assertIn("run.json", self.error_of("predict", "theirs", picture, "--out", self.folder, code=1))

    def test_listing_starts_long_before_torch_is_imported(self):
        self.make_run("a")
        def seconds(*command):
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True, env=self.environment)
            return time.monotonic() - began
        seconds(sys.executable, "-c", "import torch")  # Both from a warm cache.
        listing = min(seconds(BIN / "ablate", "--runs", self.root, "list") for _ in range(3))
        importing = seconds(sys.executable, "-c", "import torch")
        self.assertLess(listing * 3, importing)

    def test_nothing_of_torch_is_linked(self):
        libraries = subprocess.run(["ldd", BIN / "ablate"], capture_output=True, text=True, check=True).stdout
        self.assertIsNone(re.search(r"libtorch|libc10", libraries))


if __name__ == "__main__":
    unittest.main()
