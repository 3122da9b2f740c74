"""The demo on small synthetic portraits: its table, its sentence, and where the sentence must not appear."""

import ctypes
import json
import os
import pathlib
import signal
import unittest

from PIL import Image

from ablate_program import AblateTest

SMALL = []
for key, value in {
    "train.steps": 100, "data.size": [48, 32], "data.count": 100, "data.held_out": 16, "model.channels": 4, "model.depth": 2,
    "log.previews": 2,
}.items():
    SMALL += ["-s", f"{key}={json.dumps(value)}"]


def window_titles():
    """Of all windows on the display, as a window manager would see them."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = x11.XDefaultRootWindow.restype = ctypes.c_void_p
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
    children = ctypes.POINTER(ctypes.c_ulong)()
    x11.XQueryTree(display, ctypes.c_ulong(x11.XDefaultRootWindow(display)), ctypes.byref(root), ctypes.byref(parent),
                   ctypes.byref(children), ctypes.byref(count))
    titles = []
    for child in children[:count.value]:
        title = ctypes.c_char_p()
        if x11.XFetchName(display, ctypes.c_ulong(child), ctypes.byref(title)):
            titles.append(title.value.decode())
    x11.XCloseDisplay(display)
    return titles


class DemoTest(AblateTest):
    def test_the_run_with_the_shared_norm_is_named(self):
        result = self.ablate("demo", "--only", "batch-shared", "--only", "no-norm", *SMALL)
        self.assertRegex(result.stdout, r"RUN +STATE +EVAL IoU +TRAIN-MODE IoU +GAP +TIME")
        row = next(line.split() for line in result.stdout.splitlines() if line.startswith("batch-shared "))
        eval_iou, train_mode_iou, gap = map(float, row[2:5])
        self.assertAlmostEqual(train_mode_iou - eval_iou, gap, delta=0.002)
        self.assertGreater(gap, 0.15)
        sentences = [line for line in result.stdout.splitlines() if line.startswith("batch-shared: ")]
        self.assertEqual(len(sentences), 1)
        self.assertIn("down1.1 = down1.2", sentences[0])
        self.assertNotIn("no-norm: ", result.stdout)
        picture = self.root / "demo.png"
        self.assertIn(str(picture), result.stdout)
        with Image.open(picture) as shown:
            self.assertGreater(shown.width, 1000)
        self.assertRegex(result.stderr, r"batch-shared +running +\d+/100")

    def test_without_that_run_there_is_no_such_sentence(self):
        document = self.json_of("demo", "--only", "batch-separate", "--only", "instance-shared", *SMALL)
        self.assertEqual([row["run"] for row in document["table"]], ["batch-separate", "instance-shared"])
        self.assertEqual([row["status"] for row in document["table"]], ["completed", "completed"])
        self.assertEqual(document["findings"], [])
        for row in document["table"]:
            self.assertLess(abs(row["gap"]), 0.1)
            self.assertGreater(row["seconds"], 0)
        self.assertEqual(len(document["runs"]), 2)
        self.assertGreater(document["wall_seconds"], 0)
        self.assertTrue(pathlib.Path(document["picture"]).is_file())

    def test_ctrl_c_stops_its_runs_and_still_tells_what_there_is(self):
        process = self.start("demo", "--only", "batch-separate", "--only", "no-norm", *SMALL, "-s", "train.steps=100000")
        self.until(lambda: any(run["step"] > 20 for run in self.runs()))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("Stopping", errors)
        self.assertEqual({run["status"] for run in self.runs()}, {"stopped"})
        self.assertRegex(output, r"(?m)^batch-separate +stopped")

    def test_with_a_display_the_runs_live_in_a_window_and_the_table_comes_all_the_same(self):
        self.environment["DISPLAY"] = os.environ["DISPLAY"]
        title = f"Ablate  {self.root}"
        process = self.start("demo", "--only", "batch-separate", "--only", "no-norm", *SMALL)
        self.until(lambda: title in window_titles())
        self.assertFalse(any(run["status"] == "completed" for run in self.runs()), "it opens at once, not at the end")
        lines = []
        while not lines or not lines[-1].startswith("All in "):
            lines.append(process.stdout.readline())
            self.assertTrue(lines[-1], "it ended before it told")
        self.assertRegex("".join(lines), r"(?m)^batch-separate +completed")
        self.assertIsNone(process.poll(), "the window stays until it is closed")
        self.assertIn(title, window_titles())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertNotIn(title, window_titles())

    def test_a_run_that_fails_is_told_in_the_table(self):
        script = self.folder / "worker"
        script.write_text("#!/bin/sh\necho out of luck\nexit 3\n")
        script.chmod(0o755)
        result = self.ablate("demo", "--only", "no-norm", *SMALL, code=1, environment={"ABLATE_TRAIN": str(script)})
        self.assertRegex(result.stdout, r"(?m)^no-norm +failed .*exit code 3.*out of luck")

    def test_a_run_it_does_not_have(self):
        self.assertIn("batch-shared", self.error_of("demo", "--only", "batch-shred", code=2))


if __name__ == "__main__":
    unittest.main()
