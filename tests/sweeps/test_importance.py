"""Importances of parameters against Optuna's get_param_importances, over the same journal."""
import math
import unittest

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import get_param_importances
from optuna.trial import TrialState, create_trial

import optuna_journal
from optuna_journal import JournalTest, draw

KINDS = optuna_journal.KINDS | {
    "fine step": FloatDistribution(0.0, 1.0, step=0.01),
    "two": IntDistribution(1, 2, log=True),
    "switch": CategoricalDistribution([False, True]),
}


class Importance(JournalTest):
    def study(self, count, directions=("minimize",), space=KINDS, present=lambda key, params: True, values=None):
        study = optuna.create_study(storage=self.storage, directions=directions)
        slopes = {key: self.rng.exponential() for key in space}
        trials = []
        for _ in range(count):
            params, value = {}, 0.1 * self.rng.standard_normal()
            for key, distribution in space.items():
                if present(key, params):
                    params[key], place = draw(self.rng, distribution)
                    value += slopes[key] * (place - 0.4) ** 2
            trials.append(create_trial(state=TrialState.COMPLETE, params=params, distributions={key: space[key] for key in params},
                                       values=values(value) if values else [value] * len(directions)))
        study.add_trials(trials)
        return study

    def ours(self, study, *objective):
        return self.said_by("importance_values", study, *objective)

    def compare(self, study, wanted=None, objective=()):
        ours, wanted = self.ours(study, *objective), wanted or get_param_importances(study)
        self.assertEqual(set(ours), set(wanted))
        same = {key for key in wanted if len({trial.params[key] for trial in study.trials if key in trial.params}) == 1}
        self.assertEqual({key for key in ours if ours[key] == "It had the same value in all trials."}, same)
        for key in wanted.keys() - same:
            self.assertAlmostEqual(ours[key], wanted[key], delta=1e-9 + 1e-6 * wanted[key], msg=key)
        shares = [ours[key] for key in ours if key not in same]
        self.assertEqual(shares, sorted(shares, reverse=True))

    def test_of_every_kind_of_parameter(self):
        for count in (2, 3, 10, 11, 30, 200):
            for direction in ("minimize", "maximize"):
                with self.subTest(count=count, direction=direction):
                    self.compare(self.study(count, (direction,)))

    def test_of_parameters_that_exist_only_sometimes(self):
        def present(key, params):
            return key not in ("log", "int", "categorical") or params.get("float", 0) > 0

        def not_after(key, params):
            return key != "switch" or params.get("categorical") == "a"

        for rule in (present, not_after):
            for count in (12, 120):
                self.compare(self.study(count, present=rule))

    def test_of_a_space_that_was_changed(self):
        study = self.study(60)
        for key, distribution in (("float", FloatDistribution(0.0, 1.0)), ("int", IntDistribution(0, 40)), ("log", FloatDistribution(1e-5, 0.01, log=True))):
            space = {**KINDS, key: distribution}
            for trial in self.study(30, space=space).trials:
                study.add_trial(trial)
        self.compare(study)

    def test_of_equal_values_and_those_that_are_not_finite(self):
        self.compare(self.study(90, values=lambda value: [round(value, 1)]))
        self.compare(self.study(90, values=lambda value: [self.rng.choice([value, value, math.inf, -math.inf])]))

    def test_of_one_of_several_objectives(self):
        study = self.study(70, ("minimize", "maximize"), values=lambda value: [value, self.rng.standard_normal()])
        self.compare(study, get_param_importances(study, target=lambda trial: trial.values[0]), ["0"])
        self.compare(study, get_param_importances(study, target=lambda trial: -trial.values[1]), ["1"])

    def test_a_parameter_of_one_value_has_no_share(self):
        single = {"float": FloatDistribution(0.0, 1.0), "log": FloatDistribution(0.1, 1.0, log=True), "fixed": IntDistribution(3, 3),
                  "only": CategoricalDistribution(["x"])}
        study = self.study(40, space=single)
        self.compare(study)
        self.assertEqual([self.ours(study)[key] for key in ("fixed", "only")], ["It had the same value in all trials."] * 2)

    def test_too_few_trials_have_no_share(self):
        self.assertEqual(set(self.ours(self.study(1)).values()), {"There are fewer than two complete trials."})
        self.assertEqual(self.ours(self.study(0)), {})
        rare = self.study(20, present=lambda key, params: key != "many") .study_name
        study = optuna.load_study(study_name=rare, storage=self.storage)
        study.add_trials(self.study(1).trials)
        self.assertEqual(self.ours(study)["many"], "Fewer than two complete trials have it.")

    def test_equal_values_tell_nothing(self):
        self.assertEqual(set(self.ours(self.study(30, values=lambda value: [1.0])).values()), {"All trials came to the same value."})


if __name__ == "__main__":
    unittest.main(warnings="ignore")
