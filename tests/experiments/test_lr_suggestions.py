"""What `ablate lr-find --points` suggests, against the rules that fastai and pytorch-lr-finder have published, written again with numpy."""
import csv
import json
import math
import pathlib
import random
import unittest

import numpy as np

from ablate_program import AblateTest

RULES = ("valley", "steep", "minimum", "slide", "pytorch-lr-finder")


def fastai_smoothed(losses):
    mean, smoothed = 0.0, []
    for count, loss in enumerate(losses, 1):
        mean = 0.98 * mean + 0.02 * loss
        smoothed.append(mean / (1 - 0.98 ** count))
    return smoothed


def pytorch_lr_finder_smoothed(losses):
    smoothed = []
    for loss in losses:
        smoothed.append(loss if not smoothed else 0.05 * loss + 0.95 * smoothed[-1])
    return smoothed


def cut(lrs, losses, first):
    lrs, losses = lrs[first:-5], losses[first:-5]
    bad = [i for i, loss in enumerate(losses) if not math.isfinite(loss)]
    end = bad[0] if bad else len(losses)
    return np.array(lrs[:end]), np.array(losses[:end])


def fastai(lrs, smoothed, steps):
    lrs, losses = cut(lrs, smoothed, steps // 10)
    n, found = len(losses), {}
    length, end, start = [1] * n, 0, 0
    for i in range(1, n):
        for j in range(i):
            if losses[i] < losses[j]:
                length[i] = max(length[i], length[j] + 1)
        if length[i] > length[end]:
            end, start = i, i - length[i]
    sections = (end - start) / 3
    found["valley"] = lrs[start + int(sections) + int(sections / 2)]
    found["steep"] = lrs[:-1][np.argmin(np.diff(losses) / np.diff(np.log(lrs)))]
    found["minimum"] = lrs[np.argmin(losses)] / 10
    gradient, right, left = np.gradient(losses), -1, -16
    best = lrs[left]
    while left >= -n and abs(gradient[right] - gradient[left]) > 0.005:
        best = lrs[left]
        right, left = right - 1, left - 1
    found["slide"] = best
    return found


def pytorch_lr_finder(lrs, smoothed):
    lrs, losses = cut(lrs, smoothed, 10)
    return {"pytorch-lr-finder": lrs[np.argmin(np.gradient(losses))]}


def usual(rng, n, noise, flat=0.69, lowest=0.25, blows_up=True):
    """Flat, then falling, then up and away: what range tests look like."""
    losses = []
    for k in range(n):
        x = -7 + 8 * k / n
        loss = lowest + (flat - lowest) / (1 + math.exp(4 * (x + 2.5)))
        if blows_up:
            loss += math.exp(6 * (x + 0.6))
        losses.append(loss * math.exp(rng.gauss(0, noise)))
    return losses


class Suggestions(AblateTest):
    def analysed(self, lrs, losses, *words):
        file = self.folder / "points.csv"
        with open(file, "w", newline="") as out:
            csv.writer(out).writerows([("lr", "loss"), *((repr(lr), repr(loss)) for lr, loss in zip(lrs, losses))])
        return self.json_of("lr-find", "--points", file, *words)

    def check(self, lrs, losses, smooth, steps=None):
        got = self.analysed(lrs, losses, "--smooth", smooth, *(["--iterations", steps] if steps else []))
        smoothed = {"fastai": fastai_smoothed, "pytorch-lr-finder": pytorch_lr_finder_smoothed, "none": list}[smooth](losses)
        for (lr, loss, s), a, b, c in zip(got["points"], lrs, losses, smoothed):
            self.assertEqual(lr, a)
            for ours, theirs in ((loss, b), (s, c)):
                if math.isfinite(theirs):
                    self.assertAlmostEqual(ours, theirs, delta=1e-12 * abs(theirs))
                else:
                    self.assertEqual(ours, {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(theirs)])
        wanted = fastai(lrs, smoothed, steps or len(lrs)) | pytorch_lr_finder(lrs, smoothed)
        for rule in RULES:
            self.assertAlmostEqual(got["suggestions"][rule], wanted[rule], delta=1e-12 * wanted[rule], msg=rule)
        return got

    def rates(self, n):
        return [1e-7 * 1e8 ** (k / n) for k in range(n)]

    def test_equal_the_published_rules_on_usual_curves(self):
        rng = random.Random(1)
        for n in (40, 100, 200):
            for noise in (0, 0.02, 0.2):
                for smooth in ("fastai", "pytorch-lr-finder", "none"):
                    losses = usual(rng, n, noise)
                    last = next((k for k, loss in enumerate(losses) if loss > 4), n - 1)
                    with self.subTest(n=n, noise=noise, smooth=smooth):
                        self.check(self.rates(n)[:last + 1], losses[:last + 1], smooth, steps=n)
                        self.check(self.rates(n)[:last + 1], losses[:last + 1], smooth)

    def test_equal_the_published_rules_where_the_loss_never_diverges(self):
        rng = random.Random(2)
        for smooth in ("fastai", "pytorch-lr-finder", "none"):
            got = self.check(self.rates(100), usual(rng, 100, 0.001, blows_up=False), smooth)
            self.assertEqual(got["stopped"], "end of range")

    def test_equal_the_published_rules_up_to_a_nan_in_the_middle(self):
        rng = random.Random(3)
        for bad in (math.nan, math.inf):
            for smooth in ("fastai", "pytorch-lr-finder", "none"):
                losses = usual(rng, 100, 0.02)
                losses[60] = bad
                self.check(self.rates(100), losses, smooth)

    def test_equal_the_published_rules_on_a_noisy_plateau_and_doubt_them(self):
        rng = random.Random(4)
        losses = [0.69 + rng.gauss(0, 0.05) for _ in range(100)]
        got = self.check(self.rates(100), losses, "fastai")
        self.assertIn("may be chance", " ".join(got["doubts"]))

    def test_cannot_tell_where_the_loss_diverges_at_once(self):
        lrs = self.rates(100)
        got = self.analysed(lrs[:12], [0.7 * 1.5 ** k for k in range(12)])
        self.assertEqual(got["suggestions"], dict.fromkeys((*RULES, "steep-1000")))
        self.assertEqual(got["stopped"], "diverged")
        got = self.analysed(lrs, [0.7 * 1.01 ** k for k in range(100)])
        for rule in (*RULES, "steep-1000"):
            self.assertIsNone(got["suggestions"][rule], rule)

    def test_cannot_tell_from_a_flat_line_or_from_too_few_points(self):
        lrs = self.rates(100)
        self.assertEqual(self.analysed(lrs, [0.7] * 100)["suggestions"], dict.fromkeys((*RULES, "steep-1000")))
        rng = random.Random(5)
        got = self.analysed(lrs[::5][:19], usual(rng, 19, 0))
        self.assertEqual(got["suggestions"], dict.fromkeys((*RULES, "steep-1000")))
        self.assertIn("19 points are too few", got["why"]["valley"])
        words = self.ablate("lr-find", "--points", self.folder / "points.csv").stdout
        self.assertEqual(words.count("can't tell"), 6)

    def test_what_it_prints_as_json_it_reads_again(self):
        rng = random.Random(6)
        first = self.analysed(self.rates(80), usual(rng, 80, 0.05))
        file = self.folder / "again.json"
        file.write_text(json.dumps(first))
        self.assertEqual(self.json_of("lr-find", "--points", file), first)

    def test_bad_files_and_words_are_told(self):
        broken = self.folder / "broken.csv"
        broken.write_text("lr,loss\n1e-7,0.7\n1e-8,0.6\n")
        self.assertIn("broken.csv, line 3", self.error_of("lr-find", "--points", broken, code=1))
        self.assertIn("There is no file", self.error_of("lr-find", "--points", self.folder / "none.csv", code=1))
        self.assertIn("not a file", self.error_of("lr-find", "--points", self.folder, code=1))
        self.error_of("lr-find", "--points", broken, "-s", "train.seed=1", code=2)
        self.error_of("lr-find", "--points", broken, "--smooth", "median", code=2)
        self.error_of("lr-find", "--smooth", "none", code=2)
        self.error_of("lr-find", "-s", "lr_find.procedure=none", code=2)


if __name__ == "__main__":
    unittest.main()
