"""Range tests of Ablate's on photographs, a file each in curves/: `recorded_curves.py PHOTOGRAPHS [NAME ...]` makes them again.

PHOTOGRAPHS holds images/ and masks/ (there were 340, of portraits); the programs are in $ABLATE_BIN. NAME.csv has the learning rate and the
loss of each step of `ablate lr-find` with the settings CURVES[NAME].
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).with_name("curves")

CURVES = {name: dict(pair.split("=") for pair in f"data.dataset=folder model.channels=4 {settings}".split()) for name, settings in {
    # Usual ones: flat, falling, up and away.
    "batch": "lr_find.procedure=fastai lr_find.iterations=100 model.norm=batch model.depth=3",
    "instance": "lr_find.procedure=fastai lr_find.iterations=200 model.norm=instance model.depth=3 train.seed=1",
    "none-sgd": "lr_find.procedure=pytorch-lr-finder lr_find.iterations=200 model.norm=none model.depth=3 optimizer.name=sgd",
    # Another network, optimiser and loss.
    "milesial": "lr_find.procedure=pytorch-lr-finder lr_find.iterations=200 lr_find.end_lr=1 model.name=unet-milesial model.up=bilinear optimizer.name=rmsprop "
                "loss.dice=1 train.batch_size=4",
    # Single pictures: noise.
    "noisy": "lr_find.procedure=fastai lr_find.iterations=300 model.norm=group model.depth=3 model.norm_groups=4 loss.bce=0 loss.iou=1 train.batch_size=1",
    # It ends before anything can diverge.
    "never": "lr_find.procedure=fastai lr_find.iterations=200 lr_find.end_lr=1e-3 model.norm=batch model.depth=3 train.batch_size=8",
    # It ends before anything can be learnt: noise on a plateau.
    "plateau": "lr_find.procedure=fastai lr_find.iterations=100 lr_find.end_lr=1e-6 model.norm=instance model.depth=3 train.batch_size=2",
    # It begins where everything diverges, at once and a little later.
    "at-once": "lr_find.procedure=fastai lr_find.iterations=100 lr_find.start_lr=1 lr_find.end_lr=1e4 model.norm=none model.depth=3",
    "too-high": "lr_find.procedure=fastai lr_find.iterations=100 lr_find.start_lr=3 lr_find.end_lr=1e4 model.norm=none model.depth=3 optimizer.name=sgd",
    # Its weights overflow: the loss, which is never more than 1, ends in NaN.
    "nan": "lr_find.procedure=fastai lr_find.iterations=150 lr_find.end_lr=1e6 model.norm=none model.depth=3 loss.bce=0 loss.mse=1",
}.items()}


def record(name, photographs, runs):
    settings = [word for key, value in CURVES[name].items() for word in ("-s", f"{key}={value}")]
    done = subprocess.run([pathlib.Path(os.environ["ABLATE_BIN"]) / "ablate", "--runs", runs, "lr-find", *settings, "-s", f"data.path={photographs}", "--json"],
                          check=True, stdout=subprocess.PIPE, text=True)
    with open(FOLDER / (name + ".csv"), "w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([("lr", "loss"), *(point[:2] for point in json.loads(done.stdout)["points"])])


def recorded(name):
    """Its learning rates and losses."""
    with open(FOLDER / (name + ".csv"), newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [float(lr) for lr, _ in rows], [float(loss) for _, loss in rows]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as runs:
        for name in sys.argv[2:] or CURVES:
            record(name, pathlib.Path(sys.argv[1]).resolve(), runs)
