"""Speed against PyTorch and TensorBoard, as ratios measured in one sitting: run.py [--photographs FOLDER]

Every pair is measured alternately, several times; the table shows medians. A ratio above 1 means that Ablate is faster.
"""
import argparse
import contextlib
import datetime
import functools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import sweeps as samplers
from asha_against_grid import asha
from range_test import range_tests

BIN, HERE = pathlib.Path(os.environ["ABLATE_BIN"]), pathlib.Path(__file__).parent
THREADS = len(os.sched_getaffinity(0))


def printed(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def timed(*command, **options):
    start = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True, capture_output=True, **options)
    return time.perf_counter() - start


def alternately(ours, theirs, times=3):
    """Medians of both."""
    pairs = [(ours(), theirs()) for _ in range(times)]
    return [statistics.median(side) for side in zip(*pairs)]


def memory_folder():
    return tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)


def write_scalars():
    caller = []

    def ours():
        with memory_folder() as folder:
            result = printed(BIN / "write_scalars", folder, 3_000_000)
        caller.append(result["caller_ns"])
        return result["per_second"]

    def theirs(count=30_000):
        from torch.utils.tensorboard import SummaryWriter
        with memory_folder() as folder:
            start = time.perf_counter()
            writer = SummaryWriter(folder)
            for step in range(count):
                writer.add_scalar("loss/train", 1 / (step + 1), step)
            writer.close()
            return count / (time.perf_counter() - start)

    us, them = alternately(ours, theirs)
    yield "scalars written, to a memory file system", f"{us / 1e6:.2f} M/s", f"SummaryWriter {them / 1e3:.1f} k/s", us / them, 300
    yield f"… time taken from the caller: {statistics.median(caller):.0f} ns a scalar", "", "", None, None


def read_by_data_server(folder):
    """Seconds until TensorBoard's data server has read a log for the first time, every point kept."""
    import tensorboard_data_server
    start = time.perf_counter()
    with subprocess.Popen([tensorboard_data_server.server_binary(), "--logdir", folder, "--port", "0", "--reload", "once", "-v",
                           "--samples-per-plugin", "scalars=all"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        for line in server.stderr:
            if "load cycle" in line.lower() and ("finish" in line.lower() or "complete" in line.lower()):
                break
        else:
            sys.exit("the data server ended before it had read the log")
        took = time.perf_counter() - start
        server.kill()
    return took


def read_by_event_accumulator(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    start = time.perf_counter()
    EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
    return time.perf_counter() - start


def read_scalars(count=10_000_000, few=200_000):
    """A file of 10 tags, as the window reads it: every checksum verified, every point kept, on one thread."""
    with memory_folder() as folder, memory_folder() as small:
        for where, points in ((folder, count), (small, few)):
            printed(BIN / "write_scalars", where, points, 10)
        result = {}

        def ours():
            result.update(printed(BIN / "read_scalars", folder))
            if result["points"] != count or result["problems"]:
                sys.exit(f"not all was read: {result}")
            return result["seconds"]

        us, them = alternately(ours, lambda: read_by_data_server(folder))
        what = f"{count / 1e6:.0f} million scalars of 10 tags read, one file"
        yield what, f"{us:.2f} s, {result['bytes_per_point']:.1f} bytes a point", f"data server {them:.2f} s", them / us, 10
        slow = read_by_event_accumulator(small) * count / few
        yield "… against EventAccumulator", f"{us:.2f} s", f"{slow:.0f} s (from {few / 1e6:.1f} million)", slow / us, 100


def open_runs(runs=100, points=1_000_000):
    """Many runs, until they can be drawn: read for the first time, and again by the next window."""
    with memory_folder() as root, tempfile.TemporaryDirectory() as cache:
        for run in range(runs):
            folder = pathlib.Path(root, f"run{run}")
            folder.mkdir()
            printed(BIN / "write_scalars", folder, points)
        first = printed(BIN / "open_runs", root, cache)
        again = [printed(BIN / "open_runs", root, cache) for _ in range(3)]
        if {each["points"] for each in (first, *again)} != {runs * points}:
            sys.exit("not all was read")
    seconds = statistics.median(each["seconds"] for each in again)
    yield (f"{runs} runs × {points:,} points until they can be drawn, from the cache", f"{1e3 * seconds:.0f} ms, {again[0]['bytes_per_point']:.2f} bytes a point",
           "wanted: 300 ms", 0.3 / seconds, 1)
    yield "… against reading them for the first time", f"{1e3 * seconds:.0f} ms", f"{first['seconds']:.1f} s", first["seconds"] / seconds, None
    with memory_folder() as folder:
        printed(BIN / "write_scalars", folder, 240_000, 12_000)
        us, them = alternately(lambda: printed(BIN / "open_runs", folder)["seconds"], lambda: read_by_event_accumulator(folder))
    yield "a run of 12,000 tags until it can be drawn", f"{us * 1e3:.0f} ms", f"EventAccumulator {them:.1f} s", them / us, None
    yield "… against 1 s", f"{us * 1e3:.0f} ms", "wanted: 1 s", 1 / us, 1


def tail_runs(runs=500):
    """Runs that all train, followed as the window does."""
    with tempfile.TemporaryDirectory() as root:
        result = printed(BIN / "tail_runs", root, runs, 20)
    yield f"following {runs} runs that train", f"{100 * result['share']:.1f} % of a core", "wanted: 10 %", 0.1 / result["share"], 1
    yield ("a flushed point until it can be drawn, among these", f"{1e3 * result['delay']:.0f} ms (95 %: {1e3 * result['most_delays']:.0f})",
           "wanted: 200 ms", 0.2 / result["delay"], 1)


def plot_frames():
    """100 curves of a million points in one plot of 1920 pixels."""
    for smoothing in (0, 0.6):
        result = printed(BIN / "plot_frames", 100, 1_000_000, smoothing)
        what = f"100 runs × 1,000,000 points, {f'smoothed {smoothing}' if smoothing else 'as logged'}: a frame while zooming and panning"
        yield (what, f"{result['moving']:.1f} ms (slowest {result['slowest']:.1f})", f"all points handed to ImPlot {result['all_points']:.0f} ms",
               result["all_points"] / result["moving"], 100)
        yield "… against 8 ms", f"{result['moving']:.1f} ms", "wanted: 8 ms", 8 / result["moving"], 1
        yield "… when nothing changed", f"{result['still']:.2f} ms", "wanted: 1 ms", 1 / result["still"], 1
        yield "… memory", f"{result['bytes_per_point']:.1f} bytes a point", "wanted: 20", 20 / result["bytes_per_point"], 1


@functools.cache
def run_document():
    """run.json as a launch writes it."""
    with root_of_jobs() as root:
        run, = launched(root, {"name": "many"}, ABLATE_TRAIN="/bin/true")
        return json.loads((run / "run.json").read_text())


@contextlib.contextmanager
def root_of(count):
    with tempfile.TemporaryDirectory() as root:
        for i in range(count):
            folder = pathlib.Path(root, f"20260101-000000-run{i}")
            folder.mkdir()
            (folder / "run.json").write_text(json.dumps(run_document() | {"variant": f"run{i}"}))
            (folder / "status.json").write_text(json.dumps({"format": 1, "status": "completed", "step": 400, "total_steps": 400,
                                                            "metrics": {"loss/train": 0.1, "iou/val": 0.9}}))
        yield root


def list_runs():
    for count in (200, 2000):
        with root_of(count) as runs:
            us, them = alternately(lambda: timed(BIN / "ablate", "--runs", runs, "list"), lambda: timed(sys.executable, "-c", "import torch"), 5)
            listing = printed(BIN / "list_again", runs)
        yield f"`ablate list` of {count:,} runs", f"{us * 1e3:.0f} ms", f"import torch {them * 1e3:.0f} ms", them / us, None
    yield "… against 2 s", f"{us * 1e3:.0f} ms", "wanted: 2 s", 2 / us, 1
    yield ("… in a window, when nothing changed", f"{listing['again']:.0f} ms (first {listing['first']:.0f})", "wanted: 100 ms",
           100 / listing["again"], 1)


def first_frame():
    def seconds():
        start = time.perf_counter()
        with subprocess.Popen([BIN / "first_frame", runs], stdout=subprocess.PIPE) as window:
            if window.stdout.readline() != b"shown\n":
                sys.exit("first_frame showed nothing")
            return time.perf_counter() - start

    with root_of(1000) as runs:
        us = statistics.median(seconds() for _ in range(5))
    yield "the window's first frame, with 1,000 runs on disk", f"{us * 1e3:.0f} ms", "wanted: 500 ms", 0.5 / us, 1


def idle_window(seconds=20):
    with root_of(200) as runs, subprocess.Popen([BIN / "ablate", "--runs", runs, "open"]) as window:
        time.sleep(5)
        used, start = processor_seconds(window.pid), time.perf_counter()
        time.sleep(seconds)
        share = (processor_seconds(window.pid) - used) / (time.perf_counter() - start)
        window.terminate()
    yield "a window on 200 runs in which nothing happens", f"{100 * share:.2f} % of a core", "wanted: 1 %", 0.01 / max(share, 1e-4), 1


def training_steps():
    """Ours in fp32, and in bf16 where the processor computes in it, against PyTorch as the obvious script has it: eager, fp32."""
    flags = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    amx, bf16 = "amx_bf16" in flags, "avx512_bf16" in flags or "amx_bf16" in flags
    for channels, wanted in ((8, 1.4), (16, 1.2), (64, 1.05)):
        for size in (128, 256):
            seconds, times = (6, 3) if channels < 64 else (10, 1)  # A step of 64 channels takes up to half a minute.
            ours = lambda precision: printed(BIN / "training_step", channels, size, THREADS, seconds, precision, "cpu")["images_per_second"]
            theirs = lambda: printed(sys.executable, HERE / "training_step.py", channels, size, THREADS, seconds)["images_per_second"]
            us, them = alternately(lambda: ours("fp32"), theirs, times)
            what = f"training step, {channels} channels, {size}×{size}, batch 16"
            yield what, f"{us:.1f} images/s", f"PyTorch {them:.1f} images/s", us / them, wanted
            if bf16 and size == 128:
                mixed = ours("bf16")
                yield what + ", bf16", f"{mixed:.1f} images/s", f"PyTorch {them:.1f} images/s", mixed / them, 1.8 if amx else None


def logged_run(config):
    """Seconds a step, from the log's own times, and the share of them that it waited for data."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "run.json").write_text(json.dumps({"format": 1, "config": config}))
        subprocess.run([BIN / "ablate-train", "run", folder], check=True, capture_output=True,
                       env=os.environ | {"OMP_WAIT_POLICY": "passive"})  # As launchers start it.
        log = EventAccumulator(folder, size_guidance={"scalars": 0}).Reload()
        steps = [event.wall_time for event in log.Scalars("time/step_ms")]
        return (steps[-1] - steps[0]) / (len(steps) - 1), statistics.mean(event.value for event in log.Scalars("time/waiting_for_data"))


def around_the_step():
    """What a run does besides its steps: waiting for data, and checkpoints, which are made often here to be seen at all."""
    waited = []

    def seconds(every, steps=60):
        each, share = logged_run({"data": {"size": [128, 128], "count": 96, "held_out": 16}, "model": {"channels": 16},
                                  "train": {"steps": steps}, "checkpoint": {"every": every}, "validation": {"every": steps},
                                  "log": {"histograms_every": 0, "previews": 0}})
        waited.append(share)
        return each

    often, never = alternately(lambda: seconds(5), lambda: seconds(10**6))
    each = max(0.0, 5 * (often - never))
    share = each / (100 * never)
    yield ("a checkpoint every 100 steps, 16 channels, 128×128", f"{each * 1e3:.0f} ms each: {share:.2%} of the time", "wanted: 1 %",
           0.01 / max(share, 1e-5), 1)
    yield "… waiting for data", f"{statistics.median(waited):.2%} of the time", "wanted: 2 %", 0.02 / max(statistics.median(waited), 1e-5), 1


def layer_statistics():
    """Statistics at the defaults against none: norms' at every step, and every 100 steps all that is written of layers and weights,
    which is made every 5 here to be seen at all."""
    for channels, steps, times in ((8, 100, 3), (16, 60, 3), (64, 15, 2)):
        def seconds(**log):
            return logged_run({"data": {"size": [96, 64], "count": 96, "held_out": 16}, "model": {"channels": channels},
                               "train": {"steps": steps}, "checkpoint": {"every": 10**6}, "validation": {"every": steps},
                               "log": {"previews": 0, "histograms_every": 0, **log}})[0]
        rows = [(seconds(norm_every=0), seconds(), seconds(histograms_every=5)) for _ in range(times)]
        none, norms, often = map(statistics.median, zip(*rows))
        each = max(0.0, 5 * (often - norms))
        share = max(0.0, norms - none) / none + each / (100 * none)
        yield (f"statistics of layers at the defaults, {channels} channels, 96×64",
               f"{share:.1%} of a step's {none * 1e3:.0f} ms (norms {max(0.0, norms / none - 1):.1%}, the rest {each * 1e3:.0f} ms every 100)",
               "wanted: 3 %", 0.03 / max(share, 1e-4), 1)


def launched(root, experiment, *options, **environment):
    file = pathlib.Path(root, "experiment.json")
    file.write_text(json.dumps(experiment))
    return [pathlib.Path(run["run"]) for run in
            json.loads(subprocess.run([BIN / "ablate", "--runs", root, "launch", file, "--json", *map(str, options)], check=True,
                                      capture_output=True, text=True, env={**os.environ, **environment}).stdout)]


def processor_seconds(process):
    """So far."""
    fields = pathlib.Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def keeper_seconds(root):
    """Processor time of the queue's keeper so far."""
    return processor_seconds(pathlib.Path(root, ".ablate/queue/keeper").read_text().strip())


def root_of_jobs():
    """Its keeper may write a last word while it is removed."""
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def queue():
    """The keeper alone: its workers do nothing but note when they start and end."""
    def jobs(count, slots, seconds):
        worker = pathlib.Path(root, "worker")
        worker.write_text(f'#!/bin/sh\ndate +%s%N > "$2/started"\nsleep {seconds}\n'
                          'echo \'{"format": 1, "status": "completed"}\' > "$2/status.json"\ndate +%s%N > "$2/ended"\n')
        worker.chmod(0o755)
        return launched(root, {"name": "jobs", "seeds": list(range(count))}, "--slots", slots, ABLATE_TRAIN=str(worker))

    def until_all(runs, name):
        while not all((run / name).exists() and (run / name).read_text().endswith("\n") for run in runs):
            time.sleep(0.05)
        return sorted(int((run / name).read_text()) / 1e9 for run in runs)

    with root_of_jobs() as root:
        runs = jobs(21, 1, 0.05)
        starts, ends = until_all(runs, "started"), until_all(runs, "ended")
        gaps = sorted(start - end for start, end in zip(starts[1:], ends))
        yield ("from a free slot to the next job's start", f"{1e3 * statistics.median(gaps):.0f} ms, at most {1e3 * gaps[-1]:.0f} ms",
               "wanted: 50 ms", 0.05 / statistics.median(gaps), 1)
    with root_of_jobs() as root:
        runs = jobs(100, 100, 40)
        until_all(runs, "started")
        time.sleep(2)
        before, seconds = keeper_seconds(root), 20
        time.sleep(seconds)
        share = (keeper_seconds(root) - before) / seconds
        until_all(runs, "ended")
        yield "the queue's keeper with 100 running jobs", f"{share:.2%} of a core", "wanted: 1 %", 0.01 / max(share, 1e-4), 1


def sweep():
    """The controller alone, and the queue's keeper with it: trials train a formula (tests/sweeps/trivial_worker.cpp), with a status a second."""
    environment = {**os.environ, "ABLATE_TRAIN": str(BIN / "trivial_worker")}

    def start(root, slots, trials, steps, every, step_ms):
        file = pathlib.Path(root, "sweep.json")
        file.write_text(json.dumps({"name": "s", "base": {"train": {"steps": steps}, "validation": {"every": every}}, "budget": {"trials": trials},
                                    "space": {"optimizer.lr": {"type": "float", "low": 1e-5, "high": 1, "log": True}}, "sampler": {"name": "tpe"},
                                    "pruner": {"name": "median"}, "objective": {"metric": "iou/val", "direction": "maximize"}}))
        return subprocess.Popen([BIN / "ablate", "--runs", root, "sweep", "run", file, "--slots", str(slots)],
                                env={**environment, "TRIVIAL_STEP_MS": str(step_ms)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def diary(root, word):
        path = pathlib.Path(root, "diary")
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [float(line[2]) for line in lines if line[0] == word]

    with root_of_jobs() as root:
        start(root, 1, 21, 1, 1, 50).wait()
        gaps = sorted(begin - end for begin, end in zip(diary(root, "start")[1:], diary(root, "end")))
        yield ("a sweep's next trial: from a free slot to its start", f"{1e3 * statistics.median(gaps):.0f} ms, at most {1e3 * gaps[-1]:.0f} ms",
               "wanted: 50 ms", 0.05 / statistics.median(gaps), 1)
    for every in (10, 1):
        with root_of_jobs() as root:
            process = start(root, 100, 100, 40, every, 1000)
            while len(diary(root, "start")) < 100:
                time.sleep(0.1)
            time.sleep(2)
            before, seconds = processor_seconds(process.pid), 20
            time.sleep(seconds)
            share = (processor_seconds(process.pid) - before) / seconds
            yield (f"a sweep's controller with 100 running jobs, a value of each every {every} s", f"{share:.2%} of a core", "wanted: 1 %",
                   0.01 / max(share, 1e-4), 1 if every > 1 else None)
            process.wait()


def sharing():
    """Whether small runs are faster in several workers of one thread than in one worker of all threads, and what a worker costs before it trains."""
    for channels in (4, 8):
        def per_minute(slots, count=2 * THREADS):
            with root_of_jobs() as root:
                base = {"data": {"size": [64, 64], "count": 96, "held_out": 16}, "model": {"channels": channels}, "train": {"steps": 100}}
                start = time.perf_counter()
                launched(root, {"name": "small", "base": base, "seeds": list(range(count))}, "--slots", slots, "--wait")
                return 60 * count / (time.perf_counter() - start)

        many, one = alternately(lambda: per_minute(THREADS), lambda: per_minute(1))
        yield (f"runs of 100 steps, {channels} channels, 64×64: {THREADS} workers of one thread", f"{many:.1f} runs/min",
               f"one worker of {THREADS} threads {one:.1f} runs/min", many / one, None)

    def seconds_before_training():
        with root_of_jobs() as root:
            start = time.time()
            run, = launched(root, {"base": {"data": {"size": [64, 64], "count": 96, "held_out": 16}, "train": {"steps": 1}}}, "--wait")
            return json.loads((run / "status.json").read_text())["started_seconds"] - start

    start = statistics.median(seconds_before_training() for _ in range(5))
    yield "from launching a run to its first step", f"{start:.2f} s: {start / 30:.1%} of a run of 30 s", "", None, None


def demo(folder):
    if not folder:
        return

    def ours():
        with tempfile.TemporaryDirectory() as root:
            return timed(BIN / "ablate", "--runs", root, "demo", "--data", folder,
                         env={key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")})

    us, them = alternately(ours, lambda: printed(sys.executable, HERE / "plain_demo.py", folder)["seconds"], 1)
    yield "the demo's four runs on photographs", f"{us:.0f} s", f"PyTorch script {them:.0f} s", them / us, 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", metavar="FOLDER", type=lambda path: pathlib.Path(path).resolve(),
                        help="train on these where it can be either, and measure the demo's four runs too")
    parts = (write_scalars, read_scalars, open_runs, tail_runs, plot_frames, list_runs, first_frame, idle_window, training_steps, around_the_step, layer_statistics, queue, sweep, sharing, samplers.suggest,
             samplers.gp_suggestion, samplers.journal, samplers.regret, samplers.gp_regret, samplers.importance, range_tests, asha, demo)
    parser.add_argument("--only", choices=[part.__name__ for part in parts], help="of all parts this one")
    arguments = parser.parse_args()
    print(f"{datetime.date.today()}, {THREADS} threads of {platform.processor() or platform.machine()}\n")
    print("| what | Ablate | counterpart | ratio | wanted |\n|---|---|---|---|---|")
    missed = []
    on_photographs = {range_tests, asha, demo}
    for part in parts:
        if arguments.only not in (None, part.__name__):
            continue
        for what, ours, theirs, ratio, wanted in part(arguments.photographs) if part in on_photographs else part():
            print(f"| {what} | {ours} | {theirs} | {f'{ratio:.2f}' if ratio else ''} | {f'≥ {wanted:.3g}' if wanted else ''} |", flush=True)
            if wanted and ratio < wanted:
                missed.append(what)
    if missed:
        sys.exit(f"\nslower than wanted: {', '.join(missed)}")


if __name__ == "__main__":
    main()
