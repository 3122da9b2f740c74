"""Every metric of one sample against NumPy, SciPy and scikit-image, on drawn planes and on real masks."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import label
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

PROGRAM = pathlib.Path(os.environ["ABLATE_BIN"]) / "metric_values"
PORTRAITS = pathlib.Path(os.environ["ABLATE_SOURCE"]).parent / "shared/data/portraits"
TOLERANCE = 1e-9  # Of the value, or of .001 where it is smaller: both compute in float64, from the same float32.


def ours(prediction, target, band):
    """All metrics, and the trimap {H, W} with 0, 128 and 255."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, plane in (("prediction", prediction), ("target", target)):
            (folder / name).write_bytes(plane.astype("<f4").tobytes())
        done = subprocess.run([PROGRAM, "planes", *map(str, target.shape), folder / "prediction", folder / "target", str(band), folder / "trimap"],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout), np.frombuffer((folder / "trimap").read_bytes(), np.uint8).reshape(target.shape)


def share(part, whole, otherwise):
    return part / whole if whole else otherwise


def segmentation(prediction, target, region):
    p, y = prediction[region] > 0.5, target[region] > 0.5
    soft_p, soft_y = prediction[region].astype(float), target[region].astype(float)
    union = np.logical_or(p, y).sum()
    both = np.logical_and(p, y).sum()
    return {
        "iou": share(both, union, 1),
        "soft_iou": share((soft_p * soft_y).sum(), (soft_p + soft_y - soft_p * soft_y).sum(), 1),
        "dice": share(2 * both, p.sum() + y.sum(), 1),
        "accuracy": (p == y).mean() if p.size else 1,
        "precision": share(both, p.sum(), float(not y.any())),
        "recall": share(both, y.sum(), float(not p.any())),
    }


def holes(prediction, target):
    foreground = prediction > 0.5
    enclosed = label(ndimage.binary_fill_holes(foreground) & ~foreground, connectivity=1)
    numbers = np.arange(1, enclosed.max() + 1)
    wrong = numbers[ndimage.mean(target > 0.5, enclosed, numbers) > 0.5] if len(numbers) else numbers
    return {"holes": len(wrong), "holes_area": np.isin(enclosed, wrong).mean()}


def gradient_length(plane):
    """As in the published evaluation: the two-dimensional kernel, written out."""
    half = int(np.ceil(1.4 * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * 1.4 * 1e-2))))
    gauss = lambda x: np.exp(-x ** 2 / (2 * 1.4 ** 2)) / (1.4 * np.sqrt(2 * np.pi))
    x = np.arange(-half, half + 1)
    kernel = np.outer(gauss(x), -x * gauss(x) / 1.4 ** 2)
    kernel /= np.sqrt((kernel ** 2).sum())
    across, down = (ndimage.correlate(plane.astype(float), k, mode="nearest") for k in (kernel, kernel.T))
    return np.sqrt(across ** 2 + down ** 2)


def connectivity(prediction, target):
    level = np.full(target.shape, -1.0)
    for step in range(1, 11):
        threshold = np.float32(step / 10)
        parts, count = ndimage.label((prediction >= threshold) & (target >= threshold))
        omega = parts == 1 + np.bincount(parts.ravel())[1:].argmax() if count else np.zeros(target.shape, bool)
        level[(level == -1) & ~omega] = (step - 1) / 10
    level[level == -1] = 1
    phi = [1 - (plane - level) * (plane - level >= 0.15) for plane in (prediction.astype(float), target.astype(float))]
    return np.abs(phi[0] - phi[1])


def matting(prediction, target, region):
    d = (prediction.astype(float) - target.astype(float))[region]
    return {
        "sad_div1000": np.abs(d).sum() / 1000,
        "mse_x1000": (d ** 2).mean() * 1000 if d.size else 0,
        "mad_x1000": np.abs(d).mean() * 1000 if d.size else 0,
        "grad_div1000": ((gradient_length(prediction) - gradient_length(target)) ** 2)[region].sum() / 1000,
        "conn_div1000": connectivity(prediction, target)[region].sum() / 1000,
    }


def image_quality(prediction, target):
    p, y = prediction.astype(float), target.astype(float)
    values = {"rmse": np.sqrt(((p - y) ** 2).mean())}
    with np.errstate(divide="ignore"):
        values["psnr_max1"] = peak_signal_noise_ratio(y, p, data_range=1)
    if min(p.shape) >= 11:
        values["ssim"] = structural_similarity(y, p, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    return values


def trimap(target, band):
    reach = np.arange(-band, band + 1)
    disc = reach[:, None] ** 2 + reach[None] ** 2 <= band ** 2
    foreground, background = (ndimage.binary_erosion(side, disc, border_value=1) for side in (target == 1, target == 0))
    return np.where(foreground, 255, np.where(background, 0, 128))


def theirs(prediction, target, band):
    everywhere, unknown = np.ones(target.shape, bool), trimap(target, band) == 128
    values = {**segmentation(prediction, target, everywhere), **holes(prediction, target), **matting(prediction, target, everywhere),
              **image_quality(prediction, target)}
    for name, value in {**segmentation(prediction, target, unknown), **matting(prediction, target, unknown)}.items():
        values[f"{name}_unknown"] = value
    return values


def in_8_bits(plane):
    return (np.clip(plane, 0, 1) * 255).round().astype(np.float32) / np.float32(255)


def predictions(target, random):
    """What networks do wrong, one by one."""
    soft = ndimage.gaussian_filter(target, 3)
    noisy = np.clip(target + random.normal(0, 0.3, target.shape), 0, 1).astype(np.float32)
    holed = target.copy()
    for _ in range(12):
        y, x = (random.integers(0, side) for side in target.shape)
        holed[y:y + random.integers(1, 12), x:x + random.integers(1, 12)] = random.uniform(0, 0.5)
    return {"blurred": soft, "blurred in 8 bits": in_8_bits(soft), "shifted": np.roll(target, (5, -3), (0, 1)), "noisy": noisy,
            "holed": holed, "inverted": 1 - target, "empty": np.zeros_like(target), "full": np.ones_like(target), "right": target,
            "faint": target * np.float32(0.4), "random": random.random(target.shape, np.float32)}


class Metrics(unittest.TestCase):
    def setUp(self):
        self.random = np.random.default_rng(7)
        self.worst = {}

    def compare(self, prediction, target, band):
        got, got_trimap = ours(prediction, target, band)
        np.testing.assert_array_equal(got_trimap, trimap(target, band))
        wanted = theirs(prediction, target, band)
        for largest, value in got["psnr"].items():  # The same planes on other scales.
            with np.errstate(divide="ignore"):
                reference = peak_signal_noise_ratio(target.astype(float), prediction.astype(float), data_range=float(largest))
            self.assertTrue(float(value) == reference or abs(value - reference) <= TOLERANCE * abs(reference), largest)
        self.assertEqual(got["metrics"].keys(), wanted.keys())
        for name, value in wanted.items():
            value_of_ours = float(got["metrics"][name])
            if not np.isfinite(value):
                self.assertEqual(value_of_ours, value, name)
                continue
            off = abs(value_of_ours - value)
            self.worst[name] = max(self.worst.get(name, 0), off / max(abs(value), 1))
            self.assertLessEqual(off, TOLERANCE * max(abs(value), 1e-3), f"{name}: {value}")
        area = (target > 0.5).mean()
        self.assertAlmostEqual(got["area_share"], area, delta=1e-12)
        names = ["area 0-.3", "area .3-.5", "area .5-.7", "area .7-.9", "area .9-1"]
        self.assertEqual(got["stratum"], names[np.searchsorted([0.3, 0.5, 0.7, 0.9], area, side="right")])

    def test_drawn_planes_of_all_sizes(self):
        for height, width in ((1, 1), (1, 9), (9, 1), (2, 3), (10, 40), (11, 11), (12, 31), (47, 23)):
            blobs = ndimage.gaussian_filter(self.random.normal(size=(height, width)), min(4, height / 3)) > 0
            for target in (blobs.astype(np.float32), in_8_bits(ndimage.gaussian_filter(blobs.astype(float), 1.5)),
                           self.random.random((height, width), np.float32)):
                for name, prediction in predictions(target, self.random).items():
                    with self.subTest(name, height=height, width=width):
                        self.compare(prediction, target, int(self.random.integers(0, 6)))
        print("largest differences:", json.dumps(self.worst), flush=True)

    def real_masks(self, every):
        if not PORTRAITS.is_dir():
            if os.environ.get("CI") == "true":
                self.fail(f"{PORTRAITS} is not there")
            self.skipTest(f"{PORTRAITS} is not there")
        files = sorted((PORTRAITS / "masks").iterdir())[::every]
        self.assertGreater(len(files), 5)
        return files

    def test_real_masks(self):
        for file in self.real_masks(every=56):
            mask = np.asarray(Image.open(file).convert("L"))[::2, ::2] > 127  # Quicker, and as real.
            for kind, target in (("hard", mask.astype(np.float32)), ("soft", in_8_bits(ndimage.gaussian_filter(mask.astype(float), 2)))):
                for name, prediction in predictions(target, self.random).items():
                    with self.subTest(name, file=file.name, target=kind):
                        self.compare(prediction, target, 5)
        print("largest differences:", json.dumps(self.worst), flush=True)

    def test_keys_of_real_pictures(self):
        for file in self.real_masks(every=34):
            picture = Image.open(next((PORTRAITS / "images").glob(f"{file.stem}.*")))
            for mode in ("RGB", "L", "RGBA"):
                pixels = np.atleast_3d(np.asarray(picture.convert(mode)))
                with tempfile.NamedTemporaryFile() as raw, self.subTest(file.name, mode=mode):
                    pathlib.Path(raw.name).write_bytes(pixels.tobytes())
                    done = subprocess.run([PROGRAM, "picture", *map(str, pixels.shape), raw.name], capture_output=True, text=True, check=True)
                    got, colours = json.loads(done.stdout), pixels[..., :3].astype(float)
                    luma = colours @ [0.299, 0.587, 0.114] if colours.shape[2] == 3 else colours[..., 0]
                    wanted = {"brightness": colours.mean() / 255, "colour_variance": (colours / 255).var((0, 1)).mean(),
                              "sharpness": ndimage.laplace(luma, mode="mirror").var()}
                    self.assertEqual(got.keys(), wanted.keys())
                    for name, value in wanted.items():
                        self.assertAlmostEqual(got[name], value, delta=TOLERANCE * value, msg=name)

    def test_nan_is_never_a_number(self):
        target = (self.random.random((16, 16)) > 0.5).astype(np.float32)
        poisoned = target.copy()
        poisoned[0, 0] = np.nan
        values = ours(poisoned, target, 2)[0]["metrics"]
        self.assertEqual(set(values.values()), {"nan"})

    def test_another_definition_does_not_pass(self):
        target = in_8_bits(ndimage.gaussian_filter((self.random.random((40, 40)) > 0.5).astype(float), 2))
        prediction = ndimage.gaussian_filter(target, 1)
        got = ours(prediction, target, 2)[0]["metrics"]
        ssim = structural_similarity(target.astype(float), prediction.astype(float), data_range=1, gaussian_weights=True, sigma=1.5)
        self.assertGreater(abs(got["ssim"] - ssim), 1e3 * TOLERANCE)  # With sample covariance.
        stretched = (prediction - prediction.min()) / np.ptp(prediction)
        self.assertGreater(abs(got["grad_div1000"] - matting(stretched, target, np.ones(target.shape, bool))["grad_div1000"]), 1e3 * TOLERANCE)


if __name__ == "__main__":
    unittest.main()
