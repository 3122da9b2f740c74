"""What tests of the programs share: a folder of runs of their own, and `ablate` called as a person would call it."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["ABLATE_BIN"])
SOURCE = pathlib.Path(os.environ["ABLATE_SOURCE"])
# A U-Net and pictures so small that a run takes a second or two.
TINY = {
    "model.channels": 2,
    "model.depth": 1,
    "data.size": [32, 32],
    "data.count": 20,
    "data.held_out": 4,
    "train.batch_size": 4,
    "train.steps": 6,
    "validation.every": 3,
    "log.previews": 1,
}


def assignments(**changes):
    """`-s KEY=VALUE` for TINY with changes, whose keys are written with __ for the dot."""
    values = TINY | {key.replace("__", "."): value for key, value in changes.items()}
    words = []
    for key, value in values.items():
        words += ["-s", f"{key}={json.dumps(value)}"]
    return words


class AblateTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ablate-test-"))
        self.root = self.folder / "runs"
        self.addCleanup(self.clean_up)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ABLATE_")},
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_DATA_HOME": str(self.folder / "data"),
        }
        for display in ("DISPLAY", "WAYLAND_DISPLAY"):
            self.environment.pop(display, None)

    def clean_up(self):
        """Leaves no process behind: runs that wait or train are stopped first."""
        if self.root.is_dir():
            for run in self.runs():
                if run["status"] in ("queued", "running"):
                    self.call("stop", run["run"])
            self.until(lambda: not any(run["status"] in ("queued", "running") for run in self.runs()))
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, *words, environment=None, timeout=120, cwd=None, **options):
        command = [str(BIN / "ablate"), "--runs", str(self.root), *map(str, words)]
        return subprocess.run(
            command, env={**self.environment, **(environment or {})}, cwd=cwd or self.folder, capture_output=True, text=True,
            timeout=timeout, stdin=subprocess.DEVNULL, **options)

    def ablate(self, *words, code=0, **options):
        """Its result, after checking the exit code."""
        result = self.call(*words, **options)
        self.assertEqual(result.returncode, code, f"ablate {' '.join(map(str, words))}\n{result.stdout}{result.stderr}")
        return result

    def json_of(self, *words, **options):
        return json.loads(self.ablate(*words, "--json", **options).stdout)

    def error_of(self, *words, code, **options):
        """What it says on standard error, where a message begins with the program's name (or the worker's)."""
        result = self.ablate(*words, code=code, **options)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, "(?m)^ablate(-train)?: ")
        self.assertNotIn("terminate called", result.stderr)
        return result.stderr

    def runs(self):
        result = self.call("list", "--json")
        return json.loads(result.stdout) if result.returncode == 0 else []

    def until(self, so, seconds=60):
        deadline = time.monotonic() + seconds
        while not so():
            self.assertLess(time.monotonic(), deadline, "waited in vain")
            time.sleep(0.1)

    def start(self, *words, **options):
        """In the background, in a session of its own, so that a signal reaches it alone."""
        process = subprocess.Popen(
            [str(BIN / "ablate"), "--runs", str(self.root), *map(str, words)], env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
