"""Every command of the README's ```sh blocks, in order, as a newcomer would type them; and the make targets it names."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ABLATE_SOURCE"])


class Readme(unittest.TestCase):
    text = (SOURCE / "README.md").read_text()

    def test_every_shell_block_works_as_written(self):
        blocks = re.findall(r"```sh\n(.*?)```", self.text, re.S)
        self.assertGreaterEqual(len(blocks), 4)
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(SOURCE / "tests/gui/window.png", pathlib.Path(folder) / "photo.png")
            path = os.environ["ABLATE_BIN"] + os.pathsep + os.environ["PATH"]
            for block in blocks:
                done = subprocess.run(["bash", "-e", "-c", block], cwd=folder, env=dict(os.environ, PATH=path),
                                      capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")
            self.assertGreater((pathlib.Path(folder) / "window.png").stat().st_size, 10_000)
            self.assertTrue(list((pathlib.Path(folder) / "masks").iterdir()))

    def test_every_make_target_exists(self):
        makefile = (SOURCE / "Makefile").read_text()
        for target in re.findall(r"\bmake ([a-z-]+)", self.text):
            self.assertRegex(makefile, rf"(?m)^{target}:")

    def test_every_linked_file_exists(self):
        for target in re.findall(r"\]\(([^)#:]+)\)", self.text):
            self.assertTrue((SOURCE / target).exists(), target)


if __name__ == "__main__":
    unittest.main()
