"""How far apart a range test and one of ten times the images suggest: range_test.py [FOLDER] [--seeds N]

1,000 steps of 8 images beside 400 of 2, of the same network, on the folder's photographs or drawn images, for some seeds: by how many decades
what they suggest differs, by the rule fall-1000 and by published ones, and where steep, a published rule, is in the longer test.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile

BIN = pathlib.Path(os.environ["ABLATE_BIN"])
WANTED = 0.2
SMALL = ("data.size=[48,48]", "model.channels=4")
NETWORKS = {"batch norm": SMALL, "instance norm and Dice": (*SMALL, "model.norm=instance", "loss.dice=1"),
            "batch norm, SGD, 8 channels, 64×64": ("data.size=[64,64]", "model.channels=8", "optimizer.name=sgd", "lr_find.end_lr=100"),
            "no norm": (*SMALL, "model.norm=none")}
SHORT, LONG = (400, 2), (1000, 8)


def suggestions(data, settings, steps, batch_size, seed):
    words = [word for setting in (*data, *settings, f"train.seed={seed}") for word in ("-s", setting)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        printed = subprocess.run([BIN / "ablate", "--runs", root, "lr-find", *words, "--iterations", str(steps), "--batch-size", str(batch_size), "--json"],
                                 check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {rule: math.log10(lr) if lr else math.nan for rule, lr in json.loads(printed)["suggestions"].items()}


def range_tests(folder=None, seeds=5):
    """Rows of run.py's table. Without any norm the suggestions of 1,000 steps themselves lie decades apart from seed to seed."""
    data = ("train.threads=1", *(("data.dataset=folder", f"data.path={folder}") if folder else ("data.count=300",)))
    for name, settings in NETWORKS.items():
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            short, long = (list(pool.map(lambda seed: suggestions(data, settings, *test, seed), range(seeds))) for test in (SHORT, LONG))

        def words(ours, theirs):
            # Where one of the two can't tell they are as far apart as can be.
            apart = [abs(a - b) if math.isfinite(a - b) else math.inf for a, b in zip(ours, theirs) if math.isfinite(a) or math.isfinite(b)]
            return statistics.median(apart), f"{statistics.median(apart):.2f}, at most {max(apart):.2f}"

        def of(side, rule):
            return [each[rule] for each in side]

        median, ours = words(of(short, "fall-1000"), of(long, "fall-1000"))
        others = "; ".join(f"{rule} {words(of(short, rule), of(long, rule))[1]}" for rule in ("steep", "valley"))
        beside_steep = words(of(short, "fall-1000"), of(long, "steep"))[1]
        yield (f"range tests of {SHORT[0]} steps of {SHORT[1]} and of {LONG[0]:,} of {LONG[1]} images, {'photographs' if folder else 'drawn images'}, "
               f"{name}, {seeds} seeds: decades between what fall-1000 says",
               f"{ours}; from steep of the longer: {beside_steep}", f"wanted: {WANTED}; {others}", WANTED / median, None if name == "no norm" else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    for row in range_tests(arguments.folder, arguments.seeds):
        print(*row, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
