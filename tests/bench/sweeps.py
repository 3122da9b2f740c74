"""Sweeps against Optuna: rows of run.py, of its TPESampler with the same settings and of its GPSampler.

Time: a ratio above 1 means that Ablate is faster. Regret: what the best of 100 trials lacks to the optimum, mean and 95 % interval over
the seeds; a ratio above 1 means that Ablate comes closer, and wanted is what chance alone allows.
"""
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import warnings

import numpy as np
import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage

BIN, HERE = pathlib.Path(os.environ["ABLATE_BIN"]), pathlib.Path(__file__).parent
RECORDED = HERE / "recorded_sweep.json"
MODES = {"univariate": {"multivariate": False}, "multivariate, groups": {"multivariate": True, "group": True}}

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


def ours(*words):
    return json.loads(subprocess.run([str(word) for word in (BIN / "sweep_trials", *words)], capture_output=True, text=True, check=True).stdout)


def suggestion(sampler, parameters, past, fields, count, times=3):
    """Milliseconds of a suggestion, ours and Optuna's, alternately: the least in each sitting, and of these the median. Optuna's is its
    processor time: what others on the machine take of the wall's would count against the longer one."""
    space = {f"x{i}": optuna.distributions.FloatDistribution(0, 1) for i in range(parameters)}

    def theirs():
        study = optuna.create_study(sampler=sampler())
        rng = np.random.default_rng(0)
        for _ in range(past):
            params = {key: float(rng.random()) for key in space}
            study.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=sum((x - 0.3) ** 2 for x in params.values())))
        took = []
        for _ in range(count):
            start = time.thread_time()
            trial = study.ask(space)
            took.append(1e3 * (time.thread_time() - start))
            study.tell(trial, sum((x - 0.3) ** 2 for x in trial.params.values()))
        return min(took)

    pairs = [(min(ours("suggest", json.dumps(fields), parameters, past, count)["milliseconds"]), theirs()) for _ in range(times)]
    return [statistics.median(side) for side in zip(*pairs)]


def suggest():
    for parameters in (1, 5, 10):
        for name, mode in MODES.items():
            us, them = suggestion(lambda mode=mode: optuna.samplers.TPESampler(seed=0, constant_liar=True, **mode), parameters, 1000,
                                  {"name": "tpe", **mode}, 30)
            yield f"TPE suggests {parameters} of {name}, after 1,000 trials", f"{us:.3f} ms", f"Optuna {them:.1f} ms", them / us, 50


def gp_suggestion():
    us, them = suggestion(lambda: optuna.samplers.GPSampler(seed=0), 6, 100, {"name": "gp"}, 5)
    yield "the Gaussian process suggests 6 parameters beside 100 trials", f"{us:.0f} ms", f"Optuna {them:.0f} ms", them / us, 1
    yield "… of the 50 ms that it may take", f"{us:.0f} ms", "wanted: 50 ms", 50 / us, 1


def journal():
    count = 200
    with tempfile.TemporaryDirectory() as folder:
        us = ours("journal", os.path.join(folder, "ours"), count)["per_second"]
        study = optuna.create_study(storage=JournalStorage(JournalFileBackend(os.path.join(folder, "theirs"))),
                                    sampler=optuna.samplers.RandomSampler(seed=0))
        start = time.perf_counter()
        study.optimize(hartmann6, n_trials=count)
        them = count / (time.perf_counter() - start)
    yield "random trials through a journal file, each synced (six parameters)", f"{us:.0f}/s", f"Optuna {them:.0f}/s", us / them, None


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


STEEPNESS = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
CENTRES = [[0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
           [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381]]


def hartmann6(trial):
    x = [trial.suggest_float(f"x{j}", 0, 1) for j in range(6)]
    return -sum(height * math.exp(-sum(a * (v - c) ** 2 for a, v, c in zip(steepness, x, centre)))
                for height, steepness, centre in zip((1, 1.2, 3, 3.2), STEEPNESS, CENTRES))


def mixed(trial):
    value = 0.3 * (math.log10(trial.suggest_float("rate", 1e-5, 1, log=True)) + 2.5) ** 2
    branch = trial.suggest_categorical("branch", [0, 1, 2])
    if branch == 0:
        return value + 0.5 + (trial.suggest_float("a", 0, 1) - 0.2) ** 2
    if branch == 1:
        return (value + 0.1 * abs(trial.suggest_int("layers", 1, 12) - 6) + (trial.suggest_float("b", 0, 1) - 0.7) ** 2 +
                (0 if trial.suggest_categorical("kind", [0, 1, 2, 3]) == 2 else 0.2))
    return value + 0.2 + (math.log2(trial.suggest_int("width", 4, 512, log=True)) - 5) ** 2 / 10


POINTS = json.loads(RECORDED.read_text())["points"]


def recorded(trial):
    rate, channels = trial.suggest_float("rate", 1e-4, 1e-1, log=True), trial.suggest_int("channels", 2, 10, step=2)
    norm, activation = trial.suggest_categorical("norm", [0, 1, 2, 3]), trial.suggest_categorical("activation", [0, 1, 2])
    batch = trial.suggest_int("batch", 4, 32, log=True)
    nearest = min(POINTS, key=lambda point: (math.log10(rate / point[0]) / 3) ** 2 + ((channels - point[1]) / 8) ** 2 +
                  (math.log(batch / point[4]) / math.log(8)) ** 2 + (norm != point[2]) + (activation != point[3]))
    return 1 - nearest[5]


OBJECTIVES = {"Branin": (branin, "branin", 0.397887357729739), "Hartmann-6": (hartmann6, "hartmann6", -3.32236801141551),
              "mixed, conditional": (mixed, "mixed", 0), "U-Nets, recorded": (recorded, RECORDED, 1 - max(point[5] for point in POINTS))}


def regret_beside(what, objective, sampler, fields, trials, seeds=30):
    """A row: of the sampler that `sampler(seed)` makes, and of ours with these fields."""
    value, name, optimum = OBJECTIVES[objective]

    def theirs(seed):
        study = optuna.create_study(sampler=sampler(seed))
        study.optimize(value, n_trials=trials)
        return study.best_value - optimum

    us = np.array(ours("regret", json.dumps(fields), name, trials, seeds)["regret"])
    them = np.array([theirs(seed) for seed in range(seeds)])
    words = [f"{side.mean():.4f} ± {1.96 * side.std(ddof=1) / math.sqrt(seeds):.4f}" for side in (us, them)]
    # What lies further behind than this is so beyond chance: outside the 95 % interval of the difference.
    margin = 1.96 * math.sqrt((us.var(ddof=1) + them.var(ddof=1)) / seeds)
    return f"regret of {what}: {objective}", words[0], f"Optuna {words[1]}", them.mean() / us.mean(), them.mean() / (them.mean() + margin)


def regret():
    for objective in OBJECTIVES:
        for name, mode in MODES.items():
            yield regret_beside(f"TPE, {name}", objective, lambda seed, mode=mode: optuna.samplers.TPESampler(seed=seed, constant_liar=True, **mode),
                                {"name": "tpe", **mode}, 100)


def gp_regret():
    """The mixed function has parameters that exist under a condition, which Optuna's draws at random."""
    for objective in OBJECTIVES:
        yield regret_beside("the Gaussian process, 40 trials", objective, lambda seed: optuna.samplers.GPSampler(seed=seed), {"name": "gp"}, 40)


def importance(seeds=10):
    """Both read the same journal: the share of each parameter by PED-ANOVA, Optuna's default."""
    objectives, trials = (branin, hartmann6, mixed, recorded), 100
    furthest = shares = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        for number in range(len(objectives) * seeds):
            drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=number))
            drawn.optimize(objectives[number % len(objectives)], n_trials=trials)
            file = os.path.join(folder, f"{number}.journal")
            study = optuna.create_study(storage=JournalStorage(JournalFileBackend(file)), study_name="drawn")
            study.add_trials(drawn.trials)
            us = json.loads(subprocess.run([BIN / "importance_values", file, "drawn"], capture_output=True, text=True, check=True).stdout)
            them = optuna.importance.get_param_importances(study)
            if us.keys() != them.keys():
                raise AssertionError(f"{objectives[number % len(objectives)].__name__}: {us} beside {them}")
            furthest = max(furthest, *(abs(us[key] - them[key]) for key in them))
            shares += len(them)
    yield (f"importances of parameters (PED-ANOVA), {len(objectives) * seeds} studies of {trials} trials, {shares} shares",
           f"at most {furthest:.1e} apart", "Optuna, of shares of 1", None, None)
