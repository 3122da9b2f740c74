"""Our network, losses and optimisers against plain PyTorch (twin.py): outputs, losses, gradients, running statistics."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import torch
from safetensors.torch import load_file
from torch.nn import functional as F
from torch.optim import lr_scheduler

import twin

# Relative to the largest value. In float64 what differs is the code; in float32 also the order of additions.
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def foreground_logit(logits):
    return logits if logits.shape[1] == 1 else logits[:, 1:] - logits[:, :1]


def dice(p, y):
    return 1 - (2 * (p * y).sum() + 1e-6) / (p.sum() + y.sum() + 1e-6)


def blurred(x):
    row = torch.tensor([1, 4, 6, 4, 1], dtype=x.dtype)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), (torch.outer(row, row) / 256)[None, None])


def laplacian_pyramid(x):
    levels = []
    for _ in range(5):
        x = x[:, :, :x.shape[2] // 2 * 2, :x.shape[3] // 2 * 2]
        if min(x.shape[2:]) < 4:  # Too small to be reflected.
            break
        down = blurred(x)[:, :, ::2, ::2]
        up = torch.zeros_like(x)
        up[:, :, ::2, ::2] = down * 4
        levels.append(x - blurred(up))
        x = down
    return levels


def laplacian(p, y):
    pairs = zip(laplacian_pyramid(p), laplacian_pyramid(y))
    return sum(2 ** level * (a - b).abs().mean() for level, (a, b) in enumerate(pairs)) / 5


def gradient_length(x):
    kernel = torch.tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype) / 8
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return (F.conv2d(padded, kernel[None, None]) ** 2 + F.conv2d(padded, kernel.T[None, None]) ** 2 + 1e-6).sqrt()


def soft_iou(p, y):
    shares = []
    for b in range(len(p)):
        union = (p[b] + y[b] - p[b] * y[b]).sum()
        shares.append((p[b] * y[b]).sum() / union if union > 0 else torch.tensor(1.0))
    return -torch.log(torch.stack(shares).mean())


def loss_terms(config, logits, mask):
    """Each by its name, as losses.h has it."""
    z, y = foreground_logit(logits), mask
    p, classes = torch.sigmoid(z), (mask[:, 0] > 0.5).long()
    both = logits if logits.shape[1] == 2 else torch.cat([torch.zeros_like(logits), logits], 1)
    losses = {
        "bce": lambda: F.binary_cross_entropy_with_logits(z, y),
        "ce": lambda: F.cross_entropy(both, classes),
        "ce_on_softmax": lambda: F.cross_entropy(both.softmax(1), classes),
        "iou": lambda: soft_iou(p, y),
        "dice": lambda: dice(p, y),
        "dice_per_image": lambda: torch.stack([dice(p[b], y[b]) for b in range(len(p))]).mean(),
        "mse": lambda: F.mse_loss(p, y),
        "l1": lambda: F.l1_loss(p, y),
        "laplacian": lambda: laplacian(p, y),
        "sobel": lambda: (gradient_length(p) - gradient_length(y)).abs().mean(),
    }
    assert losses.keys() == config.keys(), config
    return {name: loss() for name, loss in losses.items() if config[name]}


def iou(logits, mask):
    p, y = foreground_logit(logits) > 0, mask > 0.5
    both, either = (p & y).flatten(1).sum(1), (p | y).flatten(1).sum(1)
    return torch.where(either == 0, 1.0, both / either.clamp(min=1))


def make_optimizer(config, parameters):
    """What is null is left to PyTorch."""
    takes = {"sgd": ("weight_decay", "momentum", "nesterov"), "rmsprop": ("weight_decay", "momentum", "alpha", "eps"),
             "adagrad": ("weight_decay", "eps"), "adam": ("weight_decay", "eps"), "adamw": ("weight_decay", "eps")}[config["name"]]
    given = {key: config[key] for key in takes if config[key] is not None}
    if config["name"].startswith("adam"):
        given["betas"] = (config["beta1"], config["beta2"])
    if config["name"] == "sgd":
        given.setdefault("momentum", 0.9)
    kind = {"sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adam": "Adam", "adamw": "AdamW"}[config["name"]]
    return getattr(torch.optim, kind)(parameters, config["lr"], **given)


def make_scheduler(config, optimizer, steps):
    """Of those that move momentum too; the others have test_schedules.py."""
    lr, schedule = config["optimizer"]["lr"], config["schedule"]
    if schedule["name"] == "onecycle":
        return lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    if schedule["name"] == "cyclic":
        return lr_scheduler.CyclicLR(optimizer, lr, 10 * lr, step_size_up=schedule["up_steps"])
    return lr_scheduler.ConstantLR(optimizer, 1)


class Parity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([pathlib.Path(os.environ["ABLATE_BIN"]) / "parity_cases", cls.folder.name], check=True)
        cls.cases = sorted(pathlib.Path(cls.folder.name).iterdir())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def close(self, ours, theirs, what, scale=0):
        self.assertEqual(ours.shape, theirs.shape, what)
        scale = max(scale, theirs.abs().max().item())
        worst = (ours.double() - theirs.double()).abs().max().item()
        self.assertLessEqual(worst, self.tolerance * scale, f"{what}: off by {worst}, largest value {scale}")

    def check(self, folder):
        case = json.loads((folder / "case.json").read_text())
        config, tensors = case["config"], load_file(folder / "tensors.safetensors")
        part = lambda prefix: {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}
        self.tolerance = TOLERANCE[case["precision"]]
        mixed = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(config["train"]["precision"])
        if mixed:
            # A sum that differs in float32 may be rounded to the next number of that type, and behind a norm again in the layers before:
            # how often depends on the processor (once on one, three times on another, without a norm hardly ever on either).
            self.tolerance = torch.finfo(mixed).eps * (1 if config["model"]["norm"] == "none" else 4)
        scaler = torch.amp.GradScaler("cpu", enabled=mixed == torch.float16)
        net = twin.make(config["model"]).to(getattr(torch, case["precision"]))
        # Strict: every name of PyTorch's state dict is in ours, and no other.
        net.load_state_dict(part("before/"), strict=True)
        optimizer = make_optimizer(config["optimizer"], net.parameters())
        scheduler = make_scheduler(config, optimizer, case["steps"])
        batches = config["train"]["accumulate"]
        for step in range(case["steps"]):
            optimizer.zero_grad()
            for index in range(step * batches, (step + 1) * batches):
                with torch.autocast("cpu", mixed, enabled=mixed is not None):
                    logits = net(tensors[f"image{index}"])
                logits = logits.to(tensors[f"image{index}"].dtype)
                mask = tensors[f"mask{index}"]
                terms = loss_terms(config["loss"], logits, mask)
                self.assertEqual(terms.keys(), case["losses"][index].keys())
                for name, value in terms.items():
                    self.close(torch.tensor(case["losses"][index][name], dtype=torch.float64), value.detach(), f"loss {name} of batch {index}")
                pixel = 0.03 if mixed else 0  # A logit that rounds to the other side of 0, of 192.
                self.assertTrue(torch.allclose(tensors[f"iou{index}"], iou(logits, mask).float(), atol=1e-8 + pixel), f"IoU of batch {index}")
                scaler.scale(sum(config["loss"][name] * value for name, value in terms.items()) / batches).backward()
            scaler.unscale_(optimizer)
            if step == 0:
                gradients = part("gradient/")
                theirs = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
                self.assertEqual(gradients.keys(), theirs.keys())
                # A bias before a norm has no gradient but rounding noise: the scale is the network's, not its own.
                largest = max(g.abs().max().item() for g in theirs.values())
                for name, gradient in theirs.items():
                    self.close(gradients[name], gradient, f"gradient of {name}", scale=largest if mixed else 0.1 * largest)
            if config["train"]["clip_norm"]:
                torch.nn.utils.clip_grad_norm_(net.parameters(), config["train"]["clip_norm"])
            scaler.step(optimizer)
            scaler.update()
            if step + 1 < case["steps"]:
                scheduler.step()
        after = part("after/")
        for name, tensor in net.state_dict().items():
            if name.endswith("num_batches_tracked"):
                self.assertEqual(after[name].item(), tensor.item(), name)
            else:  # An update that is rounding noise alone is small beside the learning rate.
                self.close(after[name], tensor, f"{name} after {case['steps']} steps", scale=config["optimizer"]["lr"])
        net.eval()
        with torch.no_grad():
            self.close(tensors["logits"], net(tensors["image0"]), "logits in eval mode")

    def test_every_value_of_every_option_equals_pytorch(self):
        self.assertGreater(len(self.cases), 150)
        for folder in self.cases:
            case = json.loads((folder / "case.json").read_text())
            with self.subTest(case["name"], precision=case["precision"]):
                self.check(folder)

    def test_a_network_with_another_activation_does_not_pass(self):
        folder = next(f for f in self.cases if json.loads((f / "case.json").read_text())["name"] == "model.activation=gelu")
        case = json.loads((folder / "case.json").read_text())
        case["config"]["model"]["activation"] = "silu"
        (folder / "case.json").write_text(json.dumps(case))
        with self.assertRaises(AssertionError):
            self.check(folder)
        case["config"]["model"]["activation"] = "gelu"
        (folder / "case.json").write_text(json.dumps(case))


if __name__ == "__main__":
    unittest.main()
