"""ablate-train as its users see it: runs, signals, failures, and checkpoints that PyTorch loads."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import twin

WORKER = pathlib.Path(os.environ["ABLATE_BIN"]) / "ablate-train"
SMALL = {"data": {"count": 24, "held_out": 8, "size": [32, 24]}, "model": {"channels": 4, "depth": 2},
         "train": {"steps": 6, "batch_size": 4, "device": "cpu", "threads": 1}, "validation": {"every": 3},
         "checkpoint": {"every": 3}, "log": {"norm_every": 3, "histograms_every": 3, "preview_every": 3, "previews": 2}}


def merged(base, changes):
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in base.items()}
    for key, value in changes.items():
        group, name = key.split(".")
        result.setdefault(group, {})[name] = value
    return result


class WorkerTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)

    def run_folder(self, name, **changes):
        folder = self.root / name
        folder.mkdir()
        config = merged(SMALL, {key.replace("__", "."): value for key, value in changes.items()})
        (folder / "run.json").write_text(json.dumps({"format": 1, "config": config}))
        return folder

    def train(self, folder):
        return subprocess.run([WORKER, "run", folder], capture_output=True, text=True)

    def status(self, folder):
        return json.loads((folder / "status.json").read_text())

    def wait_until(self, condition, process):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertIsNone(process.poll(), "the worker ended early")
            self.assertLess(time.monotonic(), deadline, "nothing happened within a minute")
            time.sleep(0.01)

    def step(self, folder):
        try:
            return self.status(folder).get("step", 0)
        except (FileNotFoundError, json.JSONDecodeError):
            return 0

    def checkpoint(self, folder, step):
        return load_file(folder / "checkpoints" / f"step-{step:08}" / "model.safetensors")

    def assert_same_weights(self, a, b, step):
        ours, theirs = self.checkpoint(a, step), self.checkpoint(b, step)
        self.assertEqual(ours.keys(), theirs.keys())
        for name in ours:
            self.assertTrue(torch.equal(ours[name], theirs[name]), name)

    def assert_same_after(self, more, ended, whole):
        """A run without an end that was ended early, and one that was not: after so many steps more."""
        steps = self.step(ended) + more
        for folder in (ended, whole):
            run = json.loads((folder / "run.json").read_text())
            run["config"]["train"]["steps"] = steps
            (folder / "run.json").write_text(json.dumps(run))
            self.assertEqual(self.train(folder).returncode, 0)
        self.assert_same_weights(whole, ended, steps)


class Worker(WorkerTest):
    def test_a_learning_rate_asked_for_after_the_last_step_is_not_kept_for_later(self):
        run = self.run_folder("late", train__steps=1)
        (run / "requests").mkdir()
        (run / "requests/lr").write_text("0.1x\n")
        self.assertIn("after the last step: not taken", self.train(run).stdout)
        self.assertFalse((run / "requests/lr").exists())

    def test_a_run_completes_and_pytorch_predicts_the_same_mask_from_its_checkpoint(self):
        for name, changes in {"sigmoid": {"model__norm_sharing": "block"},
                              "softmax": {"model__head": "softmax", "loss__bce": 0, "loss__ce": 1}}.items():
            with self.subTest(name):
                folder = self.run_folder(name, train__steps=60, optimizer__lr=0.01, model__norm_momentum=0.3, **changes)
                done = self.train(folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.status(folder)["status"], "completed")
                pixels = numpy.random.default_rng(0).integers(0, 256, (32, 24, 3), dtype=numpy.uint8)
                picture = self.root / f"{name}.png"
                Image.fromarray(pixels).save(picture)
                out = self.root / f"{name}-masks"
                predicted = subprocess.run([WORKER, "predict", folder, "--out", out, picture], capture_output=True, text=True)
                self.assertEqual(predicted.returncode, 0, predicted.stderr)
                line = json.loads(predicted.stdout)
                self.assertEqual((line["done"], line["total"]), (1, 1))
                ours = numpy.asarray(Image.open(line["mask"])).astype(int)

                config = {**twin.DEFAULTS, "channels": 4, "depth": 2, "head": changes.get("model__head", "sigmoid"),
                          "norm_sharing": changes.get("model__norm_sharing", "none")}
                net = twin.UNet(config).eval()
                net.load_state_dict(self.checkpoint(folder, 60), strict=True)
                with torch.no_grad():
                    logits = net(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)
                p = torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, 1)[:, 1:]
                theirs = (p[0, 0] * 255).round().numpy().astype(int)
                self.assertEqual(ours.shape, (32, 24))
                self.assertLessEqual(abs(ours - theirs).max(), 1)
                self.assertGreater(theirs.max() - theirs.min(), 20)

    def test_masks_have_the_size_of_their_pictures(self):
        folder = self.run_folder("sizes")
        self.assertEqual(self.train(folder).returncode, 0)
        picture = self.root / "wide.png"
        Image.new("RGB", (133, 57), (90, 120, 200)).save(picture)
        broken = self.root / "broken.png"
        broken.write_bytes(b"not a picture")
        done = subprocess.run([WORKER, "predict", f"{folder}@best", "--out", self.root / "out", picture, broken], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        good, bad = map(json.loads, done.stdout.splitlines())
        with Image.open(good["mask"]) as mask:
            self.assertEqual(mask.size, (133, 57))
        self.assertIn("broken.png", bad["error"])
        missing = subprocess.run([WORKER, "predict", f"{folder}@5", "--out", self.root / "out", picture], capture_output=True, text=True)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("step", missing.stderr)

    def test_tensorboard_reads_what_a_run_logs(self):
        folder = self.run_folder("board")
        self.assertEqual(self.train(folder).returncode, 0)
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0, "images": 0, "histograms": 0})
        events.Reload()
        tags = events.Tags()
        for tag in ("loss/train", "loss/val", "iou/train", "iou/val", "iou/val_eval", "iou/val_train_mode", "iou/val_recalibrated",
                    "lr", "time/step_ms", "norm/down1.1/gap", "norm/bottom.2/gap"):
            self.assertIn(tag, tags["scalars"])
        for tag in ("weights/down1.conv1.weight", "gradients/up2.conv2.bias", "norm/up1.1/running_mean", "norm/up1.1/batch_var"):
            self.assertIn(tag, tags["histograms"])
        for tag in ("preview/0/input", "preview/1/target", "preview/1/prediction"):
            self.assertIn(tag, tags["images"])
        self.assertIn("norm/up1.1/channels/batch_mean", tags["tensors"])
        self.assertEqual([e.step for e in events.Scalars("loss/train")], [1, 2, 3, 4, 5, 6])
        self.assertEqual([e.step for e in events.Images("preview/0/prediction")], [0, 3, 6])

    def test_asked_to_end_it_saves_and_goes_on_bit_for_bit_later(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name):
                endless = {"train__steps": 10**6, "checkpoint__every": 10**6, "validation__every": 10**6}
                whole, cut = self.run_folder(f"whole-{number.name}", **endless), self.run_folder(f"cut-{number.name}", **endless)
                process = subprocess.Popen([WORKER, "run", cut], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                self.assertTrue(any("parameters" in line for line in iter(process.stdout.readline, "")))
                process.send_signal(number)
                process.communicate()
                self.assertEqual(process.returncode, 0)
                status = self.status(cut)
                self.assertEqual(status["status"], "stopped")
                self.assertTrue((cut / "checkpoints" / f"step-{status['step']:08}" / "trainer.json").exists())
                self.assert_same_after(20, cut, whole)

    def test_killed_it_goes_on_from_its_last_checkpoint(self):
        endless = {"train__steps": 10**6, "checkpoint__every": 5, "validation__every": 10**6}
        whole, killed = self.run_folder("whole", **endless), self.run_folder("killed", **endless)
        process = subprocess.Popen([WORKER, "run", killed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until(lambda: any((killed / "checkpoints").glob("step-*")), process)
        process.kill()
        process.wait()
        self.assertEqual(self.status(killed)["status"], "running")
        self.assert_same_after(20, killed, whole)

    def test_two_workers_do_not_train_in_one_folder(self):
        folder = self.run_folder("busy", train__steps=100000, checkpoint__every=1000)
        process = subprocess.Popen([WORKER, "run", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_until(lambda: self.step(folder) > 0, process)
            second = self.train(folder)
            self.assertEqual(second.returncode, 1)
            self.assertIn("another process", second.stderr)
            self.assertEqual(self.status(folder)["status"], "running")
        finally:
            process.kill()
            process.wait()

    def failure(self, folder, *words):
        done = self.train(folder)
        self.assertEqual(done.returncode, 1)
        status = self.status(folder)
        for word in words:
            self.assertIn(word, status["error"])
            self.assertIn(word, done.stderr)
        return status["status"]

    def test_failures_end_in_a_status_that_says_so(self):
        gone = self.run_folder("gone", data__dataset="folder", data__path=str(self.root / "nowhere"))
        self.assertEqual(self.failure(gone, "nowhere"), "failed")
        unknown = self.run_folder("unknown", model__norm="btach")
        self.assertEqual(self.failure(unknown, "btach", "batch"), "failed")
        groups = self.run_folder("groups", model__norm="group", model__norm_groups=3)
        self.assertEqual(self.failure(groups, "norm_groups"), "failed")
        exploded = self.run_folder("exploded", optimizer__name="sgd", optimizer__lr=1000, model__norm="none", train__steps=200)
        self.assertEqual(self.failure(exploded, "learning rate", "step"), "diverged")

    @unittest.skipIf("address" in os.environ["ABLATE_SANITIZE"], "AddressSanitizer itself needs more than the limit")
    def test_memory_that_training_and_validation_lack_is_told_of_both(self):
        def limited(name, batch, validation):
            folder = self.run_folder(name, train__batch_size=batch, validation__batch_size=validation, data__count=124, data__held_out=60, data__size=[128, 128],
                                     model__channels=16, train__steps=1, validation__every=1, log__previews=0)
            subprocess.run(["bash", "-c", f"ulimit -v 1400000; exec '{WORKER}' run '{folder}'"], capture_output=True, check=False)
            return self.status(folder)

        status = limited("much", 64, 60)
        self.assertEqual(status["status"], "failed")
        self.assertRegex(status["error"], r"train.batch_size=\d+ fits.*validation.batch_size=\d+ fits")
        train, validation = (int(re.search(key + r"=(\d+)", status["error"])[1]) for key in ("train.batch_size", "validation.batch_size"))
        self.assertEqual(limited("less", train, validation)["status"], "completed", status["error"])

    def test_describe_says_what_a_configuration_makes(self):
        def describe(config):
            return json.loads(subprocess.run([WORKER, "describe"], input=json.dumps(config), capture_output=True, text=True, check=True).stdout)

        made = describe({"model": {"channels": 8}})
        self.assertTrue(made["valid"])
        self.assertEqual(made["parameters"], 454649)
        self.assertEqual(made["layers"][0], {"name": "down1.conv1", "kind": "Conv2d", "parameters": 224})
        refused = describe({"config": {"model": {"norm": "group", "norm_groups": 3}}})
        self.assertFalse(refused["valid"])
        self.assertIn("norm_groups", refused["error"])
        two = subprocess.run([WORKER, "describe", '{"model": {"channels": 8}}', "{"], capture_output=True, text=True, check=True)
        self.assertEqual([json.loads(line)["valid"] for line in two.stdout.splitlines()], [True, False])

    def pictures(self, count):
        folder = self.root / "pictures"
        for kind in ("images", "masks"):
            (folder / kind).mkdir(parents=True)
            for index in range(count):
                value = numpy.random.default_rng(index).integers(0, 255, (24, 16), dtype=numpy.uint8)
                Image.fromarray(value).convert("RGB" if kind == "images" else "L").save(folder / kind / f"{index}.png")
        return folder

    def test_asked_to_stop_while_it_reads_pictures_it_does_and_can_be_resumed(self):
        folder = self.run_folder("run", data__dataset="folder", data__path=str(self.pictures(6)), data__held_out=2)
        (folder / "requests").mkdir()
        (folder / "requests" / "stop").touch()
        self.assertEqual(self.train(folder).returncode, 0)
        self.assertEqual((self.status(folder)["status"], self.step(folder)), ("stopped", 0))
        self.assertFalse((folder / "checkpoints").exists())
        self.assertEqual(self.train(folder).returncode, 0)
        self.assertEqual((self.status(folder)["status"], self.step(folder)), ("completed", 6))

    def test_run_json_keeps_which_data_it_was_and_says_when_they_are_others(self):
        pictures = self.pictures(6)
        folder = self.run_folder("run", data__dataset="folder", data__path=str(pictures), data__held_out=2)
        self.assertEqual(self.train(folder).returncode, 0)
        run = json.loads((folder / "run.json").read_text())
        self.assertEqual((run["data"]["path"], run["data"]["count"]), (str(pictures), 6))
        self.assertEqual(run["provenance"]["device"], "cpu")
        self.assertIn(run["provenance"]["torch"], torch.__version__)
        for kind in ("images", "masks"):
            (pictures / kind / "5.png").unlink()
        self.assertIn("not those that this run began with", self.train(folder).stdout)
        self.assertEqual(json.loads((folder / "run.json").read_text()), run)

    def test_a_folder_without_run_json_is_refused(self):
        done = self.train(self.root)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run.json", done.stderr)


@unittest.skipIf("address" in os.environ["ABLATE_SANITIZE"], "AddressSanitizer itself needs more than the limit")
class ShortOfMemory(WorkerTest):
    def test_more_memory_than_there_is_ends_in_a_status_that_names_the_batch_size(self):
        folder = self.run_folder("memory", train__batch_size=16)
        # Python and its modules are loaded after the limit is set: enough for those, not for training.
        limited = f"ulimit -v 1500000; exec '{WORKER}' run '{folder}'"
        big = json.loads((folder / "run.json").read_text())
        big["config"]["model"] = {"channels": 32}
        big["config"]["data"]["size"] = [128, 128]
        (folder / "run.json").write_text(json.dumps(big))
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        status = self.status(folder)
        self.assertEqual(status["status"], "failed")
        self.assertIn("train.batch_size = 16", status["error"])
        fits = int(re.search(r"train.batch_size=(\d+) fits", status["error"])[1])
        # It does, in the same memory.
        again = self.run_folder("less", train__batch_size=fits)
        big["config"]["train"]["batch_size"] = fits
        (again / "run.json").write_text(json.dumps(big))
        done = subprocess.run(["bash", "-c", limited.replace(str(folder), str(again))], capture_output=True, text=True)
        self.assertEqual(self.status(again)["status"], "completed", done.stdout + done.stderr)

    def test_memory_that_only_validation_lacks_is_told_as_that(self):
        def limited(name, validation):
            folder = self.run_folder(name, train__batch_size=2, validation__batch_size=validation, data__count=136, data__held_out=128, data__size=[128, 128],
                                     model__channels=16, train__steps=2, validation__every=1, log__previews=0)
            subprocess.run(["bash", "-c", f"ulimit -v 1500000; exec '{WORKER}' run '{folder}'"], capture_output=True, check=False)
            return self.status(folder)

        status = limited("much", 128)
        self.assertEqual(status["status"], "failed")
        self.assertIn("validation.batch_size = 128", status["error"])
        self.assertNotIn("train.batch_size=", status["error"])
        fits = int(re.search(r"validation.batch_size=(\d+) fits", status["error"])[1])
        self.assertEqual(limited("less", fits)["status"], "completed")


if __name__ == "__main__":
    unittest.main()
