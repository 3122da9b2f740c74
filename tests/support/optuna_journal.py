"""What parity tests over a journal share: kinds of parameters, values drawn for them, and a program of ours that reads the journal."""
import json
import os
import subprocess
import tempfile
import unittest

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages.journal import JournalFileBackend, JournalStorage

optuna.logging.set_verbosity(optuna.logging.ERROR)

KINDS = {
    "float": FloatDistribution(-2.0, 3.5),
    "log": FloatDistribution(1e-5, 0.3, log=True),
    "step": FloatDistribution(0.0, 1.0, step=0.1),
    "int": IntDistribution(-4, 9),
    "int step": IntDistribution(16, 256, step=16),
    "int log": IntDistribution(1, 300, log=True),
    "many": IntDistribution(0, 10_000),
    "categorical": CategoricalDistribution(["a", None, 3, True]),
}


def draw(rng, distribution):
    """As an external value, often near the middle so that densities differ; and where it lies in [0, 1]."""
    if isinstance(distribution, CategoricalDistribution):
        index = int(rng.integers(len(distribution.choices)))
        return distribution.choices[index], index / len(distribution.choices)
    low, high = distribution.low, distribution.high
    share = rng.choice([rng.random(), np.clip(0.4 + 0.1 * rng.standard_normal(), 0, 1)])
    value = low * (high / low) ** share if distribution.log else low + share * (high - low)
    if distribution.step:
        value = low + round((value - low) / distribution.step) * distribution.step
    return type(low)(np.clip(value, low, high)), share


class JournalTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.addCleanup(folder.cleanup)
        self.journal = os.path.join(folder.name, "sweep.journal")
        self.storage = JournalStorage(JournalFileBackend(self.journal))
        self.rng = np.random.default_rng(1)

    def said_by(self, program, study, *words):
        done = subprocess.run([os.path.join(os.environ["ABLATE_BIN"], program), self.journal, study.study_name, *words],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
