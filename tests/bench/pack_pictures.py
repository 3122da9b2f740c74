"""Pictures with masks as one safetensors file: pack_pictures.py OUT [FOLDER]. Without a folder, discs that were drawn."""
import pathlib
import sys

import numpy
from PIL import Image
from safetensors.numpy import save_file

HEIGHT, WIDTH = 192, 128


def photographs(folder):
    masks = {path.stem: path for path in (folder / "masks").iterdir()}
    for path in sorted((folder / "images").iterdir()):
        if path.stem in masks:
            yield (numpy.array(Image.open(path).convert("RGB").resize((WIDTH, HEIGHT))),
                   numpy.array(Image.open(masks[path.stem]).convert("L").resize((WIDTH, HEIGHT))))


def discs(count=96):
    random = numpy.random.default_rng(0)
    y, x = numpy.mgrid[:HEIGHT, :WIDTH]
    for _ in range(count):
        inside = numpy.hypot(y - random.uniform(60, 130), x - random.uniform(40, 90)) < random.uniform(20, 40)
        noise = random.normal(0, 25, (HEIGHT, WIDTH, 3))
        colours = random.uniform(0, 255, (2, 3))
        yield numpy.clip(numpy.where(inside[..., None], colours[0], colours[1]) + noise, 0, 255).astype(numpy.uint8), inside.astype(numpy.uint8) * 255


pairs = list(photographs(pathlib.Path(sys.argv[2])) if len(sys.argv) > 2 else discs())
save_file({"image": numpy.stack([image for image, _ in pairs]), "mask": numpy.stack([mask for _, mask in pairs])}, sys.argv[1])
