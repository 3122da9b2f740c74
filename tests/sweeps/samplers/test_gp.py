"""The Gaussian process and its expected improvement, against Optuna's own code."""
import json
import os
import subprocess
import unittest

import numpy as np
import torch
from optuna._gp import acqf, gp, prior


def ours(**asked):
    done = subprocess.run([os.path.join(os.environ["ABLATE_BIN"], "gp_values")], input=json.dumps(asked) + "\n", capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


def tensor(values):
    return torch.as_tensor(values, dtype=torch.float64)


class Case:
    """Observations of a rugged function, hyperparameters, and where to look."""

    def __init__(self, seed, count, coordinates, categories=0, noise=1e-3):
        rng = np.random.default_rng(seed)
        self.categorical = np.arange(coordinates) < categories

        def points(n):
            return np.where(self.categorical, rng.integers(0, 4, (n, coordinates)), rng.random((n, coordinates)))

        self.points, self.at = points(count), points(40)
        self.at[:2] = self.points[:2]
        self.believed = points(3)
        values = np.sin(5 * self.points).sum(axis=1) + 0.3 * rng.standard_normal(count)
        self.values = (values - values.mean()) / max(values.std(), 1e-10)
        self.best = self.values.max()
        self.w = np.exp(rng.uniform(-2, 3, coordinates))
        self.scale, self.noise = rng.uniform(0.5, 2), noise

    def ours(self, believed=()):
        return ours(points=self.points.tolist(), values=self.values.tolist(), categorical=self.categorical.tolist(),
                    inverse_squared_lengths=self.w.tolist(), scale=self.scale, noise=self.noise, at=self.at.tolist(), best=self.best,
                    believed=[list(point) for point in believed])

    def theirs(self, w=None, scale=None, noise=None):
        return gp.GPRegressor(torch.from_numpy(self.categorical), tensor(self.points), tensor(self.values), tensor(self.w if w is None else w),
                              tensor(self.scale if scale is None else scale), tensor(self.noise if noise is None else noise))


CASES = [Case(0, 1, 2), Case(1, 2, 1), Case(2, 20, 3), Case(3, 100, 6), Case(4, 50, 5, categories=2), Case(5, 30, 3, categories=3),
         Case(6, 200, 8, noise=1e-6), Case(7, 60, 4, categories=1, noise=0.5)]


class GaussianProcesses(unittest.TestCase):
    def near(self, got, wanted):
        np.testing.assert_allclose(got, np.asarray(wanted), rtol=1e-6, atol=1e-6)

    def test_likelihood(self):
        for case in CASES:
            self.near(case.ours()["likelihood"], case.theirs().marginal_log_likelihood())

    def test_posterior(self):
        for case in CASES:
            got, regressor = case.ours(), case.theirs()
            regressor._cache_matrix()
            mean, variance = regressor.posterior(tensor(case.at))
            self.near(got["mean"], mean)
            self.near(got["variance"], variance)

    def test_expected_improvement_and_its_gradient(self):
        for case in CASES:
            compared = 0
            for above in (0, 3, 300):
                case.best += above
                got, regressor = case.ours(), case.theirs()
                regressor._cache_matrix()
                at = torch.tensor(case.at[2:], requires_grad=True)
                values = acqf.LogEI(regressor, None, case.best).eval_acqf(at)
                values.sum().backward()
                case.best -= above
                self.near(got["log_improvement"][2:], values.detach())
                known = torch.isfinite(at.grad) & ~torch.from_numpy(case.categorical)  # Optuna's own is NaN far below.
                compared += known.sum().item()
                np.testing.assert_allclose(np.array(got["gradient"][2:])[known], at.grad[known], rtol=1e-5, atol=1e-5)
                self.assertTrue(np.isfinite(got["gradient"]).all())
            self.assertTrue(compared or case.categorical.all())

    def test_expected_improvement_where_the_variance_is_all_but_none(self):
        case = Case(8, 20, 2, noise=1e-9)
        got, regressor = case.ours(), case.theirs()
        regressor._cache_matrix()
        self.near(got["log_improvement"], acqf.LogEI(regressor, None, case.best).eval_acqf(tensor(case.at)))

    def test_the_posterior_that_takes_running_trials_for_observed(self):
        for case in CASES:
            got, regressor = case.ours(case.believed), case.theirs()
            regressor._cache_matrix()
            running = tensor(case.believed)
            regressor.append_running_data(running, regressor.posterior(running)[0])
            mean, variance = regressor.posterior(tensor(case.at))
            self.near(got["mean"], mean)
            self.near(got["variance"], variance)

    def test_fitted_hyperparameters_are_as_probable(self):
        def log_posterior(case, w, scale, noise):
            regressor = case.theirs(w, scale, noise)
            return (regressor.marginal_log_likelihood() + prior.default_log_prior(regressor)).item()

        for case in CASES:
            fitted = case.ours()["fitted"]
            theirs = gp.fit_kernel_params(case.points, case.values, case.categorical, prior.default_log_prior, prior.DEFAULT_MINIMUM_NOISE_VAR,
                                          False)
            got = log_posterior(case, fitted["inverse_squared_lengths"], fitted["scale"], fitted["noise"])
            wanted = log_posterior(case, theirs.inverse_squared_lengthscales, theirs.kernel_scale, theirs.noise_var)
            self.assertGreater(got, wanted - 0.01)


if __name__ == "__main__":
    unittest.main()
