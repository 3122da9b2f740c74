"""scripts/setup, where it can't do its work, and its second call."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ABLATE_SOURCE"])


def bare_path(folder, programs):
    """A PATH with these programs and nothing else."""
    for program in programs:
        os.symlink(shutil.which(program), pathlib.Path(folder) / program)
    return folder


class Setup(unittest.TestCase):
    def run_bare(self, programs, user=None):
        with tempfile.TemporaryDirectory() as tree, tempfile.TemporaryDirectory() as path:
            os.chmod(tree, 0o777)
            os.chmod(path, 0o755)
            shutil.copytree(SOURCE / "scripts", pathlib.Path(tree) / "scripts")
            return subprocess.run(
                [shutil.which("bash"), f"{tree}/scripts/setup"], env={"PATH": bare_path(path, programs)}, user=user,
                capture_output=True, text=True)

    def test_without_apt_it_names_each_missing_package(self):
        done = self.run_bare(["bash", "dirname", "mkdir", "grep"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("no apt-get here", done.stderr)
        for package in ("cmake", "libglfw3-dev", "libopencv-dev", "nlohmann-json3-dev"):
            self.assertIn(package, done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody without sudo")
    def test_without_root_and_sudo_it_says_what_an_administrator_should_run(self):
        done = self.run_bare(["bash", "dirname", "mkdir", "grep", "apt-get"], user=65534)
        self.assertEqual(done.returncode, 1)
        self.assertIn("ask an administrator to run: apt-get install", done.stderr)
        self.assertIn("libglfw3-dev", done.stderr)

    def test_a_second_call_installs_nothing(self):
        stamp = SOURCE / ".deps/venv/.ablate-stamp"
        before = stamp.stat().st_mtime_ns
        done = subprocess.run([SOURCE / "scripts/setup"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(stamp.stat().st_mtime_ns, before)


if __name__ == "__main__":
    unittest.main()
