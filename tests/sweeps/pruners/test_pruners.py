"""Verdicts on reports, one by one, against Optuna's own pruners."""
import json
import math
import os
import random
import subprocess
import unittest

import optuna
from optuna import pruners
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)


def recorded(rng, name, direction, pruner, total_steps, obey, gaps):
    """Trials that report at the same time, as Optuna saw them: events, and whether it pruned at each report."""
    study = optuna.create_study(study_name=name, direction=direction, pruner=pruner)
    events, pruned, running, levels, steps = [], [], [], [], []
    while len(levels) < 30 or running:
        if len(levels) < 30 and len(running) < 6:
            running.append((study.ask(), rng.choice(gaps)))
            levels.append(rng.choice([0, 1, rng.random()]))
            steps.append(-1)
        trial, gap = rng.choice(running)
        steps[trial.number] += rng.randint(1, gap)
        step = steps[trial.number]
        if step >= total_steps:
            state = rng.choice([TrialState.COMPLETE, TrialState.COMPLETE, TrialState.FAIL])
            study.tell(trial, 0.5 if state == TrialState.COMPLETE else None, state=state)
            events.append([trial.number, state.value])
        else:
            value = levels[trial.number] + rng.choice([0, rng.gauss(0, 0.3)])
            value = rng.choices([value, round(value, 1), math.nan, math.inf, -math.inf], [60, 30, 6, 2, 2])[0]
            trial.report(value, step)
            events.append([trial.number, step, value])
            pruned.append(trial.should_prune())
            if not (pruned[-1] and obey):
                continue
            study.tell(trial, state=TrialState.PRUNED)
            events.append([trial.number, TrialState.PRUNED.value])
        running = [each for each in running if each[0].number != trial.number]
    return events, pruned


class Pruners(unittest.TestCase):
    def compare(self, ours, theirs, total_steps=60, gaps=(1, 3, 8), pauses=False, obey=(True, False)):
        seen = set()
        for seed in range(2):
            rng = random.Random(seed)
            for direction in ("minimize", "maximize"):
                name, obeys = f"study {seed}", obey[seed % len(obey)]
                events, wanted = recorded(rng, name, direction, theirs, total_steps, obeys, gaps)
                asked = {"pruner": ours, "total_steps": total_steps, "study": name, "direction": 1 if direction == "minimize" else 2, "events": events}
                done = subprocess.run([os.path.join(os.environ["ABLATE_BIN"], "pruner_verdicts")], input=json.dumps(asked), capture_output=True, text=True,
                                      check=True)
                reports = [event for event in events if len(event) == 3]
                for event, verdict, prune in zip(reports, json.loads(done.stdout), wanted, strict=True):
                    stop = "pause" if pauses and not math.isnan(event[2]) else "prune"
                    self.assertEqual(verdict, stop if prune else "go on", (seed, direction, event))
                seen.update(wanted)
        self.assertEqual(seen, {True, False})

    def test_median(self):
        self.compare({"name": "median"}, pruners.MedianPruner())
        self.compare({"name": "median", "n_startup_trials": 0, "n_warmup_steps": 10, "interval_steps": 7, "n_min_trials": 3},
                     pruners.MedianPruner(0, 10, 7, n_min_trials=3))

    def test_percentile(self):
        for percentile in (0, 12.5, 25, 80, 100):
            self.compare({"name": "median", "percentile": percentile, "n_startup_trials": 1}, pruners.PercentilePruner(percentile, 1))

    def test_patience(self):
        for patience, min_delta in ((0, 0), (2, 0), (5, 0.1)):
            self.compare({"name": "patience", "patience": patience, "min_delta": min_delta}, pruners.PatientPruner(None, patience, min_delta))

    def test_patience_before_median(self):
        self.compare({"name": "patience", "patience": 2, "pruner": {"name": "median"}}, pruners.PatientPruner(pruners.MedianPruner(), 2))

    # A trial that Optuna has pruned stops, as ours does. No report passes two rungs: only those that leave the first count at the second in Optuna.
    def test_asha(self):
        for factor, least, rate, bootstrap in ((4, 1, 0, 0), (2, 3, 1, 0), (3, 2, 0, 2), (10, 1, 0, 5)):
            self.compare({"name": "asha", "reduction_factor": factor, "min_resource": least, "min_early_stopping_rate": rate, "bootstrap_count": bootstrap},
                         pruners.SuccessiveHalvingPruner(least, factor, rate, bootstrap), gaps=(1, least * (factor - 1)), pauses=True, obey=(True,))

    def test_hyperband(self):
        for factor, least, total in ((3, 1, 60), (2, 5, 81), (3, 1, 243), (10, 1, 100)):
            self.compare({"name": "hyperband", "reduction_factor": factor, "min_resource": least}, pruners.HyperbandPruner(least, total, factor),
                         total_steps=total, gaps=(1, least * (factor - 1)), pauses=True, obey=(True,))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
