"""The commands that train, with the real worker: train, launch, stop, resume, predict, and what becomes of a killed worker."""

import io
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import unittest

import numpy
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file

from ablate_program import BIN, SOURCE, TINY, AblateTest, assignments

sys.path.insert(0, str(SOURCE / "tests/experiments/training"))
import twin


def worker_of(run):
    """The process that trains in a run folder, found by its command line."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if words[1:2] == ["run"] and words[2:3] == [run]:
                return int(entry.name)
    return None


def write_avi(path, frames, rate=10):
    """Motion JPEG in the oldest of containers, by hand."""
    def chunk(name, content):
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def listed(name, content):
        return chunk(b"LIST", name + content)

    pictures = []
    for frame in frames:
        encoded = io.BytesIO()
        frame.save(encoded, "JPEG")
        pictures.append(encoded.getvalue())
    width, height = frames[0].size
    main = struct.pack("<14I", 1_000_000 // rate, 0, 0, 0, len(frames), 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack("<IHHIIIIIIIIHHHH", 0, 0, 0, 0, 1, rate, 0, len(frames), 0, 0, 0, 0, 0, width, height)
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
    header = listed(b"hdrl", chunk(b"avih", main) + listed(b"strl", chunk(b"strh", stream) + chunk(b"strf", form)))
    path.write_bytes(chunk(b"RIFF", b"AVI " + header + listed(b"movi", b"".join(chunk(b"00dc", each) for each in pictures))))


class TrainingTest(AblateTest):
    def launch(self, vary=None, slots=None, **base):
        file = self.folder / "experiment.json"
        file.write_text(json.dumps({
            "name": "tests", "base": TINY | {key.replace("__", "."): value for key, value in base.items()}, "vary": vary or {}}))
        return self.json_of("launch", file, *(["--slots", slots] if slots else []))

    def state(self, run):
        return self.json_of("show", run["run"])["status"]

    def test_train_answers_with_the_run_and_its_metrics(self):
        result = self.ablate("train", "--json", "--name", "first", *assignments())
        run = json.loads(result.stdout)
        self.assertEqual(run["status"], "completed")
        self.assertEqual(run["step"], 6)
        self.assertTrue(run["id"].endswith("-first"))
        self.assertTrue(pathlib.Path(run["run"]).is_dir())
        for tag in ("loss/train", "loss/val", "iou/val_eval", "iou/val_train_mode", "lr"):
            self.assertIn(tag, run["metrics"])
        self.assertIn("16 samples to train on", result.stderr)
        self.assertEqual(self.json_of("show", "first")["metrics"], run["metrics"])

    def test_a_run_without_a_name_is_called_after_what_was_set(self):
        run = self.json_of("train", *assignments(model__norm="instance", train__steps=1))
        self.assertEqual(run["name"], "channels2-depth1-instance")

    def test_a_batch_larger_than_the_data_is_told(self):
        self.assertIn("train.batch_size: 64 is more than", self.ablate("train", *assignments(train__batch_size=64)).stderr)

    def test_ctrl_c_stops_with_a_checkpoint_from_which_resume_goes_on(self):
        process = self.start("train", "--name", "long", *assignments(train__steps=100000))
        self.until(lambda: any(run["step"] > 3 for run in self.runs()))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("stopped at step", errors)
        stopped = self.json_of("show", "long")
        self.assertEqual(stopped["status"], "stopped")
        self.assertTrue((pathlib.Path(stopped["run"]) / "checkpoints" / f"step-{stopped['step']:08}").is_dir())
        self.ablate("resume", "long")
        self.until(lambda: self.json_of("show", "long")["step"] > stopped["step"])
        self.ablate("stop", "long")
        self.until(lambda: self.json_of("show", "long")["status"] == "stopped")

    def test_an_experiment_is_trained_in_order_and_survives_the_command(self):
        runs = self.launch({"model.norm": ["batch", "instance", "none"]}, slots=1)
        self.assertEqual([run["name"] for run in runs], ["batch", "instance", "none"])
        self.until(lambda: all(run["status"] == "completed" for run in self.runs()))
        ended = [json.loads((pathlib.Path(run["run"]) / "status.json").read_text())["ended_seconds"] for run in runs]
        self.assertEqual(ended, sorted(ended))

    def test_a_run_that_waits_and_one_that_trains_are_stopped(self):
        first, second = self.launch({"model.norm": ["batch", "instance"]}, slots=1, train__steps=100000)
        self.until(lambda: self.state(first) == "running")
        self.assertEqual(self.json_of("stop", second["id"])["status"], "stopped")
        self.ablate("stop", first["id"])
        self.until(lambda: self.state(first) == "stopped")
        self.assertEqual(self.json_of("show", second["id"])["step"], 0)

    def test_a_killed_worker_is_reported_and_resumed_from_its_checkpoint(self):
        [run] = self.launch(train__steps=100000, checkpoint__every=5)
        self.until(lambda: self.json_of("show", run["id"])["step"] > 10)
        os.kill(worker_of(run["run"]), signal.SIGKILL)
        self.until(lambda: self.state(run) == "failed")
        failed = self.json_of("show", run["id"])
        self.assertIn("killed from outside", failed["error"])
        [events] = pathlib.Path(run["run"]).glob("events.*")
        events.rename(self.folder / "events")
        self.assertIn(f"{events} at byte 0: the file", self.ablate("show", run["id"]).stderr)
        (self.folder / "events").rename(events)
        self.assertEqual(self.ablate("show", run["id"]).stderr, "")
        self.ablate("resume", run["id"])
        self.until(lambda: self.json_of("show", run["id"])["step"] > failed["step"])
        self.assertEqual(self.json_of("show", run["id"])["error"], "")
        loss = self.json_of("export", run["run"], "--tag", "loss/train")["."]["loss/train"]
        steps = [point[0] for point in loss]
        self.assertEqual(steps, sorted(set(steps)), "every step once, though some were made twice")

    def test_predict_writes_masks_at_the_size_of_the_pictures(self):
        self.ablate("train", "--name", "net", *assignments(checkpoint__every=3))
        pictures = []
        for size in ((40, 60), (64, 64)):
            pictures.append(self.folder / f"p{size[0]}.png")
            Image.new("RGB", size, (200, 30, 30)).save(pictures[-1])
        out = self.folder / "masks"
        text = self.ablate("predict", "net", *pictures, "--out", out).stdout
        self.assertEqual(text.splitlines(), [str(out / picture.name) for picture in pictures])
        for picture in pictures:
            with Image.open(out / picture.name) as mask, Image.open(picture) as original:
                self.assertEqual(mask.size, original.size)
        answers = self.json_of("predict", "net@3", pictures[0], "--out", self.folder / "others")
        self.assertIn("step-00000003", answers[0]["checkpoint"])
        before = pictures[0].read_bytes()
        self.assertIn("take the place", self.call("predict", "net", pictures[0], "--out", pictures[0].parent).stderr)
        self.assertEqual(pictures[0].read_bytes(), before)
        self.assertIn("step", self.error_of("predict", "net@4", pictures[0], "--out", out, code=1))

    def test_predict_cuts_out_and_puts_before_another_background(self):
        self.ablate("train", "--name", "net", *assignments())
        folder, out = self.folder / "pictures", self.folder / "out"
        folder.mkdir()
        for name, colour in (("a", (200, 30, 30)), ("b", (10, 220, 90))):
            Image.new("RGB", (40, 60), colour).save(folder / f"{name}.png")
        for background in ("#0080ff", "blur", folder / "b.png"):
            answers = self.json_of("predict", "net", folder, "--out", out, "--cut-out", "--background", background)
            self.assertEqual(len(answers), 2)
            mask = numpy.array(Image.open(out / "a.png")).astype(int)[..., None]
            cut_out = numpy.array(Image.open(out / "a-cut-out.png"))
            self.assertTrue((cut_out[..., :3] == (200, 30, 30)).all())
            self.assertTrue((cut_out[..., 3:] == mask).all())
            behind = {"#0080ff": (0, 128, 255), "blur": (200, 30, 30)}.get(background, (10, 220, 90))
            wanted = (mask * (200, 30, 30) + (255 - mask) * numpy.array(behind)) / 255
            self.assertLessEqual(abs(numpy.array(Image.open(out / "a-composed.png")) - wanted).max(), 1)
        self.assertIn("--background", self.ablate("predict", "net", folder / "a.png", "--out", out / "no", "--background", "nothing", code=1).stderr)
        self.assertFalse((out / "no").exists())
        self.assertIn("--background", self.error_of("predict", "net", folder / "a.png", "--out", out / "no", "--background", "", code=2))

    def test_predict_makes_a_video_of_a_video(self):
        self.ablate("train", "--name", "net", *assignments())
        frames = [Image.new("RGB", (48, 32), (20 * i, 100, 200 - 10 * i)) for i in range(12)]
        clip = self.folder / "clip.avi"
        write_avi(clip, frames)
        [answer] = self.json_of("predict", "net", clip, "--out", self.folder / "out", "--background", "#00ff00")
        self.assertEqual(answer["frames"], 12)
        self.assertGreater(answer["frames_per_second"], 0)
        for what in ("mask", "composed"):
            self.assertIn(b"ftyp", pathlib.Path(answer[what]).read_bytes()[:16])
        Image.new("RGB", (48, 32)).save(self.folder / "a.png")
        found = self.json_of("predict", "net", self.folder, "--out", self.folder / "of-folder")
        self.assertEqual([pathlib.Path(entry["image"]).name for entry in found], ["a.png", "clip.avi"])
        (self.folder / "a.png").unlink()
        self.assertEqual(len(self.json_of("predict", "net", self.folder, "--out", self.folder / "of-videos")), 1)
        (self.folder / "no.mp4").write_bytes(b"no video")
        self.assertIn("no.mp4: can't be read as a video", self.call("predict", "net", self.folder / "no.mp4", "--out", self.folder / "out").stderr)

    def test_predict_at_full_size_is_the_network_on_all_pixels_and_tiles_leave_no_seam(self):
        self.ablate("train", "--name", "net", *assignments(train__steps=40, optimizer__lr=0.01))
        y, x = numpy.mgrid[:300, :420]
        disc = numpy.where((y - 140) ** 2 + (x - 200) ** 2 < 10000, 200, 40).astype(numpy.uint8)
        picture = self.folder / "disc.png"
        Image.fromarray(numpy.stack([disc, disc // 2, 255 - disc], 2)).save(picture)

        def mask(out, *words):
            entry = json.loads(self.ablate("predict", "net", picture, "--out", self.folder / out, "--json", *words).stdout)[0]
            return numpy.array(Image.open(entry["mask"])).astype(int), entry

        whole, said = mask("whole", "--full-size")
        self.assertNotIn("tiles", said)
        self.assertEqual(whole.shape, (300, 420))
        self.assertGreater(numpy.abs(whole - mask("small")[0]).max(), 8, "32×32 pixels made larger know less")
        tiled, said = mask("tiled", "--full-size", "--tile", "128")
        self.assertEqual(said["tiles"], {"side": 128, "count": 3 * 4})
        self.assertLess(numpy.abs(whole - tiled).mean(), 3)
        jumps = [numpy.abs(numpy.diff(mask, axis=1)).mean(axis=0) for mask in (tiled, whole)]
        for left in (96, 194, 292):  # Where tiles begin.
            self.assertLess(jumps[0][left - 1], jumps[1][left - 1] + 1)

    def pytorch_mask(self, run, picture):
        """What plain PyTorch makes of all pixels, in 8 bits."""
        config = self.json_of("show", run)["config"]["model"]
        network = twin.make(config).eval()
        checkpoint = max(pathlib.Path(self.json_of("show", run)["run"]).glob("checkpoints/*/model.safetensors"))
        network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in load_file(checkpoint).items()})
        with torch.no_grad():
            return network(torch.from_numpy(picture / 255).float().permute(2, 0, 1)[None]).sigmoid()[0, 0].mul(255).round().numpy().astype(int)

    def test_tiles_of_a_deep_network_give_the_mask_that_pytorch_makes_of_the_whole_picture(self):
        for norm, up in (("batch", "nearest"), ("none", "transposed"), ("instance", "nearest"), ("batch", "bilinear")):
            name = norm + up
            self.ablate("train", "--name", name, *assignments(model__depth=4, model__norm=norm, model__up=up, train__steps=4))
            original = Image.effect_noise((701, 430), 90).convert("RGB")
            picture = self.folder / "noise.png"
            original.save(picture)

            def mask(out, *words):
                result = self.ablate("predict", name, picture, "--out", self.folder / out, "--json", "--full-size", *words)
                entry = json.loads(result.stdout)[0]
                return numpy.array(Image.open(entry["mask"])).astype(int), entry, result.stderr

            whole, entry, said = mask("whole")
            self.assertNotIn("tiles", entry)
            self.assertIn("learnt from pictures of 32x32", said)
            repeated = numpy.pad(numpy.array(original), ((0, 2), (0, 3), (0, 0)), "edge")
            wanted = self.pytorch_mask(name, repeated)[:430, :701]
            # A value at a half may be rounded the other way.
            self.assertLessEqual(numpy.abs(wanted - whole).max(), 1, name)
            said_of_all = said
            tiled, entry, said = mask("tiled", "--tile", "400")
            self.assertGreater(entry["tiles"]["count"], 2)
            if (norm, up) in (("batch", "nearest"), ("none", "transposed")):
                self.assertEqual(said, said_of_all)
                self.assertLessEqual(numpy.abs(wanted - tiled).max(), 1, name)
                self.assertIn("seams may show", mask("small", "--tile", "128")[2])
            else:
                self.assertIn("takes its statistics from each tile" if norm == "instance" else "depends on the size", said)
        self.assertIn("at least 32", self.ablate("predict", name, picture, "--out", self.folder / "no", "--tile", "16", code=1).stderr)
        Image.new("RGB", (20, 20)).save(self.folder / "tiny.png")
        said = self.ablate("predict", name, self.folder / "tiny.png", "--out", self.folder / "out", "--full-size").stderr
        self.assertIn("less than 32 pixels a side", said)

    def test_a_network_that_makes_nan_predicts_no_mask(self):
        run = self.json_of("train", "--name", "net", *assignments())
        file = max(pathlib.Path(run["run"]).glob("checkpoints/*/model.safetensors"))
        weights = load_file(file)
        weights["head.bias"][:] = float("nan")
        save_file(weights, file)
        Image.new("RGB", (32, 32)).save(self.folder / "a.png")
        self.assertIn("makes NaN of it", self.ablate("predict", "net", self.folder / "a.png", "--out", self.folder / "out", code=1).stderr)

    def test_a_worker_asks_only_for_the_memory_there_is(self):
        [run] = self.launch(train__steps=100000)
        self.until(lambda: self.state(run) == "running")
        self.until(lambda: self.json_of("show", run["id"])["step"] > 0)
        limits = pathlib.Path("/proc", str(worker_of(run["run"])), "limits").read_text()
        self.ablate("stop", run["id"])
        [asked] = [line.split()[3] for line in limits.splitlines() if line.startswith("Max data size")]
        there_is = [int(line.split()[1]) * 1024 for line in open("/proc/meminfo") if line.startswith("MemTotal")][0]
        if not os.environ["ABLATE_SANITIZE"]:  # Which reserve more than there is.
            self.assertLess(int(asked), 2 * there_is)
        self.assertNotEqual(asked, "unlimited")

    @unittest.skipIf("address" in os.environ["ABLATE_SANITIZE"], "AddressSanitizer itself needs more than the limit")
    def test_predict_cuts_a_picture_into_tiles_where_memory_is_short(self):
        self.ablate("train", "--name", "net", *assignments(model__channels=32))
        picture = self.folder / "large.png"
        Image.new("RGB", (2200, 1400), (200, 30, 30)).save(picture)
        words = " ".join(f"'{word}'" for word in (BIN / "ablate", "--runs", self.root, "predict", "net", picture, "--full-size", "--json",
                                                  "--out", self.folder / "out"))
        done = subprocess.run(["bash", "-c", f"ulimit -v 1600000; exec {words}"], capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        [entry] = json.loads(done.stdout)
        self.assertGreaterEqual(entry["tiles"]["side"], 128)
        with Image.open(entry["mask"]) as mask:
            self.assertEqual(mask.size, (2200, 1400))

    def test_predict_takes_the_colour_out_where_the_training_did(self):
        self.ablate("train", "--name", "net", *assignments(data__grey=True))
        noise = Image.effect_noise((32, 32), 90)
        colour = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180)))
        grey = Image.new("RGB", colour.size)
        grey.putdata([((299 * r + 587 * g + 114 * b + 500) // 1000,) * 3 for r, g, b in colour.getdata()])
        masks = []
        for name, picture in (("colour", colour), ("grey", grey)):
            picture.save(self.folder / f"{name}.png")
            mask = self.json_of("predict", "net", self.folder / f"{name}.png", "--out", self.folder / "out")[0]["mask"]
            with Image.open(mask) as shown:
                masks.append(shown.tobytes())
        self.assertEqual(*masks)

    def test_a_relative_folder_is_found_from_anywhere(self):
        data = self.folder / "data"
        for part, mode in (("images", "RGB"), ("masks", "L")):
            (data / part).mkdir(parents=True)
            for i in range(10):
                Image.new(mode, (32, 32), 255 if i % 2 else 0).save(data / part / f"p{i}.png")
        [run] = self.launch(data__dataset="folder", data__path="data", train__steps=2)
        self.until(lambda: self.state(run) in ("completed", "failed"))
        self.assertEqual(self.state(run), "completed", self.json_of("show", run["id"])["error"])
        self.assertEqual(self.json_of("show", run["id"])["config"]["data"]["path"], str(data))

    def test_a_run_that_diverges_says_so(self):
        result = self.ablate("train", "--json", *assignments(
            optimizer__name="sgd", optimizer__lr=1000, model__norm="none", model__activation="identity", train__steps=200), code=1)
        run = json.loads(result.stdout)
        self.assertEqual(run["status"], "diverged")
        self.assertIn("diverged", result.stderr)
        self.assertIn("optimizer.lr", self.error_of("resume", run["id"], code=1))

    def test_a_diverged_run_keeps_no_checkpoint_that_makes_nan(self):
        result = self.ablate("train", "--name", "net", "--json", *assignments(
            optimizer__name="sgd", optimizer__lr=30, model__norm="none", model__activation="identity", train__steps=200,
            checkpoint__every=1, checkpoint__keep=200), code=1)
        run = json.loads(result.stdout)
        self.assertEqual(run["status"], "diverged")
        Image.new("RGB", (32, 32)).save(self.folder / "a.png")
        self.ablate("predict", "net", self.folder / "a.png", "--out", self.folder / "out")

    def test_a_diverged_run_keeps_a_good_checkpoint_where_it_keeps_but_one(self):
        result = self.ablate("train", "--name", "net", "--json", *assignments(
            data__count=24, data__held_out=8, model__depth=2, train__batch_size=8, optimizer__name="sgd", optimizer__lr=0.01,
            schedule__name="cyclic", schedule__max_lr=1000, schedule__up_steps=30, model__norm="none",
            train__steps=100, checkpoint__every=1, checkpoint__keep=1), code=1)
        self.assertEqual(json.loads(result.stdout)["status"], "diverged")
        Image.new("RGB", (32, 32)).save(self.folder / "a.png")
        self.ablate("predict", "net", self.folder / "a.png", "--out", self.folder / "out")

    def test_a_diverged_run_drops_checkpoints_that_make_nan_as_they_are_validated(self):
        result = self.ablate("train", "--name", "net", "--json", *assignments(
            data__count=24, data__held_out=8, model__depth=2, train__batch_size=8, train__threads=1, checkpoint__every=1, checkpoint__keep=5,
            validation__every=1, optimizer__name="sgd", optimizer__lr=0.01, optimizer__weight_decay=1, optimizer__momentum=0.99,
            schedule__name="cyclic", schedule__max_lr=1000, schedule__up_steps=10, train__steps=60, checkpoint__metric="loss/val"), code=1)
        self.assertEqual(json.loads(result.stdout)["status"], "diverged")
        self.assertRegex(result.stderr, r"step-\d+ makes no finite loss any more: removed")
        self.assertNotIn("NaN", json.dumps(self.json_of("evaluate", "net")))

    def test_checkpoints_are_safetensors(self):
        run = self.json_of("train", *assignments())
        weights = load_file(pathlib.Path(run["run"]) / "checkpoints/step-00000006/model.safetensors")
        self.assertTrue(any(name.endswith("running_mean") for name in weights))


if __name__ == "__main__":
    unittest.main()
