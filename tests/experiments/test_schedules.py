"""Learning rate and momentum of every schedule, step by step, against torch.optim.lr_scheduler."""
import json
import math
import os
import random
import subprocess
import unittest

import torch
from torch.optim import lr_scheduler, swa_utils


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

    def test_multistep(self):
        for milestones, steps in (("20,50", [20, 50]), ("2ep,5ep", [20, 50]), ("[7,7,30]", [7, 7, 30])):
            self.compare(ours(80, "optimizer.lr=0.1", "schedule.name=multistep", f"schedule.milestones={milestones}", "schedule.gamma=0.3"),
                         theirs(80, lambda o: lr_scheduler.MultiStepLR(o, steps, 0.3)))

    def test_step(self):
        self.compare(ours(80, "optimizer.lr=0.1", "schedule.name=step", "schedule.step_size=7"),
                     theirs(80, lambda o: lr_scheduler.StepLR(o, 7)))

    def test_exponential(self):
        self.compare(ours(80, "optimizer.lr=0.1", "schedule.name=exponential", "schedule.gamma=0.97"),
                     theirs(80, lambda o: lr_scheduler.ExponentialLR(o, 0.97)))
        values = ours(101, "optimizer.lr=0.1", "schedule.name=exponential")
        self.assertAlmostEqual(values[-1][0], 0.1 * 0.01 ** (100 / 101))

    def test_polynomial(self):
        for power in (1, 2.5):
            self.compare(ours(80, "optimizer.lr=0.1", "schedule.name=polynomial", f"schedule.power={power}"),
                         theirs(80, lambda o: lr_scheduler.PolynomialLR(o, 80, power)))

    def test_cosine_with_restarts(self):
        for period, longer, steps in ((7, 1, 60), (7, 2, 200), (1, 3, 50), (300, 1, 100)):
            self.compare(ours(steps, "optimizer.lr=0.1", "schedule.name=cosine-restarts", f"schedule.period={period}",
                              f"schedule.period_mult={longer}", "schedule.min_lr=0.002"),
                         theirs(steps, lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, period, longer, 0.002)))

    def test_cyclic_with_momentum(self):
        for cycle, gamma in (("triangular", 1), ("triangular2", 1), ("exp_range", 0.99)):
            for up, down in ((5, None), (4, 11)):
                down_steps = [f"schedule.down_steps={down}"] if down else []
                self.compare(ours(90, "optimizer.lr=0.1", "schedule.name=cyclic", "schedule.max_lr=0.7", f"schedule.up_steps={up}",
                                  f"schedule.cycle={cycle}", f"schedule.gamma={gamma}", *down_steps),
                             theirs(90, lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.7, up, down, cycle, gamma)), momentum=True)

    def test_plateau_also_across_a_resume(self):
        rng = random.Random(3)
        falling = [1 / (1 + i / 5) + 0.2 * rng.random() for i in range(120)]
        for tag, mode in (("loss/val", "min"), ("iou/val", "max")):
            for patience in (0, 3, 10):
                values = falling if mode == "min" else [1 - v for v in falling]
                optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
                scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, mode, 0.5, patience, min_lr=1e-3)
                wanted = []
                for value in values:
                    wanted.append((optimizer.param_groups[0]["lr"], None))
                    scheduler.step(value)
                got = ours(len(values), "optimizer.lr=0.1", "schedule.name=plateau", f"schedule.patience={patience}", "schedule.gamma=0.5",
                           "schedule.min_lr=1e-3", f"schedule.metric={tag}", "@" + json.dumps(values))
                self.compare(got, wanted)
                self.assertLess(wanted[-1][0], 0.1)

    def test_yolox_cosine_by_epochs(self):
        # YOLOX's formula, written again: ten steps an epoch.
        for epochs in (8, 40, 300):
            lr, warm, flat = 0.1, min(max(0.05 * epochs, 1), 3), min(max(0.05 * epochs, 1), 15)
            first, last = max(0.1 * lr, 1e-6), 0.01 * lr
            wanted = []
            for step in range(10 * epochs):
                t = step // 10
                if t <= warm:
                    wanted.append((lr - first) * (t / warm) ** 2 + first)
                elif t >= epochs - flat:
                    wanted.append(last)
                else:
                    wanted.append(last + 0.5 * (lr - last) * (1 + math.cos(math.pi * (t - warm) / (epochs - warm - flat))))
            self.compare(ours(10 * epochs, "optimizer.lr=0.1", "schedule.name=yolox-cosine"), [(value, None) for value in wanted])

    def test_swa_after_any_schedule(self):
        # As in PyTorch's own recipe, an epoch being ten steps: from epoch 8 on SWALR is stepped instead, after each epoch.
        schedules = {
            "constant": lambda o: lr_scheduler.ConstantLR(o, 1),
            "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 300),
            "multistep": lambda o: lr_scheduler.MultiStepLR(o, [30, 50], 0.1),
            "step": lambda o: lr_scheduler.StepLR(o, 33, 0.5),
            "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.99),
            "polynomial": lambda o: lr_scheduler.PolynomialLR(o, 300, 2),
            "cosine-restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 30, 2),
            "cyclic": lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.7, 13, 9),
            "onecycle": lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=300),
            "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, "min", 0.9, 2),
        }
        options = {
            "multistep": ["schedule.milestones=30,50"], "step": ["schedule.step_size=33", "schedule.gamma=0.5"],
            "exponential": ["schedule.gamma=0.99"], "polynomial": ["schedule.power=2"],
            "cosine-restarts": ["schedule.period=30", "schedule.period_mult=2"],
            "cyclic": ["schedule.max_lr=0.7", "schedule.up_steps=13", "schedule.down_steps=9"],
            "plateau": ["schedule.gamma=0.9", "schedule.patience=2", "@" + json.dumps([1.0] * 300)],
        }
        for name, make in schedules.items():
            optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
            scheduler = make(optimizer)
            begun = optimizer.param_groups[0]["lr"]
            swa, wanted = swa_utils.SWALR(optimizer, 0.02), []
            optimizer.param_groups[0]["lr"] = begun
            for step in range(300):
                group = optimizer.param_groups[0]
                wanted.append((group["lr"], group["momentum"]))
                optimizer.step()
                if step < 80:
                    scheduler.step(*([1.0] if name == "plateau" else []))
                elif (step - 80) % 10 == 9:
                    swa.step()
            with self.subTest(name):
                self.compare(ours(300, "optimizer.lr=0.1", f"schedule.name={name}", *options.get(name, []), "swa.start=8ep", "swa.lr=0.02"), wanted,
                             momentum=name in ("cyclic", "onecycle"))

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
