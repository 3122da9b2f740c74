"""A run whose writer is killed again and again, and goes on each time after what it had flushed."""

import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time
import unittest

import event_tools as tools
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class KilledWriter(unittest.TestCase):
    def test_killed_ten_times_nothing_flushed_is_lost(self):
        self.killed(10)

    def test_killed_two_hundred_times_nothing_flushed_is_lost(self):
        self.killed(200)

    def killed(self, times):
        moments = random.Random(times)
        with tempfile.TemporaryDirectory() as folder:
            next_step = torn = looks = 0
            for kill in range(times):
                flushed = self.flushed_until_killed(folder, next_step, moments.uniform(0, 0.005))
                if kill % (times // 10) == 0:
                    looks += 1
                    self.assert_all_there(folder, flushed)
                    torn += self.cut_somewhere_behind(folder, flushed, moments)
                    self.assert_all_there(folder, flushed)
                next_step = flushed + 1
            self.assertGreater(torn, looks / 3)
            accumulator = EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
            theirs = [(point.step, point.value) for point in accumulator.Scalars("loss")]
            self.assertEqual(theirs[:next_step], [(step, 0.5 * step) for step in range(next_step)])

    def assert_all_there(self, folder, flushed):
        points = [(step, value) for step, _, value in tools.export(folder)["scalars"]["loss"]]
        self.assertGreater(len(points), flushed)
        self.assertEqual(points, [(step, 0.5 * step) for step in range(len(points))])

    def flushed_until_killed(self, folder, first_step, seconds):
        """The last step that it said was flushed; at least one more than before."""
        command = [os.path.join(tools.BIN, "write_events"), folder, str(first_step), "until_killed"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            said = writer.stdout.readline()
            time.sleep(seconds)  # The moment of its death, no more.
            writer.send_signal(signal.SIGKILL)
            said += writer.stdout.read()
        return int(said.splitlines()[-1 if said.endswith("\n") else -2])

    def cut_somewhere_behind(self, folder, flushed, moments):
        """As a crash of the machine would: the last file ends within a record. Whether there was one that was not flushed."""
        last = max(pathlib.Path(folder).glob("*tfevents*"), key=lambda file: file.stat().st_mtime)
        content = last.read_bytes()
        os.truncate(last, len(content) - moments.randrange(1, 40))
        if len(tools.export(folder)["scalars"]["loss"]) > flushed:
            return True
        last.write_bytes(content)
        return False


if __name__ == "__main__":
    unittest.main()
