"""The story on real photographs, seed by seed: separate norms are right in both modes, shared ones in train mode only."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

WORKER = pathlib.Path(os.environ["ABLATE_BIN"]) / "ablate-train"
PORTRAITS = pathlib.Path(os.environ["ABLATE_SOURCE"]).parent / "shared/data/portraits"


class Portraits(unittest.TestCase):
    def setUp(self):
        if not PORTRAITS.is_dir():
            if os.environ.get("CI") == "true":
                self.fail(f"{PORTRAITS} is not there")
            self.skipTest(f"{PORTRAITS} is not there")

    def trained(self, root, seed, sharing, size, steps):
        folder = root / f"{sharing}-{seed}"
        folder.mkdir()
        config = {"data": {"dataset": "folder", "path": str(PORTRAITS), "size": size, "held_out": 48}, "model": {"channels": 8, "norm_sharing": sharing},
                  "train": {"steps": steps, "batch_size": 16, "seed": seed, "device": "cpu", "threads": 1}}
        (folder / "run.json").write_text(json.dumps({"format": 1, "config": config}))
        subprocess.run([WORKER, "run", folder], check=True, stdout=subprocess.DEVNULL)
        metrics = json.loads((folder / "status.json").read_text())["metrics"]
        findings = json.loads((folder / "findings.json").read_text())["findings"]
        return metrics["iou/val_eval"], metrics["iou/val_train_mode"], findings

    def check(self, seed, size, steps):
        with tempfile.TemporaryDirectory() as folder:
            evaluated, in_train_mode, findings = self.trained(pathlib.Path(folder), seed, "none", size, steps)
            print(f"seed {seed} separate: eval {evaluated:.3f}, train mode {in_train_mode:.3f}", flush=True)
            self.assertGreaterEqual(evaluated, 0.82)
            self.assertGreaterEqual(in_train_mode, 0.82)
            self.assertNotIn("shared-norm", [finding["cause"] for finding in findings])
            evaluated, in_train_mode, findings = self.trained(pathlib.Path(folder), seed, "block", size, steps)
            print(f"seed {seed} shared: eval {evaluated:.3f}, train mode {in_train_mode:.3f}", flush=True)
            self.assertGreaterEqual(in_train_mode, 0.82)
            self.assertGreaterEqual(in_train_mode - evaluated, 0.15)
            self.assertEqual([finding["cause"] for finding in findings], ["shared-norm"])

    def test_sharing_norms_breaks_eval_mode_and_the_doctor_says_so(self):
        self.check(seed=1, size=[64, 48], steps=300)

    def test_other_seeds_tell_the_same(self):
        for seed in (2, 3):
            with self.subTest(seed=seed):
                self.check(seed, size=[96, 64], steps=400)


if __name__ == "__main__":
    unittest.main()
