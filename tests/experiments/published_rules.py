"""fastai's and pytorch-lr-finder's own range tests, over losses that were recorded: what they smooth, where they stop, what they suggest."""
import contextlib
import functools
import io
import tempfile
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot
import torch
import torch_lr_finder
from fastai.callback.core import CancelFitException
from fastai.callback.schedule import minimum, slide, steep, valley
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import SGD
from torch.utils.data import DataLoader, TensorDataset


class NoneLeft(Exception):
    pass


class Replay:
    """A loss function whose values are the recorded ones, whatever is trained; after the last it raises `over`."""

    def __init__(self, losses, over):
        self.losses, self.over = iter(losses), over

    def __call__(self, prediction, target):
        loss = next(self.losses, None)
        if loss is None:
            raise self.over
        return torch.tensor(loss) + 0 * prediction.sum()


def batches(count):
    return DataLoader(TensorDataset(torch.ones(count, 1), torch.ones(count, 1)), batch_size=1)


def or_none(rule):
    """One rule that fails leaves the others their say."""

    @functools.wraps(rule)
    def tried(*curve):
        try:
            return rule(*curve)
        except (IndexError, ValueError, RuntimeError):
            return None, None

    return tried


def fastai(losses, start, end, steps):
    """Learning rates and smoothed losses that lr_find of fastai recorded, and {rule: what it suggests, None where it fails}."""
    loader = batches(steps)
    rules = [or_none(rule) for rule in (valley, steep, minimum, slide)]
    with tempfile.TemporaryDirectory() as folder:
        learner = Learner(DataLoaders(loader, loader), torch.nn.Linear(1, 1), Replay(losses, CancelFitException()), SGD, path=folder)
        with learner.no_bar(), warnings.catch_warnings(action="ignore"):
            found = learner.lr_find(start, end, steps, show_plot=False, suggest_funcs=rules)
    return [float(lr) for lr in learner.recorder.lrs], [float(loss) for loss in learner.recorder.losses], found._asdict()


def pytorch_lr_finder(losses, start, end, steps):
    """The same of pytorch-lr-finder's range_test and plot, whose one rule is named after it."""
    network = torch.nn.Linear(1, 1)
    finder = torch_lr_finder.LRFinder(network, torch.optim.SGD(network.parameters()), Replay(losses, NoneLeft()))
    found = None
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with contextlib.suppress(NoneLeft):
            finder.range_test(batches(steps), start_lr=start, end_lr=end, num_iter=steps)
        with contextlib.suppress(RuntimeError):  # Too few points.
            axes, found = finder.plot()
            matplotlib.pyplot.close(axes.figure)
    return finder.history["lr"], finder.history["loss"], {"pytorch-lr-finder": found}
