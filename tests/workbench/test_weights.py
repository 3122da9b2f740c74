"""Runs that begin with weights: another run's, or a file that PyTorch wrote; and runs that are made longer."""

import json
import os
import pathlib
import sys
import unittest

import torch
from safetensors.torch import load_file, save_file
from torch.optim import swa_utils

from ablate_program import SOURCE, AblateTest, assignments

sys.path.insert(0, str(SOURCE / "tests/experiments/training"))
import twin

MILESIAL = {"model.name": "unet-milesial", "model.up": "bilinear", "model.depth": 4, "model.channels": 2}


def set_words(values):
    return [word for key, value in values.items() for word in ("-s", f"{key}={json.dumps(value)}")]


class WeightsTest(AblateTest):
    def train(self, *words, **changes):
        return self.json_of("train", *assignments(**changes), *words)

    def scalars(self, run):
        return next(iter(self.json_of("export", run["run"]).values()))

    def weights(self, run, step, file="model.safetensors"):
        return load_file(pathlib.Path(run["run"], "checkpoints", f"step-{step:08}", file))

    def milesial(self):
        """A network as a PyTorch user has it, with weights that no fresh one has."""
        torch.manual_seed(5)
        config = {**twin.DEFAULTS, "name": "unet-milesial", "channels": 2, "up": "bilinear"}
        network = twin.make(config)
        network(torch.rand(4, 3, 32, 32))
        return network

    def test_a_run_goes_on_from_another_ones_weights_and_its_configuration(self):
        first = self.train("--name", "first", optimizer__lr=0.01)
        result = self.ablate("train", "--from", "first", "-s", "optimizer.lr=1e-9", "-s", "train.steps=1", "--json", "--name", "second")
        second = json.loads(result.stdout)
        self.assertRegex(result.stderr, r"init: \d+ tensors loaded from .*step-00000006")
        was, now = self.scalars(first), self.scalars(second)
        # The weights have arrived: before any step all is as it was.
        self.assertEqual(now["iou/val_eval"][0][::2], [0, was["iou/val_eval"][-1][2]])
        self.assertAlmostEqual(now["loss/val"][0][2], was["loss/val"][-1][2], places=6)
        run = json.loads(pathlib.Path(second["run"], "run.json").read_text())
        self.assertTrue(run["parent"].endswith("checkpoints/step-00000006"))
        self.assertEqual(run["config"]["model"]["channels"], 2)
        self.assertEqual(run["config"]["optimizer"]["lr"], 1e-9)

    def test_swa_is_a_phase_on_top_of_a_finished_run(self):
        self.train("--name", "first", optimizer__lr=0.01)
        swa = self.json_of("train", "--from", "first", "--name", "swa", "-s", "swa.start=0", "-s", "swa.every=2", "-s", "swa.lr=0.02",
                           "-s", "checkpoint.every=2", "-s", "checkpoint.keep=10", "-s", "data.flip=0")
        mean = pathlib.Path(swa["run"], "checkpoints", "step-00000006", "model.swa.safetensors")
        mean, parts = load_file(mean), [self.weights(swa, step) for step in (2, 4, 6)]
        for name, tensor in mean.items():
            if name.endswith(("weight", "bias")):
                self.assertTrue(torch.allclose(tensor, sum(part[name] for part in parts) / 3, atol=1e-6), name)
        self.assertIn("iou/val_swa", swa["metrics"])
        rates = [point[2] for point in self.scalars(swa)["lr"]]
        self.assertLess(abs(rates[-1] - 0.02), abs(rates[0] - 0.02))

    def test_averages_are_pytorchs(self):
        run = self.train(train__ema=0.8, swa__start=2, swa__every=2, optimizer__lr=0.01, train__steps=8, checkpoint__every=1, checkpoint__keep=100)
        network = twin.make(json.loads(pathlib.Path(run["run"], "run.json").read_text())["config"]["model"])
        ema = swa_utils.AveragedModel(network, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.8))
        swa = swa_utils.AveragedModel(network)
        for step in range(1, 9):
            network.load_state_dict(self.weights(run, step))
            ema.update_parameters(network)
            if step in (4, 6, 8):
                swa.update_parameters(network)
            for name, tensor in ema.module.state_dict().items():
                torch.testing.assert_close(self.weights(run, step, "model.ema.safetensors")[name], tensor, msg=f"{name} after {step}")
        mean = self.weights(run, 8, "model.swa.safetensors")
        for name, tensor in swa.module.named_parameters():
            torch.testing.assert_close(mean[name], tensor.detach(), msg=name)

    def test_one_checkpoint_of_several_is_named_with_an_at(self):
        first = self.train("--name", "first", checkpoint__every=2, checkpoint__keep=10, optimizer__lr=0.01)
        second = json.loads(self.ablate("train", "--from", "first@4", "-s", "optimizer.lr=0", "-s", "train.steps=1", "--json").stdout)
        for name, tensor in self.weights(first, 4).items():
            if "running" not in name and "num_batches" not in name:
                self.assertTrue(torch.equal(tensor, self.weights(second, 1)[name]), name)
        self.assertIn("steps", self.error_of("train", "--from", "first@5", code=1).replace("step", "steps"))

    def test_weights_that_pytorch_saved_are_fine_tuned(self):
        network = self.milesial()
        wanted = network.state_dict()
        files = {"plain.pth": wanted, "parallel.pth": {f"module.{name}": tensor for name, tensor in wanted.items()},
                 "checkpoint.pt": {"epoch": 3, "state_dict": wanted, "optimizer": torch.optim.Adam(network.parameters()).state_dict()}}
        for name, content in files.items():
            torch.save(content, self.folder / name)
        torch.save(wanted, self.folder / "old.pth", _use_new_zipfile_serialization=False)  # As PyTorch before 1.6.
        save_file({key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in wanted.items()}, self.folder / "half.safetensors")
        for name in [*files, "old.pth", "half.safetensors"]:
            with self.subTest(name):
                result = self.ablate("train", "--from", self.folder / name, "--json",
                                     *assignments(optimizer__lr=0, train__steps=1), *set_words(MILESIAL))
                self.assertIn(f"{len(wanted)} tensors loaded", result.stderr)
                run = json.loads(result.stdout)
                ours = self.weights(run, 1)
                self.assertEqual(ours.keys(), wanted.keys())
                for key, tensor in wanted.items():
                    if key.endswith(("weight", "bias")):
                        self.assertTrue(torch.allclose(ours[key], tensor, rtol=1e-3 if "half" in name else 0, atol=1e-4 if "half" in name else 0), key)
        trained = json.loads(self.ablate("train", "--from", self.folder / "plain.pth", "--json",
                                         *assignments(train__steps=30, optimizer__lr=0.01), *set_words(MILESIAL)).stdout)
        losses = [value for _, _, value in self.scalars(trained)["loss/val"]]
        self.assertLess(losses[-1], losses[0])

    def test_what_does_not_fit_is_named_and_loaded_only_when_told_to(self):
        self.train("--name", "first")
        other = ["train", "--from", "first", "-s", "model.head=softmax", "-s", "loss.bce=0", "-s", "loss.ce=1"]
        message = self.ablate(*other, code=1).stderr
        for words in ("head.weight", "[1, 2, 1, 1] there, [2, 2, 1, 1] here", "init.strict=false"):
            self.assertIn(words, message)
        loose = self.ablate(*other, "-s", "init.strict=false").stderr
        self.assertRegex(loose, r"init: 2 of another shape or type: head.weight")
        self.assertIn("1 that name nothing (init.what, init.exclude): heed.*",
                      self.ablate("train", "--from", "first", "-s", "init.exclude=heed.*", code=1).stderr)
        without = self.ablate(*other, "-s", "init.exclude=head.*").stderr
        self.assertRegex(without, r"init: 2 left as they are .*head.weight")
        self.assertIn("Nothing would be loaded", self.ablate("train", "--from", "first", *set_words(MILESIAL | {"model.channels": 3}), code=1).stderr)

    def test_loading_never_quietly_does_nothing(self):
        self.assertIn("--from names", self.error_of("train", "--from", "", code=2))
        self.assertIn("keep one", self.error_of("train", "--from", "x", "-s", "init.from=y", code=2))
        network = self.milesial()
        torch.save(network.state_dict() | {"extra.weight": torch.zeros(3)}, self.folder / "more.pth")
        words = ["train", "--from", self.folder / "more.pth", *assignments(train__steps=1), *set_words(MILESIAL)]
        self.assertIn("extra.weight", self.ablate(*words, code=1).stderr)
        self.ablate(*words, "-s", "init.exclude=extra.*")

    def test_only_what_can_go_on_is_made_longer(self):
        early = self.train("--name", "early", optimizer__lr=0, model__norm="none", validation__every=1, train__stop_after=2, train__steps=50)
        self.assertLess(early["step"], 50)
        self.assertIn("train.stop_after", self.error_of("resume", "early", "--steps", 60, code=1))
        self.train("--name", "short")
        before = pathlib.Path(self.json_of("show", "short")["run"], "run.json").read_bytes()
        self.assertIn("epochs already", self.error_of("resume", "short", "--epochs", 1, code=1))
        self.assertEqual(pathlib.Path(self.json_of("show", "short")["run"], "run.json").read_bytes(), before)

    def test_files_that_are_no_weights_are_refused_before_training(self):
        for name, content, says in (("text.pth", b"not weights", "a text, not"), ("empty.safetensors", b"", "is empty"),
                                    ("zip.pth", b"PK\x03\x04 and nothing", "zip"), ("page.pth", b"<!DOCTYPE html><html></html>", "a web page"),
                                    ("lfs.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
                                    ("cut.safetensors", b"\x40\0\0\0\0\0\0\0{\"w\"", "Copy or download it again")):
            (self.folder / name).write_bytes(content)
            message = self.ablate("train", "--from", self.folder / name, *assignments(), code=1).stderr
            self.assertIn(name, message)
            self.assertIn(says, message)
            self.assertNotIn("step 1/", message)
        self.assertIn("no-such", self.error_of("train", "--from", "no-such", code=1))
        self.assertIn("there is no such file", self.error_of("train", "--from", "no-such.pth", code=1))

    def test_a_completed_run_is_made_longer_and_equals_one_that_was_long_from_the_start(self):
        long = self.train("--name", "long", train__steps=12, train__threads=1)
        short = self.train("--name", "short", train__steps=6, train__threads=1)
        self.ablate("resume", "short", "--steps", 12)
        self.until(lambda: self.json_of("show", "short")["status"] == "completed" and self.json_of("show", "short")["step"] == 12)
        for name, tensor in self.weights(long, 12).items():
            self.assertTrue(torch.equal(tensor, self.weights(short, 12)[name]), name)
        extended = json.loads(pathlib.Path(short["run"], "run.json").read_text())["extended"]
        self.assertEqual(extended, [{"at": 6, "from": 6, "to": 12}])
        self.assertIn("12 steps already", self.error_of("resume", "short", "--steps", 12, code=1))
        self.assertIn("resume", self.error_of("resume", "short", code=1))
        self.assertIn("train --from short -s optimizer.lr=1", self.error_of("resume", "short", "-s", "optimizer.lr=1", code=2))

    def test_a_file_with_averages_beside_its_weights_says_which_are_taken(self):
        network = self.milesial()
        wanted = network.state_dict()
        torch.save({"ema": {name: torch.zeros_like(tensor) for name, tensor in wanted.items()}, "model": wanted}, self.folder / "two.pth")
        told = 'its "model" is taken; "ema" beside it is not'
        self.assertIn(told, self.ablate("train", "--from", self.folder / "two.pth", *assignments(train__steps=1), *set_words(MILESIAL)).stderr)
        self.assertIn(told, self.ablate("show", self.folder / "two.pth").stdout)

    def test_safetensors_are_told_by_their_content_whatever_their_first_bytes(self):
        for bytes_of_header in (0x0280, 0x4B50):  # As a pickle and a zip archive begin.
            file = self.folder / f"{bytes_of_header}.safetensors"
            name = "w" * (bytes_of_header - 100)
            save_file({name: torch.ones(2)}, file)
            written = int.from_bytes(file.read_bytes()[:8], "little")
            save_file({name + "w" * (bytes_of_header - written): torch.ones(2)}, file)
            self.assertEqual(int.from_bytes(file.read_bytes()[:8], "little"), bytes_of_header)
            self.assertEqual(self.json_of("show", file)[0]["mean"], 1)

    def test_a_damaged_checkpoint_says_what_to_do(self):
        self.train("--name", "net", train__steps=4, checkpoint__every=2)
        newest = max(pathlib.Path(self.json_of("show", "net")["run"], "checkpoints").iterdir())
        for name, steps in (("model.safetensors", 6), ("trainer.json", 8)):
            content = (newest / name).read_bytes()
            (newest / name).write_bytes(content[:50])
            self.ablate("resume", "net", "--steps", steps)
            self.until(lambda: self.json_of("show", "net")["status"] == "failed")
            self.assertRegex(self.json_of("show", "net")["error"], rf"{name}.*[^.]\. Remove that checkpoint's folder")
            (newest / name).write_bytes(content)
            self.ablate("resume", "net")
            self.until(lambda: self.json_of("show", "net")["status"] == "completed")
            newest = max(newest.parent.iterdir())

    def test_a_run_whose_options_were_edited_by_hand_says_so_as_it_goes_on(self):
        run = pathlib.Path(self.train("--name", "net")["run"])
        document = json.loads((run / "run.json").read_text())
        document["config"]["loss"]["dice"] = 0.25
        (run / "run.json").write_text(json.dumps(document))
        self.ablate("resume", "net", "--steps", 8)
        self.until(lambda: self.json_of("show", "net")["status"] == "completed" and self.json_of("show", "net")["step"] == 8)
        log = (run / "console.log").read_text()
        self.assertRegex(log, r"loss\.dice was \S+ up to step-00000006, and is 0\.25 now")
        self.assertNotIn("train.steps was", log)
        document["config"]["train"]["ema"] = 0.9
        (run / "run.json").write_text(json.dumps(document))
        self.ablate("resume", "net", "--steps", 10)
        self.until(lambda: self.json_of("show", "net")["status"] == "failed")
        error = self.json_of("show", "net")["error"]
        self.assertIn("train.ema was null up to step-00000008, and is 0.9 now. If that is why, set it back", error)
        self.assertIn("model.ema.safetensors is not there", error)
        self.assertNotIn("Remove", error)

    def test_show_lists_the_weights_in_a_file(self):
        torch.save({"a.weight": torch.tensor([[1.0, 2.0], [3.0, float("nan")]]), "b": torch.arange(3)}, self.folder / "some.pth")
        shown = {entry["name"]: entry for entry in self.json_of("show", self.folder / "some.pth")}
        self.assertEqual((shown["a.weight"]["shape"], shown["a.weight"]["dtype"]), ([2, 2], "F32"))
        self.assertEqual((shown["a.weight"]["mean"], shown["a.weight"]["max"], shown["a.weight"]["not_finite"]), (2, 3, 1))
        self.assertEqual(shown["b"]["mean"], 1)
        run = self.train()
        text = self.ablate("show", pathlib.Path(run["run"], "checkpoints/step-00000006/model.safetensors")).stdout
        self.assertRegex(text, r"down1\.conv1\.weight +F32 +2x3x3x3")
        self.assertRegex(text, r"\d+ tensors, \d+ numbers")
        self.assertEqual(self.ablate("show", pathlib.Path(run["run"], "checkpoints/step-00000006")).stdout, text)
        started = self.json_of("train", "--from", pathlib.Path(run["run"], "checkpoints/step-00000006"), "-s", "train.steps=1")
        parent = json.loads(pathlib.Path(started["run"], "run.json").read_text())["parent"]
        self.assertEqual(parent, str(pathlib.Path(run["run"], "checkpoints/step-00000006")))
        again = self.json_of("train", *assignments(), "-s", f"init.from={run['run']}")
        self.assertEqual(json.loads(pathlib.Path(again["run"], "run.json").read_text())["parent"], parent)


if __name__ == "__main__":
    unittest.main()
