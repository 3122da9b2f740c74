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


class Kills(unittest.TestCase):
    def make(self, name):
        folder = pathlib.Path(self.root) / name
        folder.mkdir()
        config = {"data": {"dataset": "synthetic", "count": 40, "held_out": 8, "size": [32, 32]}, "model": {"channels": 4, "depth": 2},
                  "optimizer": {"lr": 0.01}, "schedule": {"name": "onecycle"},
                  "train": {"steps": 150, "batch_size": 4, "device": "cpu", "threads": 1},
                  "validation": {"every": 10}, "checkpoint": {"every": 7}, "log": {"histograms_every": 20, "norm_every": 5}}
        (folder / "run.json").write_text(json.dumps({"format": 1, "config": config}))
        return folder

    def start(self, folder):
        return subprocess.Popen([WORKER, "run", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def state(folder):
        return json.loads((folder / "status.json").read_text())

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
            whole = self.make("whole")
            began = time.monotonic()
            self.assertEqual(self.start(whole).wait(), 0)
            longest = time.monotonic() - began
            kills, round_number = 0, 0
            while kills < KILLS:
                round_number += 1
                run = self.make(f"killed-{round_number}")
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
                for file in ("model.safetensors", "model.optimizer.safetensors"):
                    path = pathlib.Path("checkpoints/step-00000150", file)
                    self.assertEqual((run / path).read_bytes(), (whole / path).read_bytes(), f"{file} of round {round_number}")
                self.assertEqual(self.scalars(run), self.scalars(whole), f"round {round_number}")
            print(f"{kills} kills in {round_number} runs", flush=True)


if __name__ == "__main__":
    unittest.main()
