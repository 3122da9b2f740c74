"""Sweeps whose trials are jobs of a real Slurm of one node."""
import os
import tempfile
import unittest

from optuna.trial import TrialState

import slurm_cluster
from test_sweep import SweepTest


@unittest.skipIf(os.geteuid(), "only root can start a Slurm")
class ClusterTest(SweepTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ablate-slurm-")
        cls.addClassCleanup(folder.cleanup)
        cls.cluster = slurm_cluster.SlurmCluster(folder.name)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()

    def setUp(self):
        super().setUp()
        self.environment |= self.cluster.environment


class OnACluster(ClusterTest):
    def run_of(self, trial):
        return self.json_of("show", trial.user_attrs["run"])

    def test_every_trial_is_a_job_and_those_that_wait_at_a_rung_go_on_as_another(self):
        self.environment["TRIVIAL_STEP_MS"] = "10"
        # The first six wait in any case, and the best of them goes on.
        result = self.sweep("--launcher", "slurm", base={"train": {"steps": 90}, "validation": {"every": 5}}, budget={"trials": 8},
                            pruner={"name": "asha", "min_resource": 30, "reduction_factor": 3, "bootstrap_count": 6})
        trials = self.study().trials
        self.assertEqual({trial.state for trial in trials}, {TrialState.COMPLETE, TrialState.PRUNED})
        runs = [self.run_of(trial) for trial in trials]
        self.assertEqual({run["launcher"] for run in runs}, {"slurm"})
        self.assertEqual(len({run["job"] for run in runs}), 8)
        self.assertIn("goes on", result.stderr)
        self.assertEqual(self.cluster.call("squeue", "--noheader"), "")

    def test_a_trial_that_is_requeued_goes_on_and_one_that_is_killed_leaves_the_cluster(self):
        self.environment["TRIVIAL_STEP_MS"] = "50"
        process = self.start("sweep", "run", self.file(base={"train": {"steps": 200}, "validation": {"every": 5}}, budget={"trials": 2}),
                             "--launcher", "slurm", "--slots", 2)
        self.until(lambda: self.journal().exists() and len(self.study().trials) == 2
                   and all(trial.intermediate_values for trial in self.study().trials), seconds=60)
        first, second = self.study().trials
        jobs = [self.run_of(trial)["job"] for trial in (first, second)]
        self.assertEqual([job.split("_")[1] for job in jobs], ["0", "1"], "one array job")
        self.cluster.call("scontrol", "requeue", jobs[0])
        self.ablate("sweep", "kill", "lr", second.number)
        self.assertEqual(process.wait(120), 0)
        first, second = self.study().trials
        self.assertEqual((first.state, second.state), (TrialState.COMPLETE, TrialState.PRUNED))
        self.assertEqual(list(first.intermediate_values), list(range(5, 201, 5)))
        self.assertEqual(self.diary()["start", first.user_attrs["run"]], 2)
        self.assertEqual(self.run_of(second)["status"], "pruned")
        self.assertEqual(self.cluster.call("squeue", "--noheader"), "")

    def test_while_no_node_takes_jobs_it_says_so(self):
        node = f"nodename={slurm_cluster.NODE}"
        self.cluster.call("scontrol", "update", node, "state=drain", "reason=repairs")
        try:
            process = self.start("sweep", "run", self.file(budget={"trials": 2}), "--launcher", "slurm")
            self.until(lambda: self.journal().exists() and "drained" in self.show()["problem"], seconds=60)
        finally:
            self.cluster.repair_node()
        self.assertEqual(process.wait(120), 0)
        self.assertEqual(self.show()["problem"], "")

    def test_what_the_cluster_refuses_from_the_start_ends_it(self):
        said = self.sweep("--launcher", "slurm", "--partition", "nosuch", code=1).stderr
        self.assertIn("invalid partition specified: nosuch", said)
        self.assertRegex(said, r"ablate sweep resume \S*\blr")
        self.ablate("sweep", "resume", "lr", "--launcher", "slurm", "--slots", 2)
        self.assertEqual({t["state"] for t in self.show()["trials"]}, {"COMPLETE"})

    def test_while_the_controller_of_the_cluster_is_down_it_says_so_and_goes_on_later(self):
        self.environment["TRIVIAL_STEP_MS"] = "20"
        process = self.start("sweep", "run", self.file(base={"train": {"steps": 100}, "validation": {"every": 10}}, budget={"trials": 3}),
                             "--launcher", "slurm", "--slots", 1)
        self.until(lambda: self.journal().exists() and self.study().trials and self.study().trials[0].intermediate_values, seconds=60)
        self.cluster.stop_controller()
        self.until(lambda: "slurm controller" in self.show()["problem"], seconds=120)
        self.cluster.start_controller()
        self.assertEqual(process.wait(180), 0)
        self.assertEqual([trial.state for trial in self.study().trials], [TrialState.COMPLETE] * 3)
        self.assertEqual(set(self.diary().values()), {1})


class OutOfTime(ClusterTest):
    """Slurm's shortest limit is a minute, which it looks at every half."""

    def test_a_trial_out_of_time_goes_on_as_another_job_as_often_as_that_helps(self):
        self.environment["TRIVIAL_STEP_MS"] = "1000"
        self.ablate("sweep", "run", self.file(base={"train": {"steps": 200}, "validation": {"every": 10}}, budget={"trials": 1}, retries=1),
                    "--launcher", "slurm", "--time", "1", timeout=500)
        trial, = self.study().trials
        self.assertEqual(trial.state, TrialState.COMPLETE)
        self.assertEqual(list(trial.intermediate_values), list(range(10, 201, 10)))
        self.assertGreaterEqual(self.diary()["start", trial.user_attrs["run"]], 3)


if __name__ == "__main__":
    unittest.main()
