"""The same training step in plain PyTorch: training_step.py CHANNELS SIZE THREADS SECONDS [PRECISION DEVICE [compiled]]"""
import json
import pathlib
import sys
import time

import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import twin  # noqa: E402

channels, size, threads, seconds = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
precision, device = sys.argv[5:7] if len(sys.argv) > 5 else ("fp32", "cpu")
torch.set_num_threads(threads)
torch.manual_seed(0)
net = twin.UNet(dict(twin.DEFAULTS, channels=channels)).to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
x, y = torch.rand(16, 3, size, size, device=device), (torch.rand(16, 1, size, size, device=device) > 0.5).float()
model = torch.compile(net) if sys.argv[7:] == ["compiled"] else net


def step():
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
        loss = F.binary_cross_entropy_with_logits(model(x).float(), y)
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
