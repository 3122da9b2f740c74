"""Every command of the README's ```sh blocks, in order, as a newcomer would type them; and the make targets it names."""
import os
import re
import shutil
import subprocess
import unittest

from ablate_program import BIN, SOURCE, AblateTest


class Readme(AblateTest):
    text = (SOURCE / "README.md").read_text()

    def test_every_shell_block_works_as_written(self):
        blocks = re.findall(r"```sh\n(.*?)```", self.text, re.S)
        self.assertGreaterEqual(len(blocks), 4)
        self.root = self.folder / "ablate-runs"
        shutil.copy(SOURCE / "tests/gui/window.png", self.folder / "photo.png")
        environment = dict(self.environment, PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}")
        for block in blocks:
            done = subprocess.run(["bash", "-e", "-c", block], cwd=self.folder, env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")
        self.assertGreater((self.folder / "window.png").stat().st_size, 10_000)
        self.assertTrue(list((self.folder / "masks").iterdir()))

    def test_every_make_target_exists(self):
        makefile = (SOURCE / "Makefile").read_text()
        for target in re.findall(r"\bmake ([a-z-]+)", self.text):
            self.assertRegex(makefile, rf"(?m)^{target}:")

    def test_every_linked_file_exists(self):
        for target in re.findall(r"\]\(([^)#:]+)\)", self.text):
            self.assertTrue((SOURCE / target).exists(), target)


if __name__ == "__main__":
    unittest.main()
