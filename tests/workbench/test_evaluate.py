"""Networks measured: on sets, against other programs' masks, averaged, and by what they cost."""

import json
import math
import pathlib
import shutil
import sys
import unittest

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file

from ablate_program import SOURCE, AblateTest, assignments

sys.path.insert(0, str(SOURCE / "tests/experiments/training"))
import twin


class EvaluateTest(AblateTest):
    def setUp(self):
        super().setUp()
        self.run_ = self.json_of("train", "--name", "net", *assignments(train__steps=30, optimizer__lr=0.01, checkpoint__every=10,
                                                                         checkpoint__keep=10, data__count=24, data__held_out=8))

    def checkpoint(self, step):
        return pathlib.Path(self.run_["run"], "checkpoints", f"step-{step:08}", "model.safetensors")

    def make_set(self, count=4):
        """A folder of pictures with masks: discs."""
        folder = self.folder / "discs"
        for part in ("images", "masks"):
            (folder / part).mkdir(parents=True)
        y, x = numpy.mgrid[:40, :30]
        for i in range(count):
            disc = ((y - 20) ** 2 + (x - 10 - 2 * i) ** 2 < 80).astype(numpy.uint8) * 255
            Image.fromarray(disc).save(folder / "masks" / f"p{i}.png")
            Image.fromarray(numpy.stack([disc, 255 - disc, disc // 2], 2)).save(folder / "images" / f"p{i}.png")
        return folder

    def test_the_held_out_samples_score_what_validation_said(self):
        summary = self.json_of("evaluate", "net")["net"]
        self.assertEqual(summary["samples"], 8)
        self.assertAlmostEqual(summary["metrics"]["iou"], self.run_["metrics"]["iou/val_eval"], places=5)
        lines = [json.loads(line) for line in pathlib.Path(summary["samples_file"]).read_text().splitlines()]
        self.assertEqual(len(lines), 8)
        self.assertAlmostEqual(sum(line["iou"] for line in lines) / 8, summary["metrics"]["iou"], places=9)
        self.assertEqual(sum(stratum["samples"] for name, stratum in summary["strata"].items() if name.startswith("area")), 8)
        shown = self.json_of("show", "net")["metrics"]
        self.assertAlmostEqual(shown["dice/held-out"], summary["metrics"]["dice"])
        self.assertEqual(self.json_of("evaluate", "net@10", "--data", "training")["net@10"]["samples"], 16)
        self.assertRegex(self.ablate("evaluate", "net", "net@10").stdout, r"(?m)^iou +0(\.\d+)? +0(\.\d+)?$")

    def test_strata_are_the_means_of_their_samples(self):
        summary = self.json_of("evaluate", "net", "--data", self.make_set(9))["net"]
        lines = [json.loads(line) for line in pathlib.Path(summary["samples_file"]).read_text().splitlines()]
        groups = {}
        for line in lines:
            for stratum in line["strata"]:
                groups.setdefault(stratum, []).append(line)
        for key in ("brightness", "colour_variance", "sharpness"):
            low, high = (sorted(line[key] for line in lines)[i * len(lines) // 3] for i in (1, 2))
            for line in lines:
                third = "low" if line[key] < low else "middle" if line[key] < high else "high"
                groups.setdefault(f"{key} {third}", []).append(line)
        found = {name: stratum for name, stratum in summary["strata"].items() if stratum["samples"]}
        self.assertEqual(found.keys(), groups.keys())
        for name, stratum in found.items():
            self.assertEqual(stratum["samples"], len(groups[name]), name)
            for metric in summary["metrics"]:
                wanted = numpy.mean([float(line[metric]) for line in groups[name]])
                self.assertAlmostEqual(float(stratum[metric]), wanted, places=9, msg=f"{metric}, {name}")
        self.assertRegex(self.ablate("evaluate", "net", "--metric", "sad_div1000").stdout, r"(?m)^sad_div1000, area .3-.5 ")
        self.assertIn("there is no metric", self.error_of("evaluate", "net", "--metric", "sad", code=2))

    def test_a_manifests_keys_are_strata(self):
        folder = self.make_set(5)
        with open(folder / "list.jsonl", "w") as file:
            for i in range(5):
                file.write(json.dumps({"image": f"images/p{i}.png", "mask": f"masks/p{i}.png", "scene": "wall" if i < 2 else "room", "number": i}) + "\n")
        summary = self.json_of("evaluate", "net", "--data", folder / "list.jsonl")["net"]
        self.assertEqual([summary["strata"][f"scene {scene}"]["samples"] for scene in ("wall", "room")], [2, 3])
        self.assertEqual(summary["strata"]["number 3"]["samples"], 1)
        self.assertTrue(summary["samples_file"].endswith("evaluations/list@30.jsonl"))
        [masks] = self.json_of("evaluate", "--masks", folder / "masks", "--data", folder / "list.jsonl").values()
        self.assertEqual((masks["strata"]["scene room"]["samples"], masks["strata"]["scene room"]["iou"]), (3, 1))
        run = self.json_of("train", *assignments(data__dataset="folder", data__path=str(folder / "list.jsonl"), data__held_out=1, train__steps=1))
        self.assertEqual(run["status"], "completed")

    def test_keys_with_more_than_sixteen_values_are_no_strata_and_that_is_said(self):
        folder = self.make_set(17)
        for values in (16, 17):
            with open(folder / "list.jsonl", "w") as file:
                for i in range(17):
                    file.write(json.dumps({"image": f"images/p{i}.png", "mask": f"masks/p{i}.png", "person": min(i, values - 1)}) + "\n")
            summary = self.json_of("evaluate", "net", "--data", folder / "list.jsonl")["net"]
            self.assertEqual("person 3" in summary["strata"], values == 16)
            self.assertEqual(summary.get("too_many_values"), None if values == 16 else {"person": 17})
        self.assertIn("person has 17 values, too many for strata", self.ablate("evaluate", "net", "--data", folder / "list.jsonl").stderr)

    def test_what_is_measured_while_it_trains_is_what_evaluate_measures(self):
        names = ["dice", "sad_div1000_unknown", "ssim", "holes"]
        run = self.json_of("train", "--name", "live", *assignments(validation__metrics=names, checkpoint__metric="dice/val",
                                                                   data__count=24, data__held_out=8))
        summary = self.json_of("evaluate", "live")["live"]["metrics"]
        for name in names:
            self.assertAlmostEqual(run["metrics"][f"{name}/val_eval"], summary[name], places=4, msg=name)
        self.assertEqual(run["best"]["metric"], "dice/val")
        self.assertIn("validation.metrics=recall", self.error_of("train", *assignments(checkpoint__metric="recall/val"), code=2))
        self.assertIn("Did you mean dice?", self.error_of("train", "-s", "validation.metrics=iou,dise", code=2))

    def test_a_folder_is_a_set(self):
        folder = self.make_set()
        summary = self.json_of("evaluate", "net", "--data", f"{folder}/")["net"]
        self.assertEqual(summary["samples"], 4)
        self.assertTrue(summary["samples_file"].endswith("evaluations/discs@30.jsonl"))
        self.assertEqual(self.json_of("evaluate", self.run_["run"] + "/", "--data", folder).popitem()[1]["metrics"], summary["metrics"])
        self.assertFalse(pathlib.Path(self.run_["run"], ".ablate").exists())
        self.assertIn("no-such", self.ablate("evaluate", "net", "--data", "no-such", code=1).stderr)

    def test_masks_of_any_program_are_scored(self):
        folder, masks = self.make_set(), self.folder / "theirs"
        masks.mkdir()
        for i in range(3):  # Of four pictures, one has none; the first is perfect, the others are moved.
            truth = numpy.array(Image.open(folder / "masks" / f"p{i}.png"))
            Image.fromarray(numpy.roll(truth, 3 * i, axis=1)).save(masks / f"p{i}.png")
        result = self.ablate("evaluate", "--masks", masks, "--data", folder, "--json")
        summary = json.loads(result.stdout)[str(masks)]
        wanted = []
        for i in range(3):
            a, b = (numpy.array(Image.open(path / f"p{i}.png")) > 127 for path in (masks, folder / "masks"))
            wanted.append((a & b).sum() / (a | b).sum())
        self.assertAlmostEqual(summary["metrics"]["iou"], sum(wanted) / 3)
        self.assertEqual((summary["samples"], summary["left_out"]), (3, 1))
        self.assertIn("p3", result.stderr)
        lines = [json.loads(line) for line in pathlib.Path(summary["samples_file"]).read_text().splitlines()]
        self.assertEqual([line["sample"] for line in lines], ["p0", "p1", "p2"])
        shown = self.json_of("show", "masks-theirs")
        self.assertEqual((shown["status"], shown["metrics"]["iou/discs"]), ("completed", summary["metrics"]["iou"]))
        self.assertIn("masks-theirs", self.ablate("list").stdout)
        (masks / "p3.png").write_bytes(b"no picture")
        Image.fromarray(truth).resize((15, 20)).save(masks / "p2.png")
        (folder / "masks" / "p0.png").unlink()
        result = self.ablate("evaluate", "net", "--masks", f"{masks}/", "--data", folder)
        self.assertRegex(result.stderr, r"p3\.png.*left out")
        for said in ("p0.png: has no mask", "2 samples are left out in all", "1 masks are not of the size", "scored at different sizes"):
            self.assertIn(said, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^size +32x32 +40x30$")
        (self.folder / "other/theirs").mkdir(parents=True)
        Image.fromarray(truth).save(self.folder / "other/theirs/p1.png")
        self.assertIn("of another folder of that name", self.ablate("evaluate", "--masks", self.folder / "other/theirs", "--data", folder, code=1).stderr)
        self.assertIn("--data FOLDER", self.error_of("evaluate", "--masks", masks, code=2))
        again = self.folder / "again/discs"
        shutil.copytree(folder, again)
        self.assertIn("of another folder of that name", self.error_of("evaluate", "--masks", masks, "--data", again, code=1))
        for words in ((), ("--steps", 5)):
            self.assertIn("no network", self.error_of("resume", "masks-theirs", *words, code=1))

    def test_averaged_weights_are_measured_predict_and_are_started_from(self):
        run = self.json_of("train", "--name", "averaged", *assignments(train__steps=12, train__ema=0.7, swa__start=6, swa__every=2, checkpoint__every=4,
                                                                       checkpoint__keep=10, optimizer__lr=0.01, data__count=24, data__held_out=8))
        for name in ("ema", "swa"):
            summary = self.json_of("evaluate", f"averaged@{name}").popitem()[1]
            self.assertAlmostEqual(summary["metrics"]["iou"], run["metrics"][f"iou/val_{name}"], places=5)
            self.assertEqual(self.json_of("show", "averaged")["metrics"][f"iou/held-out.{name}"], summary["metrics"]["iou"])
        self.assertIn("held-out.ema@8.json", self.json_of("evaluate", "averaged@8.ema").popitem()[1]["samples_file"])
        begun = self.json_of("train", "--from", "averaged@12.ema", *assignments(train__steps=8, optimizer__lr=0, data__count=24, data__held_out=8))
        self.assertEqual(json.loads(pathlib.Path(begun["run"], "run.json").read_text())["config"]["train"]["ema"], 0.7)
        first = self.json_of("export", begun["run"]).popitem()[1]["iou/val_eval"][0]
        self.assertAlmostEqual(first[2], run["metrics"]["iou/val_ema"], places=5)
        self.ablate("predict", "averaged@swa", self.make_set(1) / "images/p0.png", "--out", self.folder / "out")
        self.assertIn("train.ema makes one", self.error_of("evaluate", "net@ema", code=1))
        self.assertIn("train.ema", self.error_of("train", "--from", "net@ema", code=1))
        # Of the steps before swa.start there is no mean of weights.
        self.assertIn("after swa.start", self.error_of("evaluate", "averaged@4.swa", code=1))
        self.assertIn("names no checkpoint", self.error_of("evaluate", "averaged@", code=1))

    def test_the_average_of_checkpoints_is_their_mean(self):
        out = self.folder / "mean.safetensors"
        answer = self.json_of("average", "net@10", "net@20", "net@30", "--out", out)
        self.assertIn("is there already", self.ablate("average", "net@10", "--out", out, code=1).stderr)
        self.assertEqual(answer["checkpoints"], 3)
        mean, parts = load_file(out), [load_file(self.checkpoint(step)) for step in (10, 20, 30)]
        for name, tensor in mean.items():
            if name.endswith(("weight", "bias")):
                self.assertTrue(torch.allclose(tensor, sum(part[name] for part in parts) / 3, atol=1e-6), name)
        # Its statistics are its own: as torch.optim.swa_utils.update_bn makes them, not any of the checkpoints'.
        self.assertFalse(any(torch.equal(mean["down1.norm1.running_mean"], part["down1.norm1.running_mean"]) for part in parts))
        started = self.ablate("train", "--from", out, "--json", *assignments(train__steps=1, optimizer__lr=0, data__count=24, data__held_out=8))
        first = next(iter(self.json_of("export", json.loads(started.stdout)["run"]).values()))["iou/val_eval"][0]
        self.assertEqual(first[0], 0)
        self.assertAlmostEqual(first[2], answer["held_out"]["iou"], places=5)

    def test_cost_counts_what_pytorch_counts(self):
        from torch.utils.flop_counter import FlopCounterMode
        config = json.loads(pathlib.Path(self.run_["run"], "run.json").read_text())["config"]["model"]
        network = twin.make(config).eval()
        network.load_state_dict(load_file(self.checkpoint(30)))
        for size in ((32, 32), (48, 80)):
            [cost] = self.json_of("cost", "net", "--size", f"{size[0]}x{size[1]}")
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                network(torch.rand(1, 3, *size))
            self.assertEqual(cost["macs"] * 2, counter.get_total_flops())
            self.assertEqual(cost["parameters"], sum(p.numel() for p in network.parameters()))
            self.assertGreaterEqual(cost["latency_ms"]["p95"], 0.5 * cost["latency_ms"]["mean"])
            # Weights, the picture, and at least the two first results of the first level; not the program around them.
            least = 4 * (cost["parameters"] + (3 + 2 * 2) * size[0] * size[1]) / 2**20
            self.assertGreater(cost["peak_memory_mb"], least)
            self.assertLess(cost["peak_memory_mb"], 10 * least)
        self.assertIn("--size: ", self.error_of("cost", "net", "--size", "5x7", code=2))
        for up in ("transposed", "bilinear"):
            values = {"name": "unet-milesial", "up": up, "depth": 4}
            self.json_of("train", "--name", up, *assignments(train__steps=1, **{f"model__{key}": value for key, value in values.items()}))
            [cost] = self.json_of("cost", up, "--size", "48x80")
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                twin.make(config | values).eval()(torch.rand(1, 3, 48, 80))
            self.assertEqual(cost["macs"] * 2, counter.get_total_flops(), up)
        transposed = self.json_of("train", "--name", "t", *assignments(train__steps=1, model__up="transposed"))
        [cost] = self.json_of("cost", "t")
        network = twin.make(config | {"up": "transposed"})
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network.eval()(torch.rand(1, 3, 32, 32))
        self.assertEqual(cost["macs"] * 2, counter.get_total_flops(), transposed["id"])


if __name__ == "__main__":
    unittest.main()
