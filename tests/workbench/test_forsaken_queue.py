"""A queue whose keeper was killed, and runs whose workers were: what `ablate list` says, and how all go on with one command."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from ablate_program import BIN, AblateTest


class ForsakenQueue(AblateTest):
    def setUp(self):
        super().setUp()
        self.environment |= {"ABLATE_TRAIN": str(BIN / "trivial_worker"), "TRIVIAL_STEP_MS": "20"}
        file = self.folder / "seeds.json"
        file.write_text(json.dumps({"name": "seeds", "base": {"train.steps": 500, "validation.every": 5}, "seeds": [1, 2, 3]}))
        self.launched = self.json_of("launch", file, "--slots", 2)
        self.until(lambda: self.states() == ["queued", "running", "running"])

    def states(self):
        return sorted(run["status"] for run in self.runs())

    def kill_keeper(self):
        keeper = self.root / ".ablate" / "queue" / "keeper"
        os.kill(int(keeper.read_text()), signal.SIGKILL)

    def kill_workers(self):
        lines = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines()
        for line in lines:
            if f"trivial_worker run {self.root}" in line:
                os.kill(int(line.split()[0]), signal.SIGKILL)

    def note(self):
        return self.ablate("list").stderr

    def test_it_is_told_and_goes_on(self):
        self.assertEqual(self.note(), "")
        self.kill_keeper()
        self.until(self.note)
        self.assertIn("nobody attends to this machine's queue, where 1 run waits", self.note())
        self.assertIn("ablate resume --interrupted", self.note())
        self.assertIn("No run is interrupted", self.ablate("resume", "--interrupted").stdout)
        self.assertEqual(self.note(), "")

    def test_all_that_were_interrupted_go_on_together(self):
        self.kill_keeper()
        self.kill_workers()
        self.until(lambda: self.states() == ["interrupted", "interrupted", "queued"])
        resumed = self.json_of("resume", "--interrupted")
        self.assertEqual([run["status"] for run in resumed], ["queued", "queued"])
        self.until(lambda: self.states() == ["queued", "running", "running"])

    def test_several_are_named_and_one_that_cannot_go_on_does_not_keep_the_others(self):
        first, second = [run["id"] for run in self.runs() if run["status"] == "running"]
        for run in (first, second):
            self.ablate("stop", run)
        self.until(lambda: "stopped" in self.states())
        self.until(lambda: not any(run["id"] in (first, second) and run["status"] == "running" for run in self.runs()))
        self.until(lambda: "running" in self.states())
        [third] = [run["id"] for run in self.runs() if run["status"] == "running"]
        result = self.ablate("resume", first, third, second, code=1)
        self.assertEqual(result.stdout.count("goes on from its last checkpoint"), 2)
        self.assertIn(f"{third} is running", result.stderr)

    def test_whom_it_means_has_to_be_said_in_one_way(self):
        self.assertIn("--interrupted", self.error_of("resume", code=2))
        self.assertIn("--interrupted", self.error_of("resume", pathlib.Path(self.launched[0]["run"]).name, "--interrupted", code=2))


if __name__ == "__main__":
    unittest.main()
