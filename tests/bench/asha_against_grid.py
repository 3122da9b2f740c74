"""Whether successive halving finds what the whole grid finds, and in what part of its time: asha_against_grid.py [FOLDER]

Real training of 64 variants on small images, of FOLDER's photographs or drawn ones: all to their end, and the same 64 by ASHA, one sweep
after the other on the same slots. By the loss in validation: after few steps many variants have the same IoU
(all is background), and those that are as good as one that goes on do too. What ASHA chose is worth what the grid measured of it at its end,
and as good as the grid's best if its loss is no more than the best's own is from other seeds.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ["ABLATE_BIN"])
STEPS, EVERY, SLOTS = 1600, 25, len(os.sched_getaffinity(0))
SEEDS = (1, 2, 3, 4)


def choices(*values):
    return {"type": "categorical", "choices": list(values)}


SPACE = {"optimizer.lr": choices(0.01, 0.0001, 0.1, 0.001), "model.norm": choices("none", "batch", "instance", "layer"),
         "model.activation": choices("relu", "tanh"), "optimizer.name": choices("adam", "sgd")}


def sweep(root, name, base, pruner, space=None):
    file = pathlib.Path(root, f"{name}.json")
    file.write_text(json.dumps({"name": name, "base": base, "space": space or SPACE, "sampler": {"name": "grid", "seed": 0}, "pruner": pruner,
                                "objective": {"metric": "loss/val", "direction": "minimize", "take": "last"}, "budget": {"trials": 64}}))
    start = time.perf_counter()
    shown = json.loads(subprocess.run([BIN / "ablate", "--runs", root, "sweep", "run", file, "--slots", str(SLOTS), "--json"], check=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)
    return shown, time.perf_counter() - start


def asha(folder=None):
    """Rows of run.py's table."""
    base = {"data": {"size": [32, 32], **({"dataset": "folder", "path": str(folder)} if folder else {"count": 300})}, "model": {"channels": 4, "depth": 2},
            "train": {"steps": STEPS, "batch_size": 8}, "validation": {"every": EVERY}}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        halving, asha_seconds = sweep(root, "asha", base, {"name": "asha", "min_resource": EVERY, "reduction_factor": 4, "bootstrap_count": 3})
        grid, grid_seconds = sweep(root, "grid", base, {"name": "none"})
        best = min((trial for trial in grid["trials"] if trial["values"]), key=lambda trial: trial["values"][0])
        again, _ = sweep(root, "again", base, {"name": "none"},
                         {"train.seed": choices(*SEEDS), **{key: choices(value) for key, value in best["params"].items()}})
    value = {json.dumps(trial["params"], sort_keys=True): trial["values"][0] for trial in grid["trials"] if trial["values"]}
    chosen = min((trial for trial in halving["trials"] if trial["state"] == "COMPLETE"), key=lambda trial: trial["values"][0])
    ranked = sorted(value.values())
    worth = value[json.dumps(chosen["params"], sort_keys=True)]
    by_chance = max(trial["values"][0] for trial in again["trials"] if trial["values"])
    made = sum(max(map(int, trial["intermediate"]), default=0) for trial in halving["trials"])
    what = f"ASHA beside the grid, {'photographs' if folder else 'drawn images'} of 32×32, 64 variants, {STEPS:,} steps, {SLOTS} slots"
    yield (f"{what}: time", f"{asha_seconds:.0f} s ({made / STEPS / 64:.1%} of the steps)", f"the grid {grid_seconds:.0f} s; wanted: a quarter",
           grid_seconds / asha_seconds / 4, 1)
    yield ("… what it chose", f"the grid's number {ranked.index(worth) + 1}, a loss of {worth:.4f}: {json.dumps(chosen['params'])}",
           f"the grid's least {ranked[0]:.4f} ({by_chance:.4f} from the worst of {len(SEEDS)} other seeds), tenth {ranked[9]:.4f}, "
           f"median {ranked[len(ranked) // 2]:.4f}", ranked[0] / worth, min(1, ranked[0] / by_chance))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=lambda path: str(pathlib.Path(path).resolve()))
    for row in asha(parser.parse_args().folder):
        print(*row, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
