"""The queue as a person sees it, with the real worker: stages, priorities, and a learning rate that changes on the way."""

import json
import math
import pathlib
import unittest

from ablate_program import TINY, AblateTest, assignments

LONG = {"train.steps": 100000, "log.scalars_every": 1, "checkpoint.every": 50, "validation.every": 100000}


class QueueTest(AblateTest):
    def launch(self, document, *options):
        file = self.folder / "experiment.json"
        file.write_text(json.dumps({"base": TINY, **document}))
        return self.json_of("launch", file, *options)

    def state(self, run):
        return self.json_of("show", run["id"])["status"]

    def rates(self, run):
        (tags,) = self.json_of("export", run["run"], "--tag", "lr").values()
        return {step: value for step, _, value in tags["lr"]}

    def test_a_learning_rate_changes_while_it_trains_and_stays_so_after_a_resume(self):
        (run,) = self.launch({"base": {**TINY, **LONG, "optimizer.lr": 0.01}})
        self.until(lambda: self.json_of("show", run["id"])["step"] > 5)
        self.assertIn("0.1x", self.ablate("lr", run["id"], "0.1x").stdout)
        folder = pathlib.Path(run["run"])
        self.until(lambda: "as was asked for" in (folder / "console.log").read_text())
        at = next(int(line.split(" from step ")[1].split()[0]) for line in (folder / "console.log").read_text().splitlines()
                  if "as was asked for (0.1x)" in line)
        self.until(lambda: self.json_of("show", run["id"])["step"] > at + 5)
        self.ablate("stop", run["id"])
        self.until(lambda: self.state(run) == "stopped")
        stopped = self.json_of("show", run["id"])["step"]
        self.ablate("resume", run["id"])
        self.until(lambda: self.json_of("show", run["id"])["step"] > stopped + 5)
        self.ablate("stop", run["id"])
        self.until(lambda: self.state(run) == "stopped")
        rates = self.rates(run)
        self.assertTrue(max(rates) > stopped > at > 1)
        for step, rate in rates.items():
            self.assertTrue(math.isclose(rate, 0.01 if step < at else 0.001, rel_tol=1e-6), f"{rate} at step {step}")

    def test_learning_rates_of_no_meaning_and_runs_that_are_over_are_refused(self):
        self.ablate("train", "--name", "over", *assignments())
        self.assertIn("completed", self.error_of("lr", "over", "0.1x", code=1))
        self.assertIn("a factor (0.1x)", self.error_of("lr", "over", "lower", code=2))
        self.assertIn("does not wait", self.error_of("priority", "over", "3", code=1))

    def test_stages_train_one_after_another_from_each_others_weights(self):
        runs = self.launch({"variants": [
            {"name": "fine", "set": {"train.steps": 3}, "after": "base", "from": "best"},
            {"name": "base"},
            {"name": "last", "set": {"train.steps": 3}, "after": "fine", "from": "last"}], "seeds": [1, 2]}, "--wait")
        self.assertEqual({run["status"] for run in runs}, {"completed"})
        by_name = {run["name"]: run for run in runs}
        for seed in (1, 2):
            base, fine, last = (by_name[f"{name}-s{seed}"] for name in ("base", "fine", "last"))
            self.assertEqual(fine["after"], {"run": base["id"], "from": "best"})
            for run, before in ((fine, base), (last, fine)):
                written = json.loads(pathlib.Path(run["run"], "run.json").read_text())
                self.assertTrue(written["parent"].startswith(before["run"] + "/checkpoints/"), written["parent"])
                self.assertEqual(written["config"]["init"]["from"], written["parent"])
                self.assertIn(written["parent"], pathlib.Path(run["run"], "console.log").read_text())

    def test_a_stage_waits_visibly_and_says_what_holds_it_up(self):
        base, fine = self.launch({"variants": [
            {"name": "base", "set": LONG}, {"name": "fine", "set": {"train.steps": 3}, "after": "base", "from": "last"}]})
        self.assertIn("queued after base", self.ablate("list").stdout)
        self.assertIn("queued after base", self.ablate("show", fine["id"]).stdout)
        self.until(lambda: self.json_of("show", base["id"])["step"] > 5)
        self.ablate("stop", base["id"])
        self.until(lambda: self.json_of("show", fine["id"])["waiting"])
        self.assertIn(f"ablate resume {base['id']}", self.json_of("show", fine["id"])["waiting"])
        file = self.folder / "late.json"
        file.write_text(json.dumps({"name": "late", "base": {"train": {"steps": 3}}}))
        late = self.ablate("launch", file, "--after", base["id"], "--wait", code=1)
        self.assertIn(f"ablate resume {base['id']}", late.stderr)
        steps = self.json_of("show", base["id"])["step"] + 3
        self.ablate("resume", base["id"], "--steps", steps)
        self.until(lambda: self.state(fine) == "completed")
        written = json.loads(pathlib.Path(fine["run"], "run.json").read_text())
        self.assertTrue(written["parent"].endswith(f"step-{steps:08}"))

    def test_an_experiment_comes_after_a_run(self):
        self.ablate("train", "--name", "first", *assignments())
        first = self.json_of("show", "first")
        (run,) = self.launch({"name": "second"}, "--after", "first", "--from", "best", "--wait")
        self.assertEqual(run["after"], {"run": first["id"], "from": "best"})
        self.assertTrue(json.loads(pathlib.Path(run["run"], "run.json").read_text())["parent"].startswith(first["run"]))

    def test_where_the_weights_to_begin_from_are_missing_it_says_so(self):
        self.ablate("train", "--name", "first", *assignments())
        file = self.folder / "second.json"
        file.write_text(json.dumps({"name": "second", "base": TINY}))
        self.ablate("launch", file, "--after", "first", "--from", "7", "--wait", code=1)
        run = self.json_of("show", "second")
        self.assertEqual(run["status"], "failed")
        self.assertRegex(run["error"], '"7"; there are those of step')

    def test_mistakes_make_no_folder(self):
        file = self.folder / "experiment.json"
        for variants, words in (([{"name": "a", "after": "b"}], "no variant"),
                                ([{"name": "a", "after": "b"}, {"name": "b", "after": "a"}], "circle")):
            file.write_text(json.dumps({"base": TINY, "variants": variants}))
            self.assertIn(words, self.error_of("launch", file, code=2))
        file.write_text(json.dumps({"base": TINY}))
        self.assertIn("--after", self.error_of("launch", file, "--from", "best", code=2))
        self.assertIn("no run", self.error_of("launch", file, "--after", "nobody", code=1))
        self.assertEqual(self.runs(), [])

    def test_a_priority_lets_a_run_start_before_others(self):
        (first,) = self.launch({"base": {**TINY, **LONG}}, "--slots", 1)
        (second,) = self.launch({"base": {**TINY, **LONG}})
        (third,) = self.launch({"base": {**TINY, **LONG}}, "--priority", 2)
        (fourth,) = self.launch({"base": {**TINY, **LONG}})
        self.ablate("priority", fourth["id"], 3)
        self.assertRegex(self.ablate("show", fourth["id"]).stdout, r"priority +3")
        for before, after in ((first, fourth), (fourth, third), (third, second)):
            self.until(lambda: self.state(before) == "running")
            self.ablate("stop", before["id"])
            self.until(lambda: self.state(after) == "running")


if __name__ == "__main__":
    unittest.main()
