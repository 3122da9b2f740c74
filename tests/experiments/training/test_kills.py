"""A worker that is killed again and again, at random moments, ends with the very bytes of one that nobody disturbed."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time
import unittest

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

WORKER = pathlib.Path(os.environ["ABLATE_BIN"]) / "ablate-train"
KILLS = 50
# By turns, so that everything that remembers something is killed.
VARIANTS = ({"schedule": {"name": "onecycle"}, "train": {"ema": 0.9}, "swa": {"start": 60, "every": 10}},
            {"model": {"norm": "instance", "norm_affine": True, "norm_track": True}, "schedule": {"name": "plateau", "patience": 1}, "optimizer": {"name": "rmsprop", "momentum": 0.9, "lr": 0.001},
             "train": {"precision": "fp16", "accumulate": 2, "clip_norm": 1,
                                                                                 "threads": 2}})


class Kills(unittest.TestCase):
    def make(self, name, variant):
        folder = pathlib.Path(self.root) / name
        folder.mkdir()
        config = {"data": {"dataset": "synthetic", "count": 40, "held_out": 8, "size": [32, 32]}, "model": {"channels": 4, "depth": 2},
                  "optimizer": {"lr": 0.01},
                  "train": {"steps": 150, "batch_size": 4, "device": "cpu", "threads": 1},
                  "validation": {"every": 10}, "checkpoint": {"every": 7}, "log": {"histograms_every": 20, "norm_every": 5}}
        for group, values in variant.items():
            config[group] = config.get(group, {}) | values
        (folder / "run.json").write_text(json.dumps({"format": 1, "config": config}))
        return folder

    def start(self, folder):
        return subprocess.Popen([WORKER, "run", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def state(folder):
        return json.loads((folder / "status.json").read_text())

    @staticmethod
    def trainer(checkpoint):
        """What it remembers beside its tensors, but for times."""
        def timeless(value):
            return {key: timeless(each) for key, each in value.items() if not key.startswith(("time/", "system/", "norm/", "training_seconds"))} \
                if isinstance(value, dict) else value
        return timeless(json.loads((checkpoint / "trainer.json").read_text()))

    @staticmethod
    def scalars(folder):
        log = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        log.Reload()
        # norm/…/gap is a mean over the steps since the last one; that window begins anew at a resume.
        tags = [tag for tag in log.Tags()["scalars"] if not tag.startswith(("time/", "system/", "norm/"))]
        return {tag: [(event.step, event.value) for event in log.Scalars(tag)] for tag in tags}

    def test_fifty_kills_change_no_bit(self):
        rng = random.Random(4)
        with tempfile.TemporaryDirectory() as self.root:
            wholes = [self.make(f"whole-{i}", variant) for i, variant in enumerate(VARIANTS)]
            began = time.monotonic()
            for whole in wholes:
                self.assertEqual(self.start(whole).wait(), 0)
            longest = (time.monotonic() - began) / len(wholes)
            kills, round_number = 0, 0
            while kills < KILLS:
                whole, variant = wholes[round_number % 2], VARIANTS[round_number % 2]
                round_number += 1
                run = self.make(f"killed-{round_number}", variant)
                while True:
                    worker = self.start(run)
                    try:
                        self.assertEqual(worker.wait(timeout=rng.uniform(0.05, 0.6) * longest), 0)
                        break
                    except subprocess.TimeoutExpired:
                        worker.kill()
                        worker.wait()
                        kills += 1
                self.assertEqual(self.state(run)["status"], "completed")
                last = pathlib.Path("checkpoints/step-00000150")
                files = sorted(path.name for path in (whole / last).glob("*.safetensors"))
                self.assertEqual(sorted(path.name for path in (run / last).glob("*.safetensors")), files)
                for file in files:
                    self.assertEqual((run / last / file).read_bytes(), (whole / last / file).read_bytes(), f"{file} of round {round_number}")
                self.assertEqual(self.trainer(run / last), self.trainer(whole / last), f"round {round_number}")
                self.assertEqual(self.scalars(run), self.scalars(whole), f"round {round_number}")
            print(f"{kills} kills in {round_number} runs", flush=True)


if __name__ == "__main__":
    unittest.main()
