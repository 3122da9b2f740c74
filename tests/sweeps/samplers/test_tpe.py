"""What TPE takes for good, and its densities, against Optuna's TPESampler itself, over the same journal."""
import json
import unittest
import unittest.mock
import warnings

import numpy as np
import optuna
from optuna.distributions import distribution_to_json
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.search_space.group_decomposed import _GroupDecomposedSearchSpace
from optuna.trial import TrialState

from optuna_journal import KINDS, JournalTest, draw

warnings.simplefilter("ignore")
argsort = np.argsort


class Tpe(JournalTest):
    def study(self, space, count, directions=("minimize",), states=(TrialState.COMPLETE,), present=lambda key, params: True, whole=False, infeasible=0.1):
        study = optuna.create_study(storage=self.storage, directions=directions)
        for _ in range(count):
            params = {}
            for key, distribution in space.items():
                if present(key, params):
                    params[key], _ = draw(self.rng, distribution)
            state = states[self.rng.integers(len(states))]
            values = [float(self.rng.integers(6)) if whole else self.rng.standard_normal() for _ in directions]
            attrs = {"constraints": [float(self.rng.integers(1, 4)) if self.rng.random() < infeasible else -1.0]}
            reports = {int(step): [float("nan"), 1.0, self.rng.standard_normal()][self.rng.integers(3)]
                       for step in self.rng.integers(1, 4, size=self.rng.integers(3))} if state == TrialState.PRUNED else {}
            study.add_trial(optuna.trial.create_trial(state=state, params=params, distributions={key: space[key] for key in params},
                                                      values=values if state == TrialState.COMPLETE else None,
                                                      intermediate_values=reports, system_attrs=attrs))
        return study

    def compare(self, study, space, blocks, constant_liar=True):
        candidates = [{key: [draw(self.rng, space[key])[0] for _ in range(12)] for key in block} for block in blocks]
        internal = [{key: np.array([space[key].to_internal_repr(value) for value in values], dtype=float) for key, values in each.items()}
                    for each in candidates]
        asked = {"space": {key: distribution_to_json(distribution) for key, distribution in space.items()}, "constant_liar": constant_liar,
                 "blocks": [{"keys": list(each), "candidates": np.array(list(each.values())).T.tolist()} for each in internal]}
        ours = self.said_by("tpe_values", study, json.dumps(asked))

        states = [TrialState.COMPLETE, TrialState.PRUNED] + [TrialState.RUNNING] * constant_liar
        trials = study.get_trials(deepcopy=False, states=states)
        ended = sum(trial.state != TrialState.RUNNING for trial in trials)
        gamma = default_gamma if len(study.directions) == 1 else default_gamma_multiobjective
        good, other = _split_trials(study, trials, gamma(ended))
        self.assertEqual(ours["good"], [trial.number for trial in good])
        self.assertEqual(ours["other"], [trial.number for trial in other])

        sampler = optuna.samplers.TPESampler(multivariate=True, constant_liar=constant_liar)
        for keys, points, got in zip(blocks, internal, ours["blocks"]):
            for side, numbers, below in (("good", good, True), ("other", other, False)):
                # Which of equal neighbours is the left one numpy leaves open: the first here.
                with unittest.mock.patch("numpy.argsort", lambda a, **options: argsort(a, kind="stable")):
                    density = sampler._build_parzen_estimator(study, {key: space[key] for key in keys}, numbers, below)
                    wanted = density.log_pdf(points)
                np.testing.assert_allclose(got[side], wanted, rtol=1e-9, atol=1e-9, err_msg=f"{keys}, {side} of {len(trials)} trials")
        return ours

    def test_densities_of_one_parameter(self):
        for count in (1, 2, 3, 10, 26, 40):
            study = self.study(KINDS, count)
            self.compare(study, KINDS, [[kind] for kind in KINDS])

    def test_densities_of_many_trials(self):
        study = self.study(KINDS, 300)
        self.compare(study, KINDS, [[kind] for kind in KINDS] + [list(KINDS)])

    def test_densities_of_several_parameters(self):
        for count in (1, 11, 25, 27, 60):
            study = self.study(KINDS, count)
            self.compare(study, KINDS, [list(KINDS), ["float", "log"], ["int", "categorical"], ["step", "int log", "float"]])

    def test_running_pruned_failed_and_infeasible_trials(self):
        states = (TrialState.COMPLETE, TrialState.COMPLETE, TrialState.PRUNED, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL,
                  TrialState.WAITING)
        for directions in (("minimize",), ("maximize",)):
            for count in (12, 40, 120):
                for constant_liar in (False, True):
                    study = self.study(KINDS, count, directions, states, whole=True)
                    self.compare(study, KINDS, [["float", "int"]], constant_liar)

    def test_more_good_trials_than_complete_ones(self):
        study = self.study(KINDS, 60, states=(TrialState.PRUNED,) * 19 + (TrialState.COMPLETE,))
        self.compare(study, KINDS, [["float"]])

    def test_more_good_trials_than_feasible_ones(self):
        study = self.study(KINDS, 60, states=(TrialState.PRUNED, TrialState.COMPLETE), infeasible=0.97)
        self.compare(study, KINDS, [["float"]])

    def test_several_objectives(self):
        for directions in (("minimize", "maximize"), ("minimize",) * 3, ("maximize", "minimize", "minimize", "maximize")):
            for whole in (False, True):
                for count in (5, 30, 120):
                    study = self.study({"float": KINDS["float"], "int": KINDS["int"]}, count, directions,
                                       (TrialState.COMPLETE, TrialState.COMPLETE, TrialState.RUNNING), whole=whole)
                    self.compare(study, KINDS, [["float", "int"]])

    def test_groups_of_parameters_that_exist_together(self):
        def present(key, params):
            kind = params.get("categorical")
            return key in ("categorical", "float", "log") or (kind == "a" and key in ("int", "step")) or (kind == 3 and key == "many")

        space = dict(sorted(KINDS.items()))
        for count in (1, 4, 50):
            study = self.study(space, count, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL), present=present)
            wanted = [sorted(group) for group in _GroupDecomposedSearchSpace(include_pruned=True).calculate(study).search_spaces]
            known = sorted(key for group in wanted for key in group)
            ours = self.compare(study, space, wanted)
            self.assertEqual(ours["groups"], sorted(wanted + [[key] for key in space if key not in known]))


if __name__ == "__main__":
    unittest.main()
