"""Two windows and a worker on the same folder do not disturb each other."""

import os
import subprocess
import unittest

from ablate_program import BIN, AblateTest, assignments

STEPS = 300


class TwoWindows(AblateTest):
    def test_a_run_that_two_windows_follow_is_the_same_as_alone(self):
        self.ablate("train", "--name", "alone", *assignments(train__steps=STEPS))
        windows = [
            subprocess.Popen([str(BIN / "ablate"), "--runs", str(self.root), "open"], stderr=subprocess.PIPE, text=True,
                             env={**self.environment, "DISPLAY": os.environ["DISPLAY"]}) for _ in range(2)]
        try:
            self.ablate("train", "--name", "followed", *assignments(train__steps=STEPS))
            for window in windows:
                self.assertIsNone(window.poll(), "it is open")
        finally:
            for window in windows:
                window.terminate()
        for window in windows:
            self.assertNotIn("ablate:", window.communicate()[1])
        alone, followed = self.json_of("export", self.root, "--tag", "loss/*", "--tag", "iou/*").values()
        self.assertEqual(len(alone["loss/train"]), STEPS)
        for tag in ("loss/train", "loss/val", "iou/val"):
            self.assertEqual(*([(step, value) for step, _, value in run[tag]] for run in (alone, followed)), tag)


if __name__ == "__main__":
    unittest.main()
