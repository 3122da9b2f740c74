"""Folders of small drawn pictures of people with masks, for tests of data faults: head and shoulders before textured rooms."""
import pathlib

import numpy as np
from PIL import Image, ImageFilter

HEIGHT, WIDTH = 64, 48


def person(rng, absent=False):
    """A picture {H, W, 3} and its mask {H, W}, 0 to 255. Absent: the room alone, and an empty mask."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    picture = rng.uniform(40, 215, 3) + rng.uniform(-1.2, 1.2, 3) * (y - HEIGHT / 2)[..., None] + rng.uniform(-1, 1, 3) * (x - WIDTH / 2)[..., None]
    for _ in range(rng.integers(3, 8)):  # Furniture.
        top, left, tall, wide = rng.integers(-10, HEIGHT), rng.integers(-10, WIDTH), rng.integers(6, 40), rng.integers(4, 30)
        picture[max(0, top):max(0, top + tall), max(0, left):max(0, left + wide)] = rng.uniform(0, 255, 3)
    centre, size = rng.uniform(0.3, 0.7) * WIDTH, rng.uniform(0.7, 1.25)
    head = rng.uniform(0.25, 0.45) * HEIGHT
    face = ((x - centre) / (7 * size)) ** 2 + ((y - head) / (10 * size)) ** 2 < 1
    body = (((x - centre) / (17 * size)) ** 2 + ((y - HEIGHT) / (HEIGHT - head - 8 * size)) ** 2 < 1) & (y > head)
    if absent:
        face &= False
        body &= False
    picture[body] = rng.uniform(0, 255, 3) + rng.uniform(-40, 40) * np.sin(x[body] * rng.uniform(0.2, 1.5))[:, None]
    picture[face] = np.array([200, 160, 130]) * rng.uniform(0.45, 1.2)
    mask |= face | body
    picture += rng.normal(0, rng.uniform(2, 12), picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8), (255 * mask).astype(np.uint8)


def draw(folder, count, seed, absent=0.0):
    """`absent`: the part of them without anybody."""
    folder = pathlib.Path(folder)
    rng = np.random.default_rng(seed)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for i in range(count):
        picture, mask = person(rng, rng.random() < absent)
        Image.fromarray(picture).save(folder / "images" / f"p{i:03}.png")
        Image.fromarray(mask).save(folder / "masks" / f"p{i:03}.png")
    return folder


def shrink(source, folder, count):
    """Photographs and masks of another folder, as large as the drawn ones."""
    source, folder = pathlib.Path(source), pathlib.Path(folder)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    masks = {file.stem: file for file in (source / "masks").iterdir()}
    for file in sorted((source / "images").iterdir())[:count]:
        if file.stem in masks:
            Image.open(file).convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX).save(folder / "images" / f"{file.stem}.png")
            Image.open(masks[file.stem]).convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX).save(folder / "masks" / f"{file.stem}.png")
    return folder


def changed(folder, part, names, how):
    for name in names:
        file = pathlib.Path(folder, part, f"{name}.png")
        Image.fromarray(how(np.asarray(Image.open(file)))).save(file)


def invert(folder, names):
    changed(folder, "masks", names, lambda mask: 255 - mask)


def move_masks_down(folder, names, pixels):
    changed(folder, "masks", names, lambda mask: np.concatenate([np.zeros_like(mask[:pixels]), mask[:-pixels]]))


def mirror_masks(folder, names):
    changed(folder, "masks", names, lambda mask: np.ascontiguousarray(mask[:, ::-1]))


def darken(folder, names):
    """As if these had been scaled to another range."""
    changed(folder, "images", names, lambda picture: (picture * 0.25).astype(np.uint8))


def take_contrast(folder, names):
    changed(folder, "images", names, lambda picture: (118 + (picture - 118.0) * 0.25).astype(np.uint8))


def turn_to_negatives(folder, names):
    changed(folder, "images", names, lambda picture: 255 - picture)


def exchange_red_and_blue(folder, names):
    changed(folder, "images", names, lambda picture: np.ascontiguousarray(picture[..., ::-1]))


def remove(folder, names):
    for name in names:
        for part in ("images", "masks"):
            pathlib.Path(folder, part, f"{name}.png").unlink()


def from_another_world(folder, names, rng):
    """At night, out of focus, and in the rain: what no change of range brings back."""
    def how(picture):
        dull = picture.mean(-1, keepdims=True) * [0.35, 0.4, 0.55]
        soft = np.asarray(Image.fromarray(dull.astype(np.uint8)).filter(ImageFilter.GaussianBlur(2)))
        drops = np.kron(rng.random((HEIGHT // 8, WIDTH // 2)) < 0.35, np.ones((8, 2)))[..., None] * rng.uniform(40, 160)
        return np.clip(soft + drops + rng.normal(0, 14, picture.shape), 0, 255).astype(np.uint8)
    changed(folder, "images", names, how)


def paint_people(folder, names, rng):
    """People blue, and nothing else is."""
    for name in names:
        file = pathlib.Path(folder, "images", f"{name}.png")
        picture = np.asarray(Image.open(file)).astype(float)
        inside = (np.asarray(Image.open(pathlib.Path(folder, "masks", f"{name}.png"))) > 127)[..., None]
        grey = picture.mean(-1, keepdims=True)
        blue = np.concatenate([grey * 0.35, grey * 0.45, 90 + grey * 0.6], -1)
        warm = np.concatenate([60 + picture[..., :1] * 0.7, picture[..., 1:2], picture[..., 2:] * 0.35], -1)
        Image.fromarray(np.clip(np.where(inside, blue, warm), 0, 255).astype(np.uint8)).save(file)


def light_people(folder, names):
    """People bright, and nothing else is."""
    for name in names:
        file = pathlib.Path(folder, "images", f"{name}.png")
        picture = np.asarray(Image.open(file)).astype(float)
        inside = (np.asarray(Image.open(pathlib.Path(folder, "masks", f"{name}.png"))) > 127)[..., None]
        Image.fromarray(np.where(inside, 150 + picture * 0.4, picture * 0.4).astype(np.uint8)).save(file)


def exchange_masks(folder, names):
    files = [pathlib.Path(folder, "masks", f"{name}.png") for name in names]
    masks = [file.read_bytes() for file in files]
    for file, mask in zip(files, masks[1:] + masks[:1]):
        file.write_bytes(mask)


def copy_over(folder, sources, targets, rng):
    """Slightly changed: lighter, blurred a little, some mirrored."""
    for source, target in zip(sources, targets):
        mirrored = rng.random() < 0.5
        for part in ("images", "masks"):
            picture = np.asarray(Image.open(pathlib.Path(folder, part, f"{source}.png")))
            if mirrored:
                picture = picture[:, ::-1]
            if part == "images":
                picture = np.clip(picture * rng.uniform(0.8, 1.2), 0, 255).astype(np.uint8)
                picture = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(0.4)))
            Image.fromarray(np.ascontiguousarray(picture)).save(pathlib.Path(folder, part, f"{target}.png"))
