"""A bundle is small, builds from what is in it and PyTorch alone, and trains a run to its end."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ABLATE_SOURCE"])
ELSEWHERE = ("/usr/include/nlohmann", "/usr/include/fmt", "/usr/include/opencv", "/usr/include/CLI", "/usr/include/re2", "/usr/include/GLFW")


class Bundle(unittest.TestCase):
    def test_a_bundle_builds_and_trains_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            packed = pathlib.Path(folder, "bundle.tar.gz")
            subprocess.run([SOURCE / "scripts/gpu-bundle", packed], check=True)
            self.assertLess(packed.stat().st_size, 60e6)
            subprocess.run(["tar", "xzf", packed, "-C", folder], check=True)
            bundle = pathlib.Path(folder, "ablate-gpu")
            done = subprocess.run([bundle / "measure", "--device", "cpu", "--size", "32", "--channels", "4", "--seconds", "1", "--steps", "20"],
                                  env=os.environ | {"PYTHON": sys.executable}, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("| 4 channels, 32², bf16 |", done.stdout)
            self.assertIn("step 20/20", done.stdout)
            used = subprocess.run(["ninja", "-C", bundle / "build", "-t", "deps"], check=True, capture_output=True, text=True).stdout
            self.assertIn("headers/nlohmann", used)
            for place in (*ELSEWHERE, str(SOURCE / "runs"), str(SOURCE / "experiments")):
                self.assertNotIn(place, used)


if __name__ == "__main__":
    unittest.main()
