"""Learning rate and momentum of every schedule, step by step, against torch.optim.lr_scheduler."""
import json
import os
import subprocess
import unittest

import torch
from torch.optim import lr_scheduler


def ours(steps, *assignments):
    done = subprocess.run([os.path.join(os.environ["ABLATE_BIN"], "schedule_values"), str(steps), *assignments], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


def theirs(steps, make, lr=0.1):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    scheduler = make(optimizer)
    values = []
    for _ in range(steps):
        values.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        if len(values) < steps:
            scheduler.step()
    return values


class Schedules(unittest.TestCase):
    def compare(self, got, wanted, momentum=False):
        self.assertEqual(len(got), len(wanted))
        for step, ((lr, ours_momentum), (their_lr, their_momentum)) in enumerate(zip(got, wanted)):
            self.assertAlmostEqual(lr, their_lr, delta=1e-6 * abs(their_lr) + 1e-12, msg=f"step {step}")
            if momentum:
                self.assertAlmostEqual(ours_momentum, their_momentum, delta=1e-9, msg=f"step {step}")
            else:
                self.assertIsNone(ours_momentum)

    def test_constant(self):
        self.compare(ours(30, "optimizer.lr=0.1"), theirs(30, lambda o: lr_scheduler.ConstantLR(o, 1)))

    def test_cosine(self):
        for steps in (1, 2, 7, 400):
            self.compare(ours(steps, "optimizer.lr=0.1", "schedule.name=cosine", "schedule.min_lr=0.003"),
                         theirs(steps, lambda o: lr_scheduler.CosineAnnealingLR(o, steps, eta_min=0.003)))

    def test_onecycle_with_momentum(self):
        for steps in (1, 2, 3, 4, 5, 10, 37, 400):
            self.compare(ours(steps, "optimizer.lr=0.1", "schedule.name=onecycle"),
                         theirs(steps, lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=steps)), momentum=True)

    def test_onecycle_takes_its_own_maximum(self):
        self.compare(ours(50, "schedule.name=onecycle", "schedule.max_lr=0.5"),
                     theirs(50, lambda o: lr_scheduler.OneCycleLR(o, 0.5, total_steps=50)), momentum=True)

    def test_warmup_in_front_of_cosine(self):
        def make(optimizer):
            rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / 11, total_iters=10)
            return lr_scheduler.SequentialLR(optimizer, [rise, lr_scheduler.CosineAnnealingLR(optimizer, 90)], [10])

        self.compare(ours(100, "optimizer.lr=0.1", "schedule.name=cosine", "schedule.warmup_steps=1ep"), theirs(100, make))

    def test_warmup_in_front_of_constant_and_onecycle(self):
        def constant(optimizer):
            rise = lr_scheduler.LinearLR(optimizer, start_factor=1 / 6, total_iters=5)
            return lr_scheduler.SequentialLR(optimizer, [rise, lr_scheduler.ConstantLR(optimizer, 1)], [5])

        self.compare(ours(20, "optimizer.lr=0.1", "schedule.warmup_steps=5"), theirs(20, constant))
        # OneCycleLR sets the rate that it starts from itself, so its warm-up has to rise to that.
        alone = ours(15, "optimizer.lr=0.1", "schedule.name=onecycle")
        both = ours(20, "optimizer.lr=0.1", "schedule.name=onecycle", "schedule.warmup_steps=5")
        self.assertEqual(both[5:], alone)
        for step, (lr, momentum) in enumerate(both[:5]):
            self.assertAlmostEqual(lr, alone[0][0] * (step + 1) / 6, delta=1e-12)
            self.assertEqual(momentum, alone[0][1])


if __name__ == "__main__":
    unittest.main()
