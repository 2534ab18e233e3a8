"""Sunlight: which pixels lie in the shadow of something taller."""

import math

import numpy as np
from scipy import ndimage

from aerial_nni.data.synthetic.canvas import Canvas


def shade(canvas: Canvas, *, azimuth: float, slope: float, darkness: float) -> None:
    """Darkens what the sun does not reach. Classes stay: a shadow on sand is land.

    The sun stands at `azimuth` (radians, from the x axis towards y); a shadow is `slope` times as
    long as the thing is high, and keeps `1 - darkness` of the light, a little bluer.
    """
    shadow = cast(canvas.height, azimuth=azimuth, slope=slope)
    soft = ndimage.uniform_filter(shadow.astype(np.float32), 2)[..., None] * np.float32(darkness)
    canvas.colour[:] *= 1 - soft * np.asarray((1.0, 0.97, 0.92), np.float32)


def cast(height: np.ndarray, *, azimuth: float, slope: float) -> np.ndarray:
    """Where the ground at `height` (h, w) is in shadow: a step at a time towards the sun."""
    h, w = height.shape
    dy, dx = math.sin(azimuth), math.cos(azimuth)
    longest = max(abs(dy), abs(dx))
    dy, dx = dy / longest, dx / longest
    rise = math.hypot(dy, dx) / slope  # how much higher the ray is after a step
    shadow = np.zeros((h, w), bool)
    for step in range(1, int(float(height.max()) / rise) + 1):
        y, x = round(step * dy), round(step * dx)
        here = (slice(max(-y, 0), h - max(y, 0)), slice(max(-x, 0), w - max(x, 0)))
        there = (slice(max(y, 0), h - max(-y, 0)), slice(max(x, 0), w - max(-x, 0)))
        shadow[here] |= height[there] > height[here] + np.float32(step * rise)
    return shadow
