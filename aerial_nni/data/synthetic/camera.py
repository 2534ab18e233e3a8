"""The camera: turns the ground's colours into one picture of 8 bits, as no two are alike."""

import numpy as np
from scipy import ndimage

from aerial_nni.data.synthetic.noise import between, value_noise


def photograph(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture of `colour`, shape (h, w, 3) float32, as uint8 of the same shape.

    Each picture has its own exposure, contrast, cast, haze, sharpness and noise.
    """
    gain = between(rng, 0.8, 1.08)
    cast = np.asarray([between(rng, 0.955, 1.045) for _ in range(3)], np.float32)
    haze = np.asarray([between(rng, 0, 16) + extra for extra in (0.0, 2.0, 6.0)], np.float32)
    falloff = value_noise(rng, colour.shape[:2], 220) - np.float32(0.5)
    light = colour * np.float32(gain) * (1 + falloff[..., None] * np.float32(0.14)) * cast + haze
    contrast = np.float32(between(rng, 0.95, 1.15))
    light = (light - 118) * contrast + 118
    sharp = between(rng, 0.35, 0.75)
    light = ndimage.gaussian_filter(light, (sharp, sharp, 0))
    noise = ndimage.gaussian_filter(rng.standard_normal(light.shape).astype(np.float32),
                                    (0.4, 0.4, 0))  # fmt: skip
    light = light + noise * np.float32(between(rng, 2.0, 4.5))
    taken: np.ndarray = np.clip(light + np.float32(0.5), 0, 255).astype(np.uint8)
    return taken
