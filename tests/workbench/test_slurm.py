"""`ablate` and its worker on a real Slurm of one node, as a person uses them."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import slurm_cluster
from ablate_program import BIN, SOURCE, TINY, AblateTest


@unittest.skipIf(os.geteuid(), "only root can start a Slurm")
class ClusterTest(AblateTest):
    @classmethod
    def setUpClass(cls):
        cls.cluster_folder = tempfile.TemporaryDirectory(prefix="ablate-slurm-")
        cls.addClassCleanup(cls.cluster_folder.cleanup)
        cls.cluster = slurm_cluster.SlurmCluster(cls.cluster_folder.name)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start(cores=8)

    def setUp(self):
        super().setUp()
        self.environment |= self.cluster.environment

    def experiment(self, vary=None, **changes):
        values = TINY | {key.replace("__", "."): value for key, value in changes.items()}
        file = self.folder / "norms.json"
        file.write_text(json.dumps({"name": "norms", "base": nested(values), "vary": vary or {}}))
        return file

    def launch_one(self, **changes):
        """A run so long that it has to be stopped, which has a checkpoint."""
        run = self.json_of("launch", self.experiment(train__steps=100000, checkpoint__every=5, **changes), "--launcher", "slurm")[0]
        self.until(lambda: self.checkpoints(run))
        return run

    def checkpoints(self, run):
        return sorted(pathlib.Path(run["run"]).glob("checkpoints/step-*/trainer.json"))

    def now(self, run):
        return self.json_of("show", run["id"])

    def finish(self, run):
        """Shortens it to what it has made, so that it completes when it goes on."""
        file = pathlib.Path(run["run"]) / "run.json"
        document = json.loads(file.read_text())
        document["config"]["train"]["steps"] = self.now(run)["step"] + 5
        file.write_text(json.dumps(document))


class SlurmTest(ClusterTest):
    def test_an_experiment_trains_as_one_array_job(self):
        file = self.experiment(vary={"model.norm": ["batch", "instance"]})
        runs = self.json_of("launch", file, "--launcher", "slurm", "--time", "5", "--mem", "1M", "--wait")
        self.assertEqual([run["status"] for run in runs], ["completed", "completed"], runs)
        self.assertEqual({run["launcher"] for run in runs}, {"slurm"})
        jobs = [run["job"] for run in runs]
        self.assertEqual([job.split("_")[1] for job in jobs], ["0", "1"])
        console = (pathlib.Path(runs[0]["run"]) / "console.log").read_text()
        self.assertIn("completed", console)
        self.assertIn(f"job   {jobs[0]}", self.ablate("show", runs[0]["id"]).stdout.replace("       ", " "))

    def test_a_stage_begins_from_the_weights_of_the_one_before(self):
        file = self.folder / "stages.json"
        file.write_text(json.dumps({"name": "stages", "base": nested(TINY), "variants": [
            {"name": "coarse"}, {"name": "fine", "after": "coarse", "from": "best"}]}))
        coarse, fine = self.json_of("launch", file, "--launcher", "slurm", "--wait")
        self.assertEqual([coarse["status"], fine["status"]], ["completed"] * 2, fine)
        begun_from = pathlib.Path(json.loads((pathlib.Path(fine["run"]) / "run.json").read_text())["config"]["init"]["from"])
        self.assertEqual(begun_from.parent.parent, pathlib.Path(coarse["run"]).resolve())

    def test_a_stage_waits_while_the_one_before_is_stopped_and_follows_when_that_is_resumed(self):
        file = self.folder / "stages.json"
        file.write_text(json.dumps({"name": "stages", "base": nested(TINY | {"checkpoint.every": 5}), "variants": [
            {"name": "coarse", "set": {"train.steps": 100000}}, {"name": "fine", "after": "coarse"}, {"name": "last", "after": "fine"}]}))
        coarse, fine, last = self.json_of("launch", file, "--launcher", "slurm")
        self.until(lambda: self.checkpoints(coarse))
        self.ablate("stop", coarse["id"])
        self.until(lambda: "the run that it comes after ended" in self.now(fine)["waiting"])
        self.finish(coarse)
        self.ablate("resume", coarse["id"])
        self.until(lambda: self.now(last)["status"] == "completed")
        self.assertEqual([self.now(run)["status"] for run in (coarse, fine)], ["completed"] * 2)

    def test_a_stopped_run_goes_back_to_the_cluster(self):
        run = self.launch_one()
        self.ablate("stop", run["id"])
        self.until(lambda: self.now(run)["status"] == "stopped")
        made = self.now(run)
        self.finish(run)
        self.ablate("resume", run["id"])
        self.until(lambda: self.now(run)["status"] == "completed")
        self.assertEqual(self.now(run)["launcher"], "slurm")
        self.assertNotEqual(self.now(run)["job"], made["job"])
        self.assertGreater(self.now(run)["step"], made["step"])

    def test_a_requeued_run_goes_on_from_the_checkpoint_that_it_left(self):
        run = self.launch_one()
        job = self.now(run)["job"]
        self.cluster.call("scontrol", "requeue", job)
        self.until(lambda: self.now(run)["status"] in ("interrupted", "queued"))
        left = int(self.checkpoints(run)[-1].parent.name.removeprefix("step-"))
        self.assertEqual(self.now(run)["step"], left, "its last step is in a checkpoint")
        self.finish(run)
        self.until(lambda: self.now(run)["status"] == "completed")
        self.assertEqual(self.now(run)["job"], job)
        self.assertEqual(self.now(run)["step"], left + 5)

    def test_a_cancelled_run_says_so_in_the_list(self):
        run = self.launch_one()
        self.cluster.call("scancel", self.now(run)["job"])
        self.until(lambda: self.now(run)["status"] == "stopped")
        self.assertIn("was cancelled in Slurm", self.ablate("list").stdout)

    def test_what_the_cluster_refuses_is_told_and_leaves_nothing(self):
        said = self.error_of("launch", self.experiment(), "--launcher", "slurm", "--partition", "nosuch", code=1)
        self.assertIn("invalid partition specified: nosuch", said)
        self.assertIn("ablate cluster", said)
        self.assertIn("no run is left", said)
        self.assertEqual(self.runs(), [])

    def test_a_run_that_waits_says_why(self):
        self.cluster.call("scontrol", "update", f"nodename={slurm_cluster.NODE}", "state=drain", "reason=repairs")
        try:
            run = self.json_of("launch", self.experiment(), "--launcher", "slurm")[0]
            self.until(lambda: "drained" in self.now(run)["waiting"])
            self.assertIn("drained", self.ablate("list").stdout)
            self.ablate("stop", run["id"])
            self.assertEqual(self.now(run)["status"], "stopped")
        finally:
            self.cluster.call("scontrol", "update", f"nodename={slurm_cluster.NODE}", "state=resume")

    def test_options_of_slurm_are_not_for_this_machine(self):
        self.assertIn("--launcher slurm", self.error_of("launch", self.experiment(), "--partition", "main", code=2))

    def test_the_cluster_is_checked_before_the_first_run(self):
        checks = {check["check"]: check for check in self.json_of("cluster")}
        self.assertIn("without a GPU unless there is --gres=gpu:1", checks.pop("partition")["words"])
        self.assertEqual({check["verdict"] for check in checks.values()}, {"ok"}, checks)
        self.assertIn("ablate-train runs there", checks["worker"]["words"])
        text = self.ablate("cluster", "--partition", "nosuch", code=1).stdout
        self.assertRegex(text, r"(?m)^ok +controller ")
        self.assertRegex(text, r"(?m)^wrong +partition +there is no nosuch")

    def test_a_controller_that_is_down_loses_nothing(self):
        run = self.launch_one()
        self.cluster.stop_controller()
        try:
            listed = self.ablate("list", "--json")
            self.assertIn("contact slurm controller", listed.stderr)
            self.assertEqual(json.loads(listed.stdout)[0]["status"], "running")
            self.ablate("stop", run["id"])
            self.until(lambda: json.loads((pathlib.Path(run["run"]) / "status.json").read_text())["status"] == "stopped")
        finally:
            self.cluster.start_controller()


    def test_the_readmes_commands_work_as_written(self):
        text = (SOURCE / "README.md").read_text()
        experiment = re.search(r"cat > norms.json .*?\nEND\n", text, re.S)[0]
        commands = re.search(r"```\n(ablate cluster .*?)```", text, re.S)[1]
        done = subprocess.run(["bash", "-c", experiment + commands], cwd=self.folder, capture_output=True, text=True,
                              env=self.environment | {"PATH": f"{BIN}{os.pathsep}{self.environment['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        wrong = re.findall(r"(?m)^wrong +(.*)", done.stdout)
        self.assertTrue(all("nvidia-smi shows no GPU there" in each for each in wrong), wrong)
        self.root = self.folder / "ablate-runs"
        self.until(lambda: [run["status"] for run in self.runs()] == ["completed"] * 3, seconds=180)
        self.assertEqual({run["launcher"] for run in self.runs()}, {"slurm"})


class TimeLimitTest(ClusterTest):
    """Slurm's shortest limit is a minute."""

    def test_a_run_out_of_time_leaves_a_checkpoint_and_says_what_to_do(self):
        run = self.json_of("launch", self.experiment(train__steps=1000000), "--launcher", "slurm", "--time", "1")[0]
        self.until(lambda: "ran into its time limit" in self.now(run)["error"], seconds=180)
        self.assertEqual(self.now(run)["status"], "interrupted")
        self.assertTrue(self.checkpoints(run))


def nested(values):
    document = {}
    for key, value in values.items():
        group, name = key.split(".")
        document.setdefault(group, {})[name] = value
    return document


if __name__ == "__main__":
    unittest.main()
