"""The U-Net in plain PyTorch, written from its definition and not from our code: what our network is compared with.

`UNet(config)` takes the "model" part of a run's configuration (run.json's config.model).
"""

import torch
from torch import nn
from torch.nn import functional as F


def activation(name):
    return {
        "relu": lambda: nn.ReLU(inplace=True), "leaky_relu": lambda: nn.LeakyReLU(0.01, inplace=True), "prelu": nn.PReLU,
        "elu": nn.ELU, "selu": nn.SELU, "gelu": nn.GELU, "silu": nn.SiLU, "mish": nn.Mish, "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh, "softplus": nn.Softplus, "hardswish": nn.Hardswish, "identity": nn.Identity,
    }[name]()


def norm(config, channels):
    kind = config["norm"]
    if kind == "batch":
        return nn.BatchNorm2d(channels, momentum=config["norm_momentum"])
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=config["norm_affine"], track_running_stats=config["norm_track"], momentum=config["norm_momentum"])
    if kind == "group":
        return nn.GroupNorm(config["norm_groups"], channels)
    if kind == "layer":
        return nn.GroupNorm(1, channels)
    assert kind == "none", kind
    return None


class Block(nn.Module):
    """conv → norm → act, twice; then, outside the activation, the residual."""

    def __init__(self, config, place, channels_in, channels_out, middle=None):
        super().__init__()
        middle = middle or channels_out
        self.conv1 = nn.Conv2d(channels_in, middle, 3, padding=1)
        self.norm1 = norm(config, middle)
        self.act1 = activation(config["activation"])
        self.conv2 = nn.Conv2d(middle, channels_out, 3, padding=1)
        sharing = config["norm_sharing"] != "none" and middle == channels_out
        self.norm2 = self.norm1 if sharing else norm(config, channels_out)
        self.act2 = activation(config["activation"])
        where = {"all": True, "encoder": place == "down", "decoder": place == "up", "no-bottleneck": place != "bottom"}
        self.residual = config["residual"] if where[config["residual_in"]] else "none"
        if self.residual != "none" and channels_in != channels_out:
            self.projection = nn.Conv2d(channels_in, channels_out, 1)
            if self.residual == "norm":
                whole = config["norm_sharing"] == "block+residual"
                self.projection_norm = self.norm2 if whole else norm(config, channels_out)

    def forward(self, x):
        y = self.conv1(x)
        y = self.act1(self.norm1(y) if self.norm1 else y)
        y = self.conv2(y)
        y = self.act2(self.norm2(y) if self.norm2 else y)
        if self.residual == "none":
            return y
        if hasattr(self, "projection"):
            x = self.projection(x)
            if getattr(self, "projection_norm", None) is not None:
                x = self.projection_norm(x)
        return y + x


def window(x):
    """2x2, but a side of one pixel stays."""
    return [min(2, side) for side in x.shape[-2:]]


def pool(config, channels):
    kind = config["pool"]
    if kind == "max":
        return lambda x: F.max_pool2d(x, window(x))
    if kind == "avg":
        return lambda x: F.avg_pool2d(x, window(x))
    if kind == "max+avg":
        return lambda x: (F.max_pool2d(x, window(x)) + F.avg_pool2d(x, window(x))) / 2
    if kind == "stride":
        return nn.Conv2d(channels, channels, 3, stride=2, padding=1)
    assert kind == "none", kind
    return lambda x: x


class Up(Block):
    """Doubles the size, joins the skip, then a block, whose modules are this one's own ("up1.conv1")."""

    def __init__(self, config, deep):
        kind, skip, half = config["up"], config["skip"], deep // 2
        # Bilinear leaves halving the channels to the block, except where joining needs equal ones.
        reduces = kind != "bilinear" or skip in ("add", "multiply")
        arriving = half if reduces else deep
        joined = arriving + half if skip == "concat" else arriving
        super().__init__(config, "up", joined, half, None if reduces else joined // 2)
        self.kind, self.skip, self.reduce = kind, skip, None
        if kind == "transposed":
            self.reduce = nn.ConvTranspose2d(deep, half, 2, stride=2)
        elif reduces:
            self.reduce = nn.Conv2d(deep, half * 4 if kind == "pixelshuffle" else half, 1)

    def forward(self, x, skip):
        size = skip.shape[-2:]
        if self.reduce is not None:
            x = self.reduce(x)
        if self.kind == "bilinear":
            x = F.interpolate(x, size, mode="bilinear", align_corners=True)
        else:
            if self.kind == "pixelshuffle":
                x = F.pixel_shuffle(x, 2)
            if x.shape[-2:] != size:
                x = F.interpolate(x, size, mode="nearest")
        if self.skip == "concat":
            x = torch.cat([x, skip], 1)
        elif self.skip == "add":
            x = x + skip
        elif self.skip == "multiply":
            x = x * skip
        return super().forward(x)


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        c, depth = config["channels"], config["depth"]
        self.depth = depth
        for level in range(1, depth + 1):
            channels = c << (level - 1)
            setattr(self, f"down{level}", Block(config, "down", 3 if level == 1 else channels // 2, channels))
            setattr(self, f"pool{level}", pool(config, channels))
        self.bottom = Block(config, "bottom", c << (depth - 1), c << depth)
        for level in range(1, depth + 1):
            setattr(self, f"up{level}", Up(config, c << (depth - level + 1)))
        self.head = nn.Conv2d(c, 2 if config["head"] == "softmax" else 1, 1)

    def forward(self, x):
        """{B, 3, H, W} → logits {B, 1 or 2, H, W}"""
        skips = []
        for level in range(1, self.depth + 1):
            x = getattr(self, f"down{level}")(x)
            skips.append(x)
            x = getattr(self, f"pool{level}")(x)
        x = self.bottom(x)
        for level in range(1, self.depth + 1):
            x = getattr(self, f"up{level}")(x, skips.pop())
        return self.head(x)


DEFAULTS = dict(channels=16, depth=4, activation="relu", norm="batch", norm_momentum=0.1, norm_groups=8, norm_affine=False,
                norm_track=False, norm_sharing="none",
                residual="none", residual_in="all", skip="concat", pool="max", up="nearest", head="sigmoid")


class DoubleConv(nn.Module):
    def __init__(self, config, channels_in, channels_out, middle=None):
        super().__init__()
        middle = middle or channels_out
        halves = []
        for a, b in ((channels_in, middle), (middle, channels_out)):
            halves += [nn.Conv2d(a, b, 3, padding=1, bias=False), norm(config, b) or nn.Identity(), activation(config["activation"])]
        self.double_conv = nn.Sequential(*halves)

    def forward(self, x):
        return self.double_conv(x)


class MilesialDown(nn.Module):
    def __init__(self, config, channels_in, channels_out):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(config, channels_in, channels_out))

    def forward(self, x):
        return self.maxpool_conv(x)


class MilesialUp(nn.Module):
    def __init__(self, config, channels_in, channels_out):
        super().__init__()
        bilinear = config["up"] == "bilinear"
        self.up = (nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True) if bilinear
                   else nn.ConvTranspose2d(channels_in, channels_in // 2, 2, stride=2))
        self.conv = DoubleConv(config, channels_in, channels_out, channels_in // 2 if bilinear else None)

    def forward(self, x, skip):
        x = self.up(x)
        down, right = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = F.pad(x, [right // 2, right - right // 2, down // 2, down - down // 2])
        return self.conv(torch.cat([skip, x], 1))


class UNetMilesial(nn.Module):
    """Milesial's U-Net, under the names that its published weights have."""

    def __init__(self, config):
        super().__init__()
        c, halved = config["channels"], 2 if config["up"] == "bilinear" else 1
        self.inc = DoubleConv(config, 3, c)
        self.down1 = MilesialDown(config, c, 2 * c)
        self.down2 = MilesialDown(config, 2 * c, 4 * c)
        self.down3 = MilesialDown(config, 4 * c, 8 * c)
        self.down4 = MilesialDown(config, 8 * c, 16 * c // halved)
        self.up1 = MilesialUp(config, 16 * c, 8 * c // halved)
        self.up2 = MilesialUp(config, 8 * c, 4 * c // halved)
        self.up3 = MilesialUp(config, 4 * c, 2 * c // halved)
        self.up4 = MilesialUp(config, 2 * c, c)
        self.outc = nn.Module()
        self.outc.conv = nn.Conv2d(c, 2 if config["head"] == "softmax" else 1, 1)

    def forward(self, x):
        levels = [self.inc(x)]
        for down in (self.down1, self.down2, self.down3, self.down4):
            levels.append(down(levels[-1]))
        x = levels.pop()
        for up in (self.up1, self.up2, self.up3, self.up4):
            x = up(x, levels.pop())
        return self.outc.conv(x)


def make(config):
    return {"unet": UNet, "unet-milesial": UNetMilesial}[config["name"]](config)
