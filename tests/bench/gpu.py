"""What a bundle measures: gpu.py BIN [--device cuda] [--size 512] [--seconds 10]

A run is trained to its end on the pictures that came along; then training images a second, ours and PyTorch's, eager and compiled."""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

import torch

HERE = pathlib.Path(__file__).parent
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("bin", type=pathlib.Path)
parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
parser.add_argument("--size", type=int, default=512)
parser.add_argument("--channels", type=int, nargs="+", default=[16, 64])
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--steps", type=int, default=400)
arguments = parser.parse_args()


class Utilisation:
    """Of the card, in percent, asked for while something runs."""

    def __enter__(self):
        self.values, self.done = [], threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.done.wait(0.5):
            if arguments.device == "cuda" and shutil.which("nvidia-smi"):
                out = subprocess.run(["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"], capture_output=True, text=True)
                self.values.append(float(out.stdout.split()[0]))

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def __str__(self):
        return f"{statistics.median(self.values):.0f} %" if self.values else "–"


def speed(*command):
    with Utilisation() as used:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout)["images_per_second"], used


def end_to_end():
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder)
        config = {"train": {"steps": arguments.steps, "device": arguments.device, "batch_size": 16}, "model": {"norm_sharing": "block"},
                  "data": {"held_out": 16}, "validation": {"every": 100}}
        (run / "run.json").write_text(json.dumps({"format": 1, "config": config}))
        print(subprocess.run([arguments.bin / "train_pictures", run, HERE.parents[1] / "pictures.safetensors"], check=True, capture_output=True,
                             text=True).stdout, flush=True)
        status = json.loads((run / "status.json").read_text())
        findings = json.loads((run / "findings.json").read_text())
        if status["status"] != "completed" or not findings:
            sys.exit(f"the run ended otherwise: {status}")


card = torch.cuda.get_device_name() if arguments.device == "cuda" else "CPU"
print(f"{card}, PyTorch {torch.__version__}\n")
end_to_end()
print("| training step, batch 16 | Ablate | PyTorch eager | ratio | torch.compile | ratio | card used |\n|---|---|---|---|---|---|---|")
for channels in arguments.channels:
    for precision in ("fp32", "bf16"):
        words = (channels, arguments.size, torch.get_num_threads(), arguments.seconds, precision, arguments.device)
        ours, used = speed(arguments.bin / "training_step", *words)
        eager, _ = speed(sys.executable, HERE / "training_step.py", *words)
        compiled, _ = speed(sys.executable, HERE / "training_step.py", *words, "compiled") if arguments.device == "cuda" else (float("nan"), None)
        print(f"| {channels} channels, {arguments.size}², {precision} | {ours:.0f} images/s | {eager:.0f} | {ours / eager:.2f} | {compiled:.0f} | "
              f"{ours / compiled:.2f} | {used} |", flush=True)
