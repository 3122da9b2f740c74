"""How far apart a range test of 100 steps and one of 1,000 suggest: range_test.py FOLDER [--seeds N]

Ten times as many images, otherwise the same test of the same network on the folder's photographs, for some seeds: of every rule the
suggestions of both (log10), and how many decades lie between them.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile

BIN = pathlib.Path(os.environ["ABLATE_BIN"])
CONFIGURATIONS = {"batch norm": (), "instance norm and Dice": ("model.norm=instance", "loss.dice=1")}


def suggestions(folder, settings, steps, seed):
    settings = ("data.dataset=folder", f"data.path={folder}", "data.size=[48,48]", "model.channels=4", "train.batch_size=8", f"train.seed={seed}", *settings)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        words = [word for setting in settings for word in ("-s", setting)]
        printed = subprocess.run([BIN / "ablate", "--runs", root, "lr-find", *words, "--iterations", str(steps), "--json"], check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {rule: math.log10(lr) if lr else math.nan for rule, lr in json.loads(printed)["suggestions"].items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    for name, settings in CONFIGURATIONS.items():
        short, long = ([suggestions(arguments.folder, settings, steps, seed) for seed in range(arguments.seeds)] for steps in (100, 1000))
        print(f"| {name}: rule | 100 steps | 1,000 steps | decades between: median | most |\n|---|---|---|---|---|")
        for rule in short[0]:
            ours, theirs = ([each[rule] for each in side] for side in (short, long))
            apart = [abs(a - b) for a, b in zip(ours, theirs)]
            words = [", ".join(f"{value:.2f}" for value in side) for side in (ours, theirs)]
            print(f"| {rule} | {words[0]} | {words[1]} | {statistics.median(apart):.2f} | {max(apart):.2f} |", flush=True)


main()
