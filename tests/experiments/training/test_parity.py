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

import twin

# Relative to the largest value. In float64 what differs is the code; in float32 also the order of additions.
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def foreground_logit(logits):
    return logits if logits.shape[1] == 1 else logits[:, 1:] - logits[:, :1]


def loss_terms(config, logits, mask):
    terms = {}
    if config["bce"]:
        terms["bce"] = F.binary_cross_entropy_with_logits(foreground_logit(logits), mask)
    if config["ce"]:
        both = logits if logits.shape[1] == 2 else torch.cat([torch.zeros_like(logits), logits], 1)
        terms["ce"] = F.cross_entropy(both, (mask[:, 0] > 0.5).long())
    if config["iou"]:
        p, y = torch.sigmoid(foreground_logit(logits)), mask
        shares = []
        for b in range(len(p)):
            union = (p[b] + y[b] - p[b] * y[b]).sum()
            shares.append((p[b] * y[b]).sum() / union if union > 0 else torch.tensor(1.0))
        terms["iou"] = -torch.log(torch.stack(shares).mean())
    return terms


def iou(logits, mask):
    p, y = foreground_logit(logits) > 0, mask > 0.5
    both, either = (p & y).flatten(1).sum(1), (p | y).flatten(1).sum(1)
    return torch.where(either == 0, 1.0, both / either.clamp(min=1))


def make_optimizer(config, parameters):
    if config["name"] == "sgd":
        return torch.optim.SGD(parameters, config["lr"], momentum=config["momentum"], weight_decay=config["weight_decay"])
    assert config["name"] == "adam", config["name"]
    return torch.optim.Adam(parameters, config["lr"], (config["beta1"], config["beta2"]), config["eps"], config["weight_decay"])


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
        net = twin.UNet(config["model"]).to(getattr(torch, case["precision"]))
        # Strict: every name of PyTorch's state dict is in ours, and no other.
        net.load_state_dict(part("before/"), strict=True)
        optimizer = make_optimizer(config["optimizer"], net.parameters())
        for step in range(case["steps"]):
            logits = net(tensors[f"image{step}"])
            mask = tensors[f"mask{step}"]
            terms = loss_terms(config["loss"], logits, mask)
            self.assertEqual(terms.keys(), case["losses"][step].keys())
            for name, value in terms.items():
                self.close(torch.tensor(case["losses"][step][name], dtype=torch.float64), value.detach(), f"loss {name} at step {step}")
            self.assertTrue(torch.allclose(tensors[f"iou{step}"], iou(logits, mask).float()), f"IoU at step {step}")
            optimizer.zero_grad()
            sum(config["loss"][name] * value for name, value in terms.items()).backward()
            if step == 0:
                gradients = part("gradient/")
                theirs = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
                self.assertEqual(gradients.keys(), theirs.keys())
                # A bias before a norm has no gradient but rounding noise: the scale is the network's, not its own.
                largest = max(g.abs().max().item() for g in theirs.values())
                for name, gradient in theirs.items():
                    self.close(gradients[name], gradient, f"gradient of {name}", scale=0.1 * largest)
            if config["train"]["clip_norm"]:
                torch.nn.utils.clip_grad_norm_(net.parameters(), config["train"]["clip_norm"])
            optimizer.step()
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
