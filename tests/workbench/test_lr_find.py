"""`ablate lr-find`: a range test through the worker, beside pytorch-lr-finder itself on the same network and pictures."""
import contextlib
import io
import json
import os
import pathlib
import sys
import unittest

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.utils.data import DataLoader, TensorDataset
from torch_lr_finder import LRFinder

from ablate_program import TINY, AblateTest, assignments

sys.path.insert(0, str(pathlib.Path(os.environ["ABLATE_SOURCE"]) / "tests/experiments/training"))
import twin  # noqa: E402


class LrFind(AblateTest):
    def pictures(self, count=8, size=32):
        """Discs on noise, in a folder; and the same as tensors."""
        rng = np.random.default_rng(1)
        folder = self.folder / "discs"
        images, masks = [], []
        for kind in ("images", "masks"):
            (folder / kind).mkdir(parents=True)
        rows, columns = np.mgrid[:size, :size]
        for i in range(count):
            y, x, r = rng.uniform(8, size - 8, 2).tolist() + [rng.uniform(4, 9)]
            mask = ((rows - y) ** 2 + (columns - x) ** 2 < r * r).astype(np.uint8) * 255
            image = (rng.uniform(0, 120, (size, size, 3)) + mask[..., None] * 0.5).astype(np.uint8)
            Image.fromarray(image).save(folder / "images" / f"{i}.png")
            Image.fromarray(mask).save(folder / "masks" / f"{i}.png")
            images.append(torch.tensor(image).permute(2, 0, 1) / 255)
            masks.append(torch.tensor(mask)[None] / 255)
        return folder, torch.stack(images), torch.stack(masks)

    def test_equals_pytorch_lr_finder_on_the_same_network_and_pictures(self):
        folder, images, masks = self.pictures()
        settings = {"model__channels": 4, "model__depth": 2, "data__dataset": "folder", "data__path": str(folder), "data__held_out": 1,
                    "data__flip": 0, "train__batch_size": 7, "optimizer__name": "sgd", "optimizer__momentum": 0.9}
        # All training pictures in every batch: their order within it does not matter.
        probe = self.json_of("train", "--name", "probe", *assignments(**settings, train__steps=1))
        config = self.json_of("show", probe["id"])["config"]
        torch.manual_seed(5)
        torch.set_num_threads(1)
        net = twin.make(config["model"])
        weights = self.folder / "weights.safetensors"
        save_file(net.state_dict(), weights)

        ours = self.json_of("lr-find", "--from", weights, "--procedure", "pytorch-lr-finder", "--start", "1e-5", *assignments(**settings))
        self.assertEqual(ours["status"], "completed")
        # Which picture is held out is Ablate's choice: the one whose leaving out gives the same first loss.
        criterion = torch.nn.BCEWithLogitsLoss()
        losses = []
        for left_out in range(8):
            kept = [i for i in range(8) if i != left_out]
            with torch.no_grad():
                fresh = twin.make(config["model"])
                fresh.load_state_dict(net.state_dict())
                losses.append(abs(criterion(fresh(images[kept]), masks[kept]).item() - ours["points"][0][1]))
        left_out = int(np.argmin(losses))
        self.assertLess(losses[left_out], 1e-5)
        self.assertEqual(sum(loss < 1e-5 for loss in losses), 1)

        kept = [i for i in range(8) if i != left_out]
        loader = DataLoader(TensorDataset(images[kept], masks[kept]), batch_size=7)
        finder = LRFinder(net, torch.optim.SGD(net.parameters(), 1e-5, 0.9), criterion, device="cpu")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            finder.range_test(loader, end_lr=10, num_iter=100)
        lrs, smoothed = finder.history["lr"], finder.history["loss"]
        points = ours["points"]
        # The curves are one; but rounding grows as the rate does, and all the more once it is too high.
        least = int(np.argmin(smoothed))
        self.assertGreater(least, 40)
        for k in range(least + 1):
            self.assertAlmostEqual(points[k][0], lrs[k], delta=1e-9 * lrs[k])
            grown = 1e-4 if k < least - 15 else 0.05
            self.assertAlmostEqual(points[k][2], smoothed[k], delta=grown * smoothed[k], msg=f"point {k}")
        skipped = slice(10, -5)
        wanted = lrs[skipped][int(np.gradient(np.array(smoothed[skipped])).argmin())]
        self.assertAlmostEqual(np.log10(ours["suggestions"]["pytorch-lr-finder"]), np.log10(wanted), delta=0.1)

    def test_leaves_its_curve_in_the_events_and_its_suggestions_in_the_status(self):
        found = self.json_of("lr-find", "--iterations", "40", *assignments())
        run = pathlib.Path(found["run"])
        self.assertIn("lr-find", run.name)
        status = json.loads((run / "status.json").read_text())["range_test"]
        self.assertEqual(status["suggestions"], found["suggestions"])
        self.assertEqual(status["stopped"], found["stopped"])
        self.assertEqual(status["hash_before"], status["hash_after"])
        events = self.json_of("export", found["id"])[found["id"]]
        self.assertEqual({"lr", "loss/train", "loss/smoothed"}, set(events))
        for (lr, loss, smoothed), logged_lr, logged, logged_smoothed in zip(
                found["points"], events["lr"], events["loss/train"], events["loss/smoothed"], strict=True):
            self.assertAlmostEqual(lr, logged_lr[2], delta=1e-6 * lr)
            self.assertEqual(loss, logged[2])
            self.assertAlmostEqual(smoothed, logged_smoothed[2], delta=1e-6 * smoothed)
        # What was found is what the same points give as a recording.
        file = self.folder / "points.json"
        file.write_text(json.dumps(found["points"]))
        self.assertEqual(self.json_of("lr-find", "--points", file, "--iterations", "40")["suggestions"], found["suggestions"])
        self.assertFalse((run / "checkpoints").exists())

    def test_the_same_seed_finds_the_same_curve(self):
        first, second = (self.json_of("lr-find", "--iterations", "30", *assignments(train__seed=3, train__threads=1)) for _ in range(2))
        self.assertEqual(first["points"], second["points"])

    def test_a_stopped_test_begins_anew(self):
        # Large enough to be still at work when it is asked to stop.
        words = assignments(model__channels=16, model__depth=3, data__size=[96, 96], lr_find__procedure="fastai", lr_find__iterations=5000,
                            lr_find__end_lr=1e-6)
        process = self.start("lr-find", "--name", "long", *words)
        self.until(lambda: any(run["step"] > 3 for run in self.runs()))
        self.ablate("stop", "long")
        self.assertEqual(process.wait(60), 1)
        run = self.runs()[0]
        self.assertEqual(run["status"], "stopped")
        self.ablate("resume", "long")
        self.until(lambda: self.runs()[0]["status"] == "running" and self.runs()[0]["step"] > 0)
        self.ablate("stop", "long")
        self.until(lambda: self.runs()[0]["status"] == "stopped")
        events = self.json_of("export", run["id"])[run["id"]]["lr"]
        steps = [step for step, _, _ in events]
        self.assertEqual(steps, list(range(1, len(steps) + 1)))

    def test_each_variant_of_an_experiment_is_tested_and_can_be_trained_at_its_own_rate(self):
        # Schedules don't matter to a range test: one of two is made.
        file = self.folder / "experiment.json"
        file.write_text(json.dumps({"name": "norms", "base": TINY, "vary": {
            "model.norm": ["batch", "none"], "schedule.name": ["constant", "cosine"]}}))
        self.assertIn("no range test", self.error_of("launch", file, "--own-lr", "valley", code=1))
        found = self.json_of("lr-find", file, "--seeds", "3", "--iterations", "40")
        self.assertEqual([variant["variant"] for variant in found], ["batch-constant", "none-constant"])
        self.assertEqual(len(self.runs()), 6)
        for variant in found:
            self.assertEqual(len(variant["runs"]), 3)
            minimum = variant["suggestions"]["minimum"]
            self.assertEqual(minimum["median"], sorted(minimum["seeds"])[1])
        told = self.ablate("launch", file, "--own-lr", "minimum", "--wait").stderr
        self.assertIn("minimum by range tests of fastai, 40 steps from 1e-07 to 10", told)
        self.assertRegex(told, r"batch-constant: optimizer.lr \S+ \(seeds 0, 1, 2\)")
        rates = {}
        for run in self.runs():
            config = self.json_of("show", run["id"])["config"]
            if config["lr_find"]["procedure"] == "none":
                rates[run["name"]] = config["optimizer"]["lr"]
        wanted = {variant["variant"].split("-")[0]: variant["suggestions"]["minimum"]["median"] for variant in found}
        self.assertEqual(rates, {f"{norm}-{schedule}": wanted[norm] for norm in wanted for schedule in ("constant", "cosine")})

    def test_its_steps_may_have_another_batch_size_and_what_is_doubtful_is_told(self):
        settings = assignments(train__batch_size=8)
        found = self.json_of("lr-find", *settings, "--iterations", 40, "--batch-size", 2)
        self.assertIn("40 steps of 2 images", (pathlib.Path(found["run"]) / "console.log").read_text())
        status = json.loads((pathlib.Path(found["run"]) / "status.json").read_text())
        self.assertEqual(status["epoch"], found["step"] * 2 / 16)
        file = self.folder / "flat.json"
        file.write_text(json.dumps({"name": "flat", "base": TINY}))
        words = ("--start", 1e-12, "--end", 1e-11, "--iterations", 40, "--batch-size", 2)
        flat, = self.json_of("lr-find", file, *words)
        self.assertIsNone(flat["suggestions"]["fall-1000"]["median"])
        self.assertIn("may be chance", " ".join(flat["doubts"]))
        rule = next(rule for rule, found in flat["suggestions"].items() if found["median"])
        told = self.ablate("launch", file, "--own-lr", rule, "--wait").stderr
        self.assertIn("40 steps of 2 images", told)
        self.assertIn("may be chance", told)

    def test_data_that_no_variant_could_train_on_are_told_before_any_folder_is_made(self):
        file = self.folder / "experiment.json"
        file.write_text(json.dumps({"name": "norms", "base": TINY | {"data.dataset": "folder", "data.path": "nowhere"}}))
        self.assertIn("nowhere", self.error_of("lr-find", file, code=1))
        self.assertEqual(self.runs(), [])

    def test_an_experiment_file_can_ask_for_range_tests_itself(self):
        file = self.folder / "experiment.json"
        file.write_text(json.dumps({"name": "find", "base": TINY | {"lr_find.procedure": "fastai", "lr_find.iterations": 25},
                                    "vary": {"model.norm": ["batch", "none"]}}))
        self.json_of("launch", file, "--wait")
        for run in self.runs():
            self.assertEqual(run["status"], "completed")
            found = json.loads((pathlib.Path(run["run"]) / "status.json").read_text())["range_test"]
            self.assertEqual(set(found["suggestions"]), {"valley", "steep", "minimum", "slide", "pytorch-lr-finder", "fall-1000"})


if __name__ == "__main__":
    unittest.main()
