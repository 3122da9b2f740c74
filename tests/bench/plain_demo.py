"""The demo's four runs as a plain PyTorch script would do them: plain_demo.py FOLDER [STEPS]. Prints one JSON object.

Same photographs, size, batches, optimiser, steps and validations (eval and train mode, every 20 steps) as `ablate demo`;
no logging, no checkpoints, no statistics.
"""
import json
import pathlib
import sys
import time

import numpy
import torch
from PIL import Image
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
import twin  # noqa: E402

VARIANTS = {"batch-separate": ("batch", "none"), "batch-shared": ("batch", "block"), "instance-shared": ("instance", "block"),
            "no-norm": ("none", "none")}


def read(folder):
    images, masks = [], []
    for file in sorted((folder / "images").iterdir()):
        image = Image.open(file).convert("RGB").resize((64, 96), Image.BOX)
        mask = Image.open(folder / "masks" / (file.stem + ".png")).convert("L").resize((64, 96), Image.BOX)
        images.append(numpy.asarray(image).transpose(2, 0, 1))
        masks.append(numpy.asarray(mask)[None])
    return [torch.from_numpy(numpy.stack(planes)).float() / 255 for planes in (images, masks)]


def iou(logits, target):
    p, y = logits > 0, target >= 0.5
    both, either = (p & y).flatten(1).sum(1), (p | y).flatten(1).sum(1)
    return torch.where(either == 0, 1.0, both / either.clamp(min=1))


@torch.no_grad()
def validate(net, images, masks, train_mode):
    net.train(train_mode)
    for module in net.modules():  # Batch statistics, but buffers left alone.
        if isinstance(module, torch.nn.BatchNorm2d):
            module.track_running_stats = not train_mode
    saved = {name: buffer.clone() for name, buffer in net.named_buffers()}
    scores = [iou(net(x), y) for x, y in zip(images.split(16), masks.split(16))]
    for name, buffer in net.named_buffers():
        buffer.copy_(saved[name])
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.track_running_stats = True
    net.train()
    return torch.cat(scores).mean().item()


def train(images, masks, held_out, norm, sharing, steps):
    torch.manual_seed(1)
    net = twin.UNet(dict(twin.DEFAULTS, channels=8, norm=norm, norm_sharing=sharing))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    order = []
    for step in range(1, steps + 1):
        if len(order) < 16:
            order = torch.randperm(len(images)).tolist()
        chosen, order = order[:16], order[16:]
        x, y = images[chosen], masks[chosen]
        flip = torch.rand(16) < 0.5
        x[flip], y[flip] = x[flip].flip(-1), y[flip].flip(-1)
        loss = F.binary_cross_entropy_with_logits(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        if step % 20 == 0:
            scores = [validate(net, *held_out, mode) for mode in (False, True)]
    return scores


def main():
    folder, steps = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 400
    start = time.perf_counter()
    images, masks = read(folder)
    held = torch.from_numpy(numpy.random.default_rng(0).permutation(len(images)))
    held_out, rest = held[:48], held[48:]
    runs = {}
    for name, (norm, sharing) in VARIANTS.items():
        began = time.perf_counter()
        scores = train(images[rest], masks[rest], (images[held_out], masks[held_out]), norm, sharing, steps)
        runs[name] = {"eval": scores[0], "train_mode": scores[1], "seconds": time.perf_counter() - began}
    print(json.dumps({"seconds": time.perf_counter() - start, "runs": runs}))


if __name__ == "__main__":
    main()
