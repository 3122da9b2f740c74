"""Bad input gets a message that says what, where and what to do; nothing is lost, nothing half made is left behind."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from PIL import Image

from ablate_program import AblateTest, assignments


class BadInputTest(AblateTest):
    def pictures(self, name, count=12, mask=lambda i: (32, 32)):
        """A folder of pictures and masks; mask(i) is the size of the i-th mask, None for no mask."""
        data = self.folder / name
        (data / "images").mkdir(parents=True)
        (data / "masks").mkdir()
        for i in range(count):
            Image.new("RGB", (32, 32), (i * 20, 90, 50)).save(data / "images" / f"p{i}.png")
            if mask(i):
                Image.new("L", mask(i), 255 * (i % 2)).save(data / "masks" / f"p{i}.png")
        return data

    def on_folder(self, data, **changes):
        return assignments(data__dataset="folder", data__path=str(data), **changes)

    def refuse(self, *words, code, says):
        """Refused with all of these words, and no run is made."""
        before = {run["id"] for run in self.runs()}
        message = self.error_of(*words, code=code)
        for word in says:
            self.assertIn(word, message)
        self.assertEqual({run["id"] for run in self.runs()}, before)
        return message

    # --- options -----------------------------------------------------------------------------------------------------

    def test_an_unknown_option_names_the_nearest(self):
        self.refuse("train", "-s", "modl.norm=batch", code=2, says=["modl.norm", "Did you mean model.norm?"])

    def test_an_unknown_value_names_the_nearest(self):
        self.refuse("train", "-s", "model.norm=bach", code=2, says=["model.norm", "instance", "Did you mean batch?"])

    def test_a_value_out_of_range_names_the_range(self):
        self.refuse("train", "-s", "data.flip=1.5", code=2, says=["data.flip", "1.5", "from 0 to 1"])

    def test_a_value_of_another_kind_says_what_is_wanted(self):
        self.refuse("train", "-s", "train.steps=soon", code=2, says=["train.steps", "soon", "3ep"])
        self.refuse("train", "-s", "train.steps", code=2, says=["KEY=VALUE"])

    def test_groups_that_do_not_divide_the_channels(self):
        self.refuse("train", "-s", "model.norm=group", "-s", "model.channels=12", code=2,
                    says=["model.norm_groups", "8 groups", "12 channels", "divisor"])

    def test_an_experiment_file_names_itself_and_the_key(self):
        file = self.folder / "experiment.json"
        for content, says in (
            ('{"base": {"model": {"nrm": "batch"}}}', ["experiment.json", "model.norm"]),
            ('{"vary": {"model.norm": ["bach"]}}', ["experiment.json", "batch"]),
            ('{"vari": {}}', ["experiment.json", "vari"]),
            ('{"base": ', ["experiment.json", "JSON"]),
            ('{"vary": {"model.norm": ["batch", "group"]}, "base": {"model.channels": 12}}', ["experiment.json", "12 channels"]),
        ):
            file.write_text(content)
            self.refuse("launch", file, code=2, says=says)
        self.refuse("launch", self.folder / "missing.json", code=2, says=["missing.json"])
        self.refuse("lr-find", self.folder / "missing.json", code=2, says=["missing.json"])
        file.write_text("{}")
        self.refuse("launch", file, "--launcher", "pbs", code=2, says=["slurm", "local"])
        self.refuse("launch", file, "--slots", 0, code=2, says=["--slots"])

    # --- data --------------------------------------------------------------------------------------------------------

    def test_no_folder_an_empty_one_and_one_without_masks(self):
        (self.folder / "empty").mkdir()
        (self.folder / "hollow" / "images").mkdir(parents=True)
        (self.folder / "hollow" / "masks").mkdir()
        bare = self.pictures("bare", mask=lambda i: None)
        for folder, says in (("missing", ["missing", "no such folder"]), ("empty", ["empty", "images/"]), ("hollow", ["hollow", "no pictures"]),
                             (bare, ["bare", "mask of the same name"])):
            data = self.folder / folder
            self.refuse("train", *self.on_folder(data), code=1, says=says)
            self.refuse("demo", "--data", data, code=1, says=says)
        self.refuse("train", *assignments(data__gallery=str(self.folder / "empty")), code=1, says=["empty", "data.gallery"])

    def test_too_few_pictures_to_hold_some_out(self):
        data = self.pictures("few", count=3)
        self.refuse("train", *self.on_folder(data), code=1, says=["data.held_out", "3 pictures"])

    def test_a_picture_without_mask_is_left_out_and_named(self):
        data = self.pictures("data", mask=lambda i: None if i == 3 else (32, 32))
        errors = self.ablate("train", *self.on_folder(data)).stderr
        self.assertIn(f"{data}/images/p3.png: has no mask", errors)
        self.assertIn("1 left out", errors)

    def test_a_mask_of_another_size_is_left_out_and_named(self):
        data = self.pictures("data", mask=lambda i: (30, 20) if i == 4 else (32, 32))
        errors = self.ablate("train", *self.on_folder(data)).stderr
        self.assertRegex(errors, r"masks/p4\.png: is .*Make them the same size")
        self.assertIn("1 left out", errors)

    def test_a_picture_that_cannot_be_read_is_left_out_and_named(self):
        data = self.pictures("data")
        (data / "images" / "p5.png").write_bytes(b"no picture at all")
        cut = (data / "images" / "p6.png").read_bytes()
        (data / "images" / "p6.png").write_bytes(cut[: len(cut) // 2])
        errors = self.ablate("train", *self.on_folder(data)).stderr
        self.assertIn("images/p5.png: can't be read as a picture", errors)
        self.assertIn("images/p6.png", errors)

    def test_predict_names_the_picture_it_cannot_read_and_does_the_others(self):
        self.ablate("train", "--name", "net", *assignments())
        bad, good = self.folder / "bad.png", self.folder / "good.png"
        bad.write_text("no picture")
        Image.new("RGB", (32, 32)).save(good)
        result = self.ablate("predict", "net", bad, good, "--out", self.folder / "out", code=1)
        self.assertIn(f"ablate: {bad}: can't be read as a picture", result.stderr)
        self.assertEqual(result.stdout, f"{self.folder / 'out' / 'good.png'}\n")

    # --- folders and disks -------------------------------------------------------------------------------------------

    def test_a_root_that_cannot_be_written(self):
        # Below a file and in /proc nobody can make folders, not even root.
        file = self.folder / "file"
        file.write_text("")
        for root in (file / "runs", "/proc/runs"):
            message = self.error_of("train", *assignments(), "--runs", root, code=1)
            self.assertIn(str(root), message)
            self.assertRegex(message, r"--runs|\$ABLATE_RUNS")

    def test_a_full_disk_keeps_what_was_logged(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"a small disk can't be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        result = self.ablate("train", "--name", "full", *assignments(train__steps=100000, log__histograms_every=5),
                             "--runs", disk, code=1, timeout=300)
        self.assertRegex(result.stderr, r"(?i)(no space left|disk is full)")
        self.assertRegex(result.stderr, r"(?i)free some|free space")
        exported = json.loads(self.ablate("export", disk, "--json", "--tag", "loss/train").stdout)
        [tags] = exported.values()
        self.assertGreater(len(tags["loss/train"]), 5)

    def test_a_run_folder_removed_while_it_trains(self):
        process = self.start("train", "--name", "gone", *assignments(train__steps=100000))
        self.until(lambda: any(run["step"] > 3 for run in self.runs()))
        [run] = self.runs()

        def is_gone():  # Whose worker may have put a file into it meanwhile.
            shutil.rmtree(run["run"], ignore_errors=True)
            return not os.path.exists(run["run"])

        self.until(is_gone)
        self.assertEqual(self.runs(), [])
        _, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn(run["run"], errors)
        self.assertNotIn("terminate called", errors)

    # --- event files -------------------------------------------------------------------------------------------------

    def test_a_cut_event_file_loses_no_more_than_its_tail(self):
        run = self.json_of("train", *assignments())
        [events] = pathlib.Path(run["run"]).glob("events.*")
        whole = self.json_of("export", run["run"])["."]
        events.write_bytes(events.read_bytes()[:-7])
        result = self.ablate("export", run["run"], "--json")
        self.assertRegex(result.stderr, "7 of its [0-9]+ bytes are missing")
        self.assertEqual(json.loads(result.stdout)["."]["loss/train"], whole["loss/train"])

    def test_a_corrupted_event_file_is_named_with_the_byte(self):
        run = self.json_of("train", *assignments())
        [events] = pathlib.Path(run["run"]).glob("events.*")
        content = bytearray(events.read_bytes())
        content[len(content) // 2] ^= 0xFF
        events.write_bytes(content)
        result = self.ablate("export", run["run"], "--json")
        self.assertRegex(result.stderr, rf"{events} at byte \d+: ")
        self.assertTrue(json.loads(result.stdout)["."]["loss/train"])
        self.assertEqual(self.json_of("show", run["id"])["status"], "completed")
        for words in (("show", run["id"]), ("compare", run["id"], run["id"])):
            self.assertRegex(self.ablate(*words).stderr, rf"{events} at byte \d+: .*copy it again")
        [damage] = json.loads(self.ablate("show", run["id"], "--json").stdout)["damage"]
        self.assertRegex(damage, rf"{events} at byte \d+: ")

    def test_a_log_that_was_cut_is_told_wherever_it_was_cut(self):
        run = self.json_of("train", *assignments(train__steps=40))
        [events] = pathlib.Path(run["run"]).glob("events.*")
        whole = events.stat().st_size
        self.assertEqual(self.ablate("show", run["id"]).stderr, "")
        for size in (whole - 3, whole // 3, 0):
            os.truncate(events, size)
            for words in (("show", run["id"]), ("export", run["id"]), ("compare", run["id"], run["id"])):
                self.assertRegex(self.ablate(*words).stderr, rf"{events} at byte {size}: {whole - size} of its {whole} bytes are missing.*Copy it again")
            self.assertIn("its log is damaged", self.ablate("list").stdout)
        events.unlink()
        self.assertIn(f"the file, {whole} bytes, is gone", self.ablate("show", run["id"]).stderr)

    def test_an_earlier_part_of_a_resumed_run_is_missed_too(self):
        process = self.start("train", "--name", "cut", *assignments(train__steps=100000))
        self.until(lambda: self.runs() and self.runs()[0]["step"] > 5)
        self.ablate("stop", "cut")
        process.wait(60)
        step = self.runs()[0]["step"]
        self.ablate("resume", "cut")
        self.until(lambda: self.runs()[0]["step"] > step + 5)
        self.ablate("stop", "cut")
        self.until(lambda: self.runs()[0]["status"] == "stopped")
        self.assertEqual(self.ablate("show", "cut").stderr, "")
        first = min(pathlib.Path(self.runs()[0]["run"]).glob("events.*"), key=lambda file: file.stat().st_mtime)
        os.truncate(first, 0)
        self.assertIn(f"{first} at byte 0", self.ablate("show", "cut").stderr)

    # --- the window --------------------------------------------------------------------------------------------------

    def test_no_display_for_the_window(self):
        for words in ((), ("open",)):
            message = self.error_of(*words, code=1)
            self.assertIn("display", message)
            self.assertIn("screenshot", message)

    def test_a_path_that_is_not_there(self):
        for words in (("open", "nowhere"), ("screenshot", "out.png", "nowhere")):
            self.assertIn("nowhere is not there", self.error_of(*words, code=1))

    def test_a_picture_of_what_cannot_be(self):
        out = self.folder / "out.png"
        self.assertIn("1600x1000", self.error_of("screenshot", out, "--size", "big", code=2))
        self.assertIn("8192", self.error_of("screenshot", out, "--size", "90000x10", code=2))
        self.assertIn("curves", self.error_of("screenshot", out, "--view", "curvs", code=1).lower())
        self.assertIn("/nowhere/", self.error_of("screenshot", "/nowhere/out.png", code=1))
        self.assertFalse(out.exists())

    # --- the programs ------------------------------------------------------------------------------------------------

    def test_a_missing_worker_is_named_before_anything_is_made(self):
        nowhere = {"ABLATE_TRAIN": "/nowhere/ablate-train"}
        file = self.folder / "experiment.json"
        file.write_text("{}")
        for words in (("train",), ("launch", file), ("demo",)):
            self.assertIn("/nowhere/ablate-train", self.error_of(*words, code=1, environment=nowhere))
        self.assertEqual(self.runs(), [])

    def test_a_worker_that_is_killed_in_the_foreground_is_reported(self):
        script = self.folder / "worker"
        script.write_text("#!/bin/sh\necho its last words\nkill -SEGV $$\n")
        script.chmod(0o755)
        result = self.ablate("train", code=1, environment={"ABLATE_TRAIN": str(script)})
        self.assertIn("SIGSEGV", result.stderr)
        self.assertIn("its last words", result.stderr)


if __name__ == "__main__":
    unittest.main()
