"""The same training step in plain PyTorch, eager: training_step.py CHANNELS SIZE THREADS SECONDS"""
import json
import pathlib
import sys
import time

import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "experiments/training"))
import twin  # noqa: E402

channels, size, threads, seconds = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)
net = twin.UNet(dict(twin.DEFAULTS, channels=channels))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
x, y = torch.rand(16, 3, size, size), (torch.rand(16, 1, size, size) > 0.5).float()


def step():
    loss = F.binary_cross_entropy_with_logits(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


for _ in range(3):
    step()
start, steps = time.perf_counter(), 0
while (passed := time.perf_counter() - start) < seconds:
    step()
    steps += 1
print(json.dumps({"images_per_second": steps * 16 / passed}))
