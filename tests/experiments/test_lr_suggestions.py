"""What `ablate lr-find --points` says of range tests, recorded ones and drawn ones, beside fastai and pytorch-lr-finder themselves."""
import csv
import json
import math
import random
import unittest

import published_rules
from ablate_program import AblateTest
from recorded_curves import CURVES, recorded

OF_FASTAI = ("valley", "steep", "minimum", "slide")
RULES = (*OF_FASTAI, "pytorch-lr-finder")
PROCEDURES = ("fastai", "pytorch-lr-finder")
NOTHING = dict.fromkeys((*RULES, "fall-1000"))


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

    def rates(self, n):
        return [1e-7 * 1e8 ** (k / n) for k in range(n)]

    def agrees(self, procedure, losses, start=1e-7, end=10, steps=None, untold=()):
        """With what the procedure's own program records and suggests, but for the rules `untold`: those can't tell. Returns how many points it recorded."""
        steps = steps or len(losses)
        own_losses = losses + [math.nan] * (steps - len(losses)) if procedure == "fastai" and math.isnan(losses[-1]) else losses  # It goes on.
        run = {"fastai": published_rules.fastai, "pytorch-lr-finder": published_rules.pytorch_lr_finder}[procedure]
        lrs, smoothed, wanted = run(own_losses, start, end, steps)
        got = self.analysed(lrs, own_losses[:len(lrs)], "--smooth", procedure, "--iterations", steps)
        for (_, _, ours), theirs in zip(got["points"], smoothed):
            if math.isfinite(theirs):
                self.assertAlmostEqual(ours, theirs, delta=2e-6 * abs(theirs))  # fastai's are of single precision.
            else:
                self.assertEqual(ours, {"nan": "NaN", "inf": "Infinity"}[str(theirs)])
        smoothed_already = self.analysed(lrs, smoothed, "--smooth", "none", "--iterations", steps)
        for analysis in (got, smoothed_already):
            for rule, lr in wanted.items():
                if lr is None or rule in untold:
                    self.assertIsNone(analysis["suggestions"][rule], f"{rule}, where theirs is {lr}")
                    self.assertTrue(analysis["why"][rule])
                else:
                    self.assertIsNotNone(analysis["suggestions"][rule], f"{rule}: {analysis['why'].get(rule)}, theirs {lr}")
                    self.assertAlmostEqual(analysis["suggestions"][rule], lr, delta=1e-6 * lr, msg=rule)
        return len(lrs)

    def test_equal_the_programs_own_on_recorded_curves(self):
        for name, settings in CURVES.items():
            lrs, losses = recorded(name)
            own = settings["lr_find.procedure"]
            start, end, steps = float(settings.get("lr_find.start_lr", 1e-7)), float(settings.get("lr_find.end_lr", 10)), int(settings["lr_find.iterations"])
            for procedure in PROCEDURES:
                with self.subTest(name, procedure=procedure):
                    length = self.agrees(procedure, losses, start, end, steps)
                    if procedure == own:
                        self.assertEqual(length, steps if math.isnan(losses[-1]) else len(losses))

    def test_equal_the_programs_own_on_usual_curves(self):
        rng = random.Random(1)
        for n, noise in ((40, 0.02), (100, 0.02), (100, 0.2)):
            losses = usual(rng, n, noise)
            for procedure in PROCEDURES:
                with self.subTest(n=n, noise=noise, procedure=procedure):
                    self.assertLess(self.agrees(procedure, losses), n)

    def test_equal_the_programs_own_where_the_loss_never_diverges(self):
        losses = usual(random.Random(2), 100, 0.001, blows_up=False)
        for procedure in PROCEDURES:
            self.assertEqual(self.agrees(procedure, losses), 100)

    def test_equal_the_programs_own_up_to_a_loss_that_is_not_finite(self):
        for bad in (math.nan, math.inf):
            losses = usual(random.Random(3), 100, 0.02)
            losses[60] = bad
            self.agrees("fastai", losses)
        self.agrees("pytorch-lr-finder", losses)

    def test_a_nan_is_no_slope(self):
        """As pytorch-lr-finder has it, whose argmin is then the point before the NaN."""
        losses = usual(random.Random(3), 100, 0.02)
        losses[75] = math.nan
        lrs, smoothed, theirs = published_rules.pytorch_lr_finder(losses, 1e-7, 10, 100)
        self.assertEqual(theirs["pytorch-lr-finder"], lrs[74])
        before = published_rules.pytorch_lr_finder(losses[:75], 1e-7, 10, 100)[2]
        self.assertLess(before["pytorch-lr-finder"], lrs[70])
        self.assertEqual(self.analysed(lrs, losses, "--smooth", "pytorch-lr-finder")["suggestions"]["pytorch-lr-finder"], before["pytorch-lr-finder"])

    def test_equal_the_programs_own_on_a_noisy_plateau_and_doubt_them(self):
        rng = random.Random(4)
        losses = [0.69 + rng.gauss(0, 0.05) for _ in range(100)]
        for procedure in PROCEDURES:
            self.agrees(procedure, losses)
        self.assertIn("may be chance", " ".join(self.analysed(self.rates(100), losses)["doubts"]))

    def test_cannot_tell_where_the_loss_diverges_at_once(self):
        losses = [0.7 * 1.5 ** k for k in range(12)]
        for procedure in PROCEDURES:
            self.assertLess(self.agrees(procedure, losses, steps=100), 12)
        got = self.analysed(self.rates(100)[:12], losses)
        self.assertEqual(got["suggestions"], NOTHING)
        self.assertEqual(got["stopped"], "diverged")

    def test_cannot_tell_where_the_loss_never_falls_though_the_programs_name_a_rate(self):
        for losses in ([0.7 * 1.01 ** k for k in range(100)], [0.7] * 100):
            self.agrees("fastai", losses, untold=OF_FASTAI)
            self.agrees("pytorch-lr-finder", losses, untold=RULES)
            self.assertEqual(self.analysed(self.rates(100), losses)["suggestions"], NOTHING)

    def test_cannot_tell_from_fewer_than_20_points_though_the_programs_name_a_rate(self):
        lrs, losses = (column[:19] for column in recorded("batch"))
        self.agrees("pytorch-lr-finder", losses, untold=RULES)
        self.agrees("fastai", losses, untold=OF_FASTAI)
        got = self.analysed(lrs, losses)
        self.assertEqual(got["suggestions"], NOTHING)
        self.assertIn("19 points are too few", got["why"]["valley"])
        self.assertEqual(self.ablate("lr-find", "--points", self.folder / "points.csv").stdout.count("can't tell"), 6)

    def test_what_it_prints_as_json_it_reads_again(self):
        rng = random.Random(6)
        first = self.analysed(self.rates(80), usual(rng, 80, 0.05, blows_up=False))
        file = self.folder / "again.json"
        file.write_text(json.dumps(first))
        self.assertEqual(self.json_of("lr-find", "--points", file), first)

    def test_what_comes_after_it_diverged_is_left_out_or_doubted(self):
        rng = random.Random(7)
        before = usual(rng, 100, 0.02)
        lrs = published_rules.fastai(before, 1e-7, 10, 100)[0]
        losses = before[:len(lrs)] + [40 - k for k in range(30)]
        rates = [1e-7 * 1e8 ** (k / 100) for k in range(len(losses))]
        got = self.analysed(rates, losses)
        self.assertEqual(got["suggestions"], self.analysed(rates[:len(lrs)], losses[:len(lrs)])["suggestions"])
        self.assertIn("the 30 points after that are left out", " ".join(got["doubts"]))
        self.assertIn("the test went on", " ".join(self.analysed(rates, losses, "--smooth", "none")["doubts"]))

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
