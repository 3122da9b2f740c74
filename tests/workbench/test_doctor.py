"""ablate doctor: what it says of runs with a planted fault and of healthy ones, and the experiment that cures them."""

import json
import math
import os
import pathlib
import unittest

import numpy as np
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.utils.tensorboard import SummaryWriter

from ablate_program import AblateTest, assignments

SMALL = {"train.steps": 100, "data.size": [48, 32], "data.count": 100, "data.held_out": 16, "model.channels": 4, "model.depth": 2}


class DoctorTest(AblateTest):
    def trained(self, **changes):
        return self.json_of("train", *assignments(**{key.replace(".", "__"): value for key, value in SMALL.items()} | changes))["run"]

    def test_a_shared_norm_is_named_and_following_the_fix_cures_it(self):
        run = self.trained(model__norm_sharing="block")
        fix = self.folder / "fix.json"
        diagnosis = self.json_of("doctor", run, "--fix", fix)
        finding, = diagnosis["findings"]
        self.assertEqual(finding["cause"], "shared-norm")
        self.assertTrue(any("one copy per place" in line for line in finding["evidence"]), finding)
        self.assertEqual(json.loads((pathlib.Path(run) / "findings.json").read_text())["findings"], [finding])
        as_it_was, cured = self.json_of("launch", fix, "--wait")
        self.assertEqual((as_it_was["name"], cured["name"]), ("as-it-was", "shared-norm-cured"))
        self.assertGreater(cured["metrics"]["iou/val_eval"], as_it_was["metrics"]["iou/val_eval"] + 0.15)

    def test_a_shared_norm_is_named_while_the_run_still_trains_which_changes_nothing(self):
        def weights(run):
            return (max(pathlib.Path(run, "checkpoints").iterdir()) / "model.safetensors").read_bytes()
        every = {"validation.every": 25, "model.norm_sharing": "block", "train.threads": 1, "train.seed": 3, "train.steps": 150}
        looked = self.trained(**{key.replace(".", "__"): value for key, value in every.items()})
        said = (pathlib.Path(looked) / "console.log").read_text()
        self.assertRegex(said, r"step (50|75|100): shared-norm: Each of the 5 blocks")
        not_looked = self.trained(validation__mode="eval", **{key.replace(".", "__"): value for key, value in every.items()})
        self.assertNotIn(": shared-norm: Each", (pathlib.Path(not_looked) / "console.log").read_text().split("step 150/150")[0])
        self.assertEqual(weights(looked), weights(not_looked))

    def test_a_healthy_run_is_told_what_was_tested_and_needs_no_fix(self):
        run = self.trained(model__norm="batch")
        result = self.ablate("doctor", run)
        self.assertIn("nothing found", result.stdout)
        self.assertRegex(result.stdout, r"eval \.\d+ +train mode \.\d+")
        self.assertIn("testing: eval mode and train mode", result.stderr)
        refused = self.call("doctor", run, "--fix", self.folder / "fix.json")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("needs no cure", refused.stderr)
        self.assertFalse((self.folder / "fix.json").exists())

    def test_of_weights_that_were_saved_without_running_statistics_it_says_so_and_nothing_else_takes_them(self):
        run = pathlib.Path(self.trained(optimizer__lr=0.003))
        weights = max((run / "checkpoints").iterdir()) / "model.safetensors"
        save_file({name: tensor for name, tensor in load_file(weights).items() if "running_" not in name and "num_batches" not in name}, weights)
        diagnosis = self.json_of("doctor", run)
        self.assertEqual([finding["cause"] for finding in diagnosis["findings"]], ["missing-buffers"])
        self.assertRegex(diagnosis["tests"][0], "are not in the checkpoint")
        self.assertIn("saved without running statistics", self.error_of("evaluate", run, code=1))
        self.ablate("resume", run, "--steps", 120)
        self.until(lambda: self.json_of("show", run)["status"] == "failed")
        self.assertIn("saved without running statistics", self.ablate("show", run).stdout)

    def test_what_could_not_be_tested_is_told(self):
        run = self.trained(model__norm="group", model__norm_groups=2, train__steps=5)
        self.assertIn("not tested: running statistics: no norm of this network keeps any", self.ablate("doctor", run).stdout)

    def test_of_another_programs_run_it_says_what_its_log_tells_and_what_that_cannot(self):
        def logged(name, **curves):
            with SummaryWriter(str(self.root / name)) as writer:
                for step in range(100):
                    for tag, curve in curves.items():
                        writer.add_scalar(tag.replace("__", "/"), curve(step), step)
        logged("healthy", train__loss=lambda step: math.exp(-step / 30), val__loss=lambda step: 0.1 + math.exp(-step / 30))
        logged("by-heart", train__loss=lambda step: math.exp(-step / 30), val__loss=lambda step: 0.3 + abs(step - 40) / 50)
        logged("nan", train_loss=lambda step: math.nan if step >= 60 else 1.0)
        logged("up", loss=lambda step: 0.7 + step / 20)
        before = {file: file.stat().st_mtime_ns for file in self.root.rglob("*")}
        causes = {name: [finding["cause"] for finding in self.json_of("doctor", name)["findings"]] for name in ("healthy", "by-heart", "nan", "up")}
        self.assertEqual(causes, {"healthy": [], "by-heart": ["overfitting"], "nan": ["not-finite"], "up": ["learning-rate-too-high"]})
        self.assertIn("NaN from step 60 on", self.json_of("doctor", "nan")["findings"][0]["sentence"])
        self.assertIn("not tested: norms, learning rates and data: a log has no weights", self.ablate("doctor", "healthy").stdout)
        refused = self.call("doctor", "up", "--fix", self.folder / "fix.json")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("its settings are not known here", refused.stderr)
        self.assertEqual({file: file.stat().st_mtime_ns for file in self.root.rglob("*")}, before)

    def test_of_a_run_without_a_checkpoint_it_says_what_could_not_be_tested(self):
        folder = self.root / "20261121-101500-bare"
        folder.mkdir(parents=True)
        config = {"data": {"size": [32, 32], "count": 20, "held_out": 4}, "model": {"channels": 2, "depth": 1}, "train": {"batch_size": 4}}
        (folder / "run.json").write_text(json.dumps({"format": 1, "variant": "bare", "config": config}))
        (folder / "status.json").write_text(json.dumps({"format": 1, "status": "stopped"}))
        known = json.dumps({"format": 1, "findings": [{"cause": "shared-norm", "layer": "a", "confidence": 1, "sentence": "s", "evidence": [], "cure": "c"}]})
        (folder / "findings.json").write_text(known)
        said = self.ablate("doctor", "bare").stdout
        self.assertIn("nothing found in what could be tested", said)
        self.assertEqual((folder / "findings.json").read_text(), known)
        self.assertIn("not tested: running statistics", said)
        self.assertIn("not tested: learning: the run has no checkpoint to compare with", said)

    def test_a_run_that_diverged_before_its_first_checkpoint_is_told_a_learning_rate_that_trains(self):
        run = json.loads(self.ablate("train", *assignments(train__steps=60, model__norm="none", model__activation="identity", optimizer__name="sgd", optimizer__lr=1000), "--json",
                                     code=1).stdout)["run"]
        self.assertFalse(list(pathlib.Path(run).glob("checkpoints/*")))
        finding = self.json_of("doctor", run)["findings"][0]
        self.assertEqual(finding["cause"], "learning-rate-too-high")
        self.assertIn("optimizer.lr =", finding["cure"])

    def test_data_that_are_others_now_are_told_and_those_that_are_gone_named(self):
        for part in ("images", "masks"):
            (self.folder / "pictures" / part).mkdir(parents=True)
            for i in range(12):
                Image.fromarray(np.random.default_rng(i).integers(0, 255, (32, 32), np.uint8)).save(self.folder / "pictures" / part / f"{i}.png")
        run = self.json_of("train", *assignments(data__dataset="folder", data__path=str(self.folder / "pictures"), train__steps=2))["run"]
        written = (self.folder / "pictures" / "images" / "0.png").stat().st_mtime_ns
        (self.folder / "pictures" / "images" / "0.png").unlink()
        self.assertIn("not tested: the data that it was trained on: by their files' names, sizes and times they are others now", self.ablate("doctor", run).stdout)
        (self.folder / "pictures").rename(self.folder / "elsewhere")
        self.assertIn(str(self.folder / "pictures"), self.error_of("doctor", run, code=1))
        moved = self.json_of("doctor", run, "--data", self.folder / "elsewhere")
        self.assertIn("others now", " ".join(moved["untested"]))  # One picture is gone.
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8)).save(self.folder / "elsewhere" / "images" / "0.png")
        os.utime(self.folder / "elsewhere" / "images" / "0.png", ns=(written, written))
        self.assertNotIn("others now", " ".join(self.json_of("doctor", run, "--data", self.folder / "elsewhere")["untested"]))


if __name__ == "__main__":
    unittest.main()
