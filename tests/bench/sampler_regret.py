"""How far from the optimum the Gaussian-process sampler and Optuna's are after a few trials: sampler_regret.py [--seeds N] [--trials N] [FUNCTION…]

Prints a table of the mean regret over the seeds, with its 95 % interval, and the median; and Optuna's mean less ours, seed by seed.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json

BIN = pathlib.Path(os.environ["ABLATE_BIN"])
A = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
P = ((1312, 1696, 5569, 124, 8283, 5886), (2329, 4135, 8307, 3736, 1004, 9991), (2348, 1451, 3522, 2883, 3047, 6650),
     (4047, 8828, 8732, 5743, 1091, 381))


def branin(p):
    x, y = p["x"], p["y"]
    return (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6)**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887


def hartmann(p):
    sums = [sum(a * (p[f"x{i}"] - q / 1e4)**2 for i, (a, q) in enumerate(zip(*rows))) for rows in zip(A, P)]
    return 3.32237 - sum(weight * math.exp(-s) for weight, s in zip((1, 1.2, 3, 3.2), sums))


def training(p):
    """As tuning a network is: each optimiser has its own learning rate, each activation its own depth."""
    rate, worse = {"adam": (-3, 0), "sgd": (-1, 0.3)}[p["optimizer"]]
    depth, duller = {"relu": (5, 0), "tanh": (3, 0.2), "sigmoid": (2, 0.4)}[p["activation"]]
    return 0.5 * (math.log10(p["lr"]) - rate)**2 + 0.1 * (p["depth"] - depth)**2 + 5 * (p["dropout"] - 0.2)**2 + worse + duller


FUNCTIONS = {
    "Branin": (branin, {"x": FloatDistribution(-5, 10), "y": FloatDistribution(0, 15)}),
    "Hartmann-6": (hartmann, {f"x{i}": FloatDistribution(0, 1) for i in range(6)}),
    "mixed": (training, {"lr": FloatDistribution(1e-5, 1, log=True), "depth": IntDistribution(1, 8), "dropout": FloatDistribution(0, 0.5, step=0.05),
                         "optimizer": CategoricalDistribution(["sgd", "adam"]), "activation": CategoricalDistribution(["sigmoid", "relu", "tanh"])}),
}


class Ours:
    def __init__(self):
        self.program = subprocess.Popen([BIN / "gp_values"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def suggestion(self, space, trials, seed):
        asked = {"space": [[key, distribution_to_json(distribution)] for key, distribution in space.items()],
                 "sampler": {"name": "gp", "seed": seed}, "directions": ["minimize"], "trials": trials}
        self.program.stdin.write(json.dumps(asked) + "\n")
        self.program.stdin.flush()
        return json.loads(self.program.stdout.readline())

    def regret(self, function, space, seed, count):
        trials = []
        for _ in range(count):
            params = self.suggestion(space, trials, seed)["params"]
            trials.append({"params": params, "values": [function(params)]})
        return min(trial["values"][0] for trial in trials)


def optunas(make, function, space, seed, count):
    study = optuna.create_study(sampler=make(seed=seed))
    for _ in range(count):
        trial = study.ask(space)
        study.tell(trial, function(trial.params))
    return study.best_value


def interval(values):
    return f"{statistics.mean(values):.3g} ± {1.96 * statistics.stdev(values) / math.sqrt(len(values)):.2g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", default=list(FUNCTIONS), help=", ".join(FUNCTIONS))
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ours = Ours()
    print(f"| {arguments.trials} trials, {arguments.seeds} seeds | Ablate's gp | Optuna's GPSampler | Optuna's TPESampler | GPSampler − ours | TPESampler − ours |")
    print("|---|---|---|---|---|---|")
    for name in arguments.functions:
        function, space = FUNCTIONS[name]
        samplers = [ours.regret] + [lambda *case, make=make: optunas(make, *case) for make in (optuna.samplers.GPSampler, optuna.samplers.TPESampler)]
        regrets = [[] for _ in samplers]
        for seed in range(arguments.seeds):
            for values, regret in zip(regrets, samplers):
                values.append(regret(function, space, seed, arguments.trials))
            print(f"{name}, seed {seed}:", *(f"{values[-1]:.3g}" for values in regrets), file=sys.stderr, flush=True)
        cells = [f"{interval(values)} (median {statistics.median(values):.2g})" for values in regrets]
        cells += [interval([theirs - us for theirs, us in zip(other, regrets[0])]) for other in regrets[1:]]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
