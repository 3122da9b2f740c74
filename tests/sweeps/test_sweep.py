"""`ablate sweep` with a worker that trains a formula: what the controller does, and that killing it loses nothing. Optuna itself
opens every journal."""
import collections
import json
import random
import subprocess
import time
import unittest

import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from ablate_program import BIN, AblateTest

optuna.logging.set_verbosity(optuna.logging.ERROR)

SWEEP = {
    "name": "lr",
    "base": {"train": {"steps": 20}, "validation": {"every": 5}},
    "space": {"optimizer.lr": {"type": "float", "low": 1e-5, "high": 1.0, "log": True}},
    "sampler": {"name": "random", "seed": 1},
    "objective": {"metric": "iou/val", "direction": "maximize", "take": "last"},
    "budget": {"trials": 6},
}

LONG = {"train": {"steps": 2000}, "validation": {"every": 5}}


class SweepTest(AblateTest):
    def setUp(self):
        super().setUp()
        self.environment["ABLATE_TRAIN"] = str(BIN / "trivial_worker")

    def file(self, **changes):
        sweep = SWEEP | changes
        path = self.folder / f"{sweep['name']}.json"
        path.write_text(json.dumps(sweep))
        return path

    def sweep(self, *words, code=0, environment=None, **changes):
        return self.ablate("sweep", "run", self.file(**changes), "--slots", 2, *words, code=code, environment=environment)

    def be_fast(self):
        """From here on no step takes time, also of workers that train, or that a queue starts which began before."""
        (self.root / "fast").touch()

    def show(self, name="lr"):
        return self.json_of("sweep", "show", name)

    def journal(self, name="lr"):
        return self.root / "sweeps" / name / "sweep.journal"

    def study(self, name="lr"):
        return optuna.load_study(study_name=name, storage=self.storage(name))

    def storage(self, name="lr"):
        return optuna.storages.JournalStorage(JournalFileBackend(str(self.journal(name))))

    def diary(self):
        lines = (self.root / "diary").read_text().splitlines()
        return collections.Counter(tuple(line.split()[:2]) for line in lines)

    def wait_for_controllers(self, name="lr"):
        self.until(lambda: self.show(name)["state"] in ("finished", "idle"), seconds=120)


class Sweep(SweepTest):
    def test_its_journal_is_optunas_with_the_same_trials_values_and_best(self):
        self.sweep()
        shown, study = self.show(), self.study()
        self.assertEqual(shown["state"], "finished")
        self.assertEqual(len(study.trials), 6)
        for ours, theirs in zip(shown["trials"], study.trials, strict=True):
            self.assertEqual(ours["state"], theirs.state.name)
            self.assertEqual(ours["params"], theirs.params)
            self.assertEqual(ours["values"], theirs.values)
            self.assertEqual({int(step): value for step, value in ours["intermediate"].items()}, theirs.intermediate_values)
            self.assertEqual(list(theirs.intermediate_values), [5, 10, 15, 20])
            self.assertEqual(ours["run"], theirs.user_attrs["run"])
            run = self.json_of("show", ours["run"])
            self.assertEqual(run["config"]["optimizer"]["lr"], theirs.params["optimizer.lr"])
            self.assertEqual(run["metrics"]["iou/val"], theirs.value)
            self.assertGreater(theirs.duration.total_seconds(), 0)
        self.assertEqual(shown["best"], [study.best_trial.number])

    def test_the_same_seed_proposes_the_same(self):
        self.sweep(name="a")
        self.sweep(name="b")
        self.assertEqual([t["params"] for t in self.show("a")["trials"]], [t["params"] for t in self.show("b")["trials"]])

    def test_more_trials_can_be_added(self):
        self.sweep()
        self.ablate("sweep", "add", "lr", 2)
        self.assertEqual(len(self.study().trials), 8)
        self.assertIn("raised to 8 trials", self.sweep().stderr)
        self.assertEqual(json.loads((self.journal().parent / "sweep.json").read_text())["budget"], {"trials": 8})
        self.assertEqual(self.show()["state"], "finished")

    def test_a_trial_whose_worker_dies_goes_on_from_its_checkpoint(self):
        self.sweep(environment={"TRIVIAL_DIES_AT": "12"}, budget={"trials": 2})
        for trial in self.study().trials:
            self.assertEqual(trial.state, TrialState.COMPLETE)
            self.assertEqual(trial.user_attrs["resumed"], 1)
            self.assertEqual(list(trial.intermediate_values), [5, 10, 15, 20])
        self.assertEqual(len(self.runs()), 2)

    def test_one_without_a_checkpoint_fails_and_is_tried_again_so_often(self):
        dying = {"TRIVIAL_DIES_AT": "3", "TRIVIAL_CHECKPOINTS": "0"}
        self.sweep(environment=dying, budget={"trials": 1}, retries=2, code=1)
        trials = self.study().trials
        self.assertEqual([t.state for t in trials], [TrialState.FAIL] * 3)
        self.assertEqual([t.params for t in trials], [trials[0].params] * 3)
        self.assertEqual(trials[2].system_attrs["failed_trial"], 0)
        self.assertEqual(trials[2].system_attrs["retry_history"], [0, 1])
        self.assertIn("killed", trials[0].user_attrs["error"])

    def test_where_everything_fails_it_gives_up_whoever_goes_on_with_it(self):
        self.environment["TRIVIAL_FAILS"] = "no pictures there"
        said = self.sweep(name="bad", budget={"trials": 50}, code=1).stderr
        self.assertEqual(said.count("The last 5 trials failed"), 1)
        shown = self.show("bad")
        self.assertEqual(shown["state"], "idle")
        self.assertRegex(shown["problem"], r"ablate sweep resume \S*\bbad")
        self.assertEqual({t["error"] for t in shown["trials"] if t["state"] == "FAIL"}, {"no pictures there"})
        self.assertLess(len(shown["trials"]), 12)
        self.ablate("sweep", "resume", "bad", code=1)
        self.assertGreater(len(self.show("bad")["trials"]), len(shown["trials"]))

    def test_one_whose_trials_have_all_failed_is_no_success_when_its_budget_is_used_up(self):
        self.environment["TRIVIAL_FAILS"] = "no pictures there"
        said = self.sweep(budget={"trials": 1}, retries=0, code=1).stderr
        self.assertIn("All trials failed (1), the newest with: no pictures there", said)
        self.assertEqual(said.count("ablate sweep add runs/sweeps/lr N"), 1)
        self.assertEqual(self.show()["state"], "finished")
        self.assertIn("All trials failed", self.ablate("sweep", "resume", "lr", code=1).stderr)

    def test_an_unlucky_combination_is_told_and_the_sweep_goes_on(self):
        space = {"model.norm": {"type": "categorical", "choices": ["group"]},
                 "model.norm_groups": {"type": "categorical", "choices": [4, 3]}}
        base = {"train": {"steps": 5}, "validation": {"every": 5}, "model": {"channels": 4}}
        self.assertRegex(self.sweep(space=space, sampler="grid", base=base).stderr, "trial [01]: .*3 groups don't divide")
        shown = {t["params"]["model.norm_groups"]: t for t in self.show()["trials"]}
        self.assertEqual([shown[groups]["state"] for groups in (4, 3)], ["COMPLETE", "FAIL"])
        self.assertIn("3 groups don't divide", shown[3]["error"])

    def test_a_grid_ends_by_itself(self):
        space = {"optimizer.lr": {"type": "categorical", "choices": [0.1, 0.01, 0.001]},
                 "model.norm": {"type": "categorical", "choices": ["batch", "group"]},
                 "model.norm_groups": {"type": "int", "low": 1, "high": 2}}
        self.sweep(space=space, sampler={"name": "grid"}, budget={})
        trials = self.study().trials
        self.assertEqual(len(trials), 9)  # Batch norm has no groups.
        self.assertEqual(len({json.dumps(t.params, sort_keys=True) for t in trials}), 9)
        self.assertEqual(self.study().best_params["optimizer.lr"], 0.01)
        self.assertEqual(self.show()["problem"], "")
        self.assertIn("there is none to add", self.error_of("sweep", "add", "lr", 3, code=1))

    def test_a_grid_smaller_than_its_budget_says_so_and_takes_no_more(self):
        grid = {"space": {"optimizer.lr": {"type": "categorical", "choices": [0.1, 0.01]}}, "sampler": {"name": "grid"}}
        said = self.sweep(budget={"trials": 10}, **grid)
        self.assertIn("all 2 combinations of the search space were tried", said.stdout + said.stderr)
        self.assertIn("Ended early: all 2 combinations", self.show()["problem"])
        self.assertEqual((said.stdout + said.stderr).count("Ended early"), 1)
        again = self.ablate("sweep", "resume", "lr")
        self.assertNotIn("sweep add", again.stdout + again.stderr)
        self.assertIn("there is none to add", self.error_of("sweep", "add", "lr", 3, code=1))
        self.assertEqual(json.loads((self.journal().parent / "sweep.json").read_text())["budget"]["trials"], 10)

    def test_a_key_may_hang_on_a_whole_number(self):
        self.sweep(space={"model.depth": {"type": "int", "low": 1, "high": 3},
                          "model.norm": {"type": "categorical", "choices": ["batch", "none"], "when": {"model.depth": [2]}}},
                   sampler={"name": "grid"}, budget={})
        self.assertEqual(sorted(json.dumps(t.params, sort_keys=True) for t in self.study().trials),
                         ['{"model.depth": 1}', '{"model.depth": 2, "model.norm": "batch"}', '{"model.depth": 2, "model.norm": "none"}',
                          '{"model.depth": 3}'])

    def test_several_objectives_have_a_front(self):
        objective = [{"metric": "iou/val"}, {"metric": "lr", "direction": "minimize"}]
        self.sweep(objective=objective, budget={"trials": 12})
        self.assertGreater(len(self.show()["best"]), 1)
        self.assertEqual(self.show()["best"], sorted(trial.number for trial in self.study().best_trials))

    def test_a_metric_that_is_never_logged_is_told(self):
        self.sweep(objective={"metric": "loss/val"}, budget={"trials": 1}, code=1)
        self.assertEqual(self.show()["trials"][0]["error"], "loss/val was never logged")

    def test_one_that_is_stopped_stops_for_those_who_follow_it_too(self):
        self.environment["TRIVIAL_STEP_MS"] = "20"
        first = self.start("sweep", "run", self.file(base=LONG, budget={"trials": 2}), "--slots", "2")
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0 and self.show()["trials"])
        second = self.start("sweep", "resume", "lr")
        self.assertIn("is led already", second.stderr.readline())
        self.ablate("sweep", "stop", "lr")
        self.assertEqual([first.wait(30), second.wait(30)], [0, 0])
        self.assertEqual({run["status"] for run in self.runs()}, {"stopped"})

    def test_who_asks_one_that_nobody_leads_to_pause_or_stop_is_told(self):
        self.sweep(budget={"trials": 1})
        self.assertIn("lr has finished", self.ablate("sweep", "pause", "lr").stderr)
        self.assertIn("lr has finished", self.ablate("sweep", "stop", "lr").stderr)

    def test_it_pauses_and_goes_on(self):
        self.environment["TRIVIAL_STEP_MS"] = "20"
        self.start("sweep", "run", self.file(budget={"trials": 30}), "--slots", "2")
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0 and len(self.show()["trials"]) >= 3)
        self.ablate("sweep", "pause", "lr")
        self.until(lambda: all(t["state"] == "COMPLETE" for t in self.show()["trials"]))
        count = len(self.show()["trials"])
        self.assertLess(count, 30)
        self.assertEqual(self.show()["state"], "paused")
        self.ablate("sweep", "resume", "lr", "--detach")
        self.until(lambda: len(self.show()["trials"]) > count)
        self.ablate("sweep", "stop", "lr")
        self.wait_for_controllers()

    def test_stopped_trials_go_on_where_they_were(self):
        self.environment["TRIVIAL_STEP_MS"] = "20"
        process = self.start("sweep", "run", self.file(base=LONG, budget={"trials": 2}), "--slots", "2")
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0 and len(self.show()["trials"]) == 2
                   and all(t["intermediate"] for t in self.show()["trials"]))
        self.ablate("sweep", "stop", "lr")
        self.assertEqual(process.wait(30), 0)
        self.assertEqual({run["status"] for run in self.runs()}, {"stopped"})
        self.assertEqual({t["state"] for t in self.show()["trials"]}, {"RUNNING"})
        self.assertEqual({t["run_status"] for t in self.show()["trials"]}, {"stopped"})
        shown = self.ablate("sweep", "show", "lr").stdout
        self.assertRegex(shown, "(?m)^ +0 +stopped ")
        self.assertNotIn("running", shown.lower())
        self.assertEqual(self.ablate("sweep", "show", "lr").stdout, shown)
        self.assertIn("nobody leads it", shown)
        self.be_fast()
        self.ablate("sweep", "resume", "lr")
        self.assertEqual({t["state"] for t in self.show()["trials"]}, {"COMPLETE"})
        self.assertEqual(len(self.runs()), 2)

    def test_a_killed_trial_keeps_what_it_reported(self):
        self.environment["TRIVIAL_STEP_MS"] = "20"
        process = self.start("sweep", "run", self.file(base=LONG, budget={"trials": 1}), "--slots", "1")
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0 and self.show()["trials"]
                   and self.show()["trials"][0]["intermediate"])
        self.ablate("sweep", "kill", "lr", 0)
        self.assertEqual(process.wait(30), 0)
        trial = self.study().trials[0]
        self.assertEqual(trial.state, TrialState.PRUNED)
        self.assertEqual(trial.value, list(trial.intermediate_values.values())[-1])
        self.assertEqual(self.runs()[0]["status"], "pruned")
        self.assertIn("is over", self.error_of("sweep", "kill", "lr", 0, code=1))

    def test_a_second_controller_follows_and_takes_over(self):
        self.environment["TRIVIAL_STEP_MS"] = "10"
        first = self.start("sweep", "run", self.file(budget={"trials": 30}), "--slots", "2")
        self.until(lambda: self.call("sweep", "show", "lr").returncode == 0 and self.show()["trials"])
        second = self.start("sweep", "resume", "lr", "--slots", "2")
        self.assertIn("is led already", second.stderr.readline())
        first.kill()
        self.assertEqual(second.wait(60), 0)
        self.assertEqual([t.state for t in self.study().trials], [TrialState.COMPLETE] * 30)
        self.assertEqual(set(self.diary().values()), {1})


class Pruned(SweepTest):
    def halving(self, step_ms=2, **changes):
        self.environment["TRIVIAL_STEP_MS"] = str(step_ms)
        return self.sweep(**{"base": {"train": {"steps": 90}, "validation": {"every": 5}}, "budget": {"trials": 12},
                             "pruner": {"name": "asha", "min_resource": 10, "reduction_factor": 3}} | changes)

    def test_halving_lets_trials_wait_and_continues_the_good_ones(self):
        result = self.halving()
        trials = self.study().trials
        shown = self.show()["trials"]
        self.assertEqual(len(trials), 12)
        states = collections.Counter(t.state for t in trials)
        self.assertEqual(set(states), {TrialState.COMPLETE, TrialState.PRUNED})
        self.assertGreater(states[TrialState.PRUNED], 3)
        self.assertIn("waits at step 10", result.stderr)
        for trial in trials:
            run = self.json_of("show", trial.user_attrs["run"])
            steps = list(trial.intermediate_values)
            self.assertEqual(steps, sorted(set(steps)))
            if trial.state == TrialState.COMPLETE:
                self.assertEqual(run["status"], "completed")
                self.assertEqual(steps, list(range(5, 91, 5)))
            else:
                self.assertEqual(run["status"], "pruned")
                self.assertEqual(trial.value, trial.intermediate_values[steps[-1]])
            self.assertLessEqual(self.diary()["end", run["id"]], 1)
            self.assertEqual(shown[trial.number]["training_seconds"], run["step"])  # A second each, whatever it waited for.
        went_on = [line for line in result.stderr.splitlines() if "goes on" in line]
        starts = sum(count for (word, _), count in self.diary().items() if word == "start")
        self.assertEqual(starts, 12 + len(went_on))
        self.assertGreaterEqual(self.study().best_value, max(t.value for t in trials if t.state == TrialState.PRUNED))

    def test_a_median_pruner_stops_trials_at_once(self):
        self.halving(step_ms=10, pruner={"name": "median", "n_startup_trials": 3}, budget={"trials": 10})
        pruned = [t for t in self.study().trials if t.state == TrialState.PRUNED]
        self.assertTrue(all(max(trial.intermediate_values) < 90 for trial in pruned))
        # One whose last steps were quicker than the verdict is completed.
        self.assertIn("pruned", [self.json_of("show", trial.user_attrs["run"])["status"] for trial in pruned])

    def test_hyperband_ends(self):
        self.halving(pruner={"name": "hyperband", "min_resource": 10, "reduction_factor": 3})
        self.assertTrue(all(t.state in (TrialState.COMPLETE, TrialState.PRUNED) for t in self.study().trials))


class Kills(SweepTest):
    def controller(self):
        file = self.journal().parent / "controller.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def kill_often(self, times, trials, seed):
        """Kills the controller at random moments, `times` times, and starts it again each time."""
        rng = random.Random(seed)
        self.environment["TRIVIAL_STEP_MS"] = "3"
        words = ("sweep", "run", self.file(budget={"trials": trials}), "--slots", "2")
        kills = 0
        while kills < times:
            process = self.start(*words)
            if kills % 2:  # Half of them once it leads, the others wherever it is.
                self.until(lambda: "process" in self.controller() and self.controller()["process"] == process.pid or process.poll() is not None)
            # The random moment is the test.
            time.sleep(rng.uniform(0.0, 0.25))
            if process.poll() is None:
                kills += 1
            process.kill()
            process.communicate()
            if self.journal().exists() and len(self.study().trials) >= trials:
                trials += 20  # There has to be something left to do.
                words = ("sweep", "run", self.file(budget={"trials": trials}), "--slots", "2")
        self.ablate(*words, timeout=300)
        study = self.study()
        self.assertEqual([t.state for t in study.trials], [TrialState.COMPLETE] * trials)
        self.assertEqual(len({t.user_attrs["run"] for t in study.trials}), trials)
        self.assertEqual(sorted(t.user_attrs["run"] for t in study.trials), sorted(run["id"] for run in self.runs()))
        self.assertEqual(len({json.dumps(t.params) for t in study.trials}), trials)
        diary = self.diary()
        for trial in study.trials:
            self.assertEqual([diary[word, trial.user_attrs["run"]] for word in ("start", "end")], [1, 1])
            self.assertEqual(list(trial.intermediate_values), [5, 10, 15, 20])
        self.until(lambda: not any(
            str(self.root) in line and "trivial_worker" in line
            for line in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout.splitlines()))

    def test_killed_ten_times_at_random_moments_nothing_is_lost(self):
        self.kill_often(10, 20, seed=1)

    def test_killed_a_hundred_times_at_random_moments_nothing_is_lost(self):
        self.kill_often(100, 100, seed=2)


if __name__ == "__main__":
    unittest.main()
