"""Bare ground: sand, soil, gravel, dunes; every other thing is painted on top."""

import numpy as np

from aerial_nni.data.synthetic.canvas import LAND, Canvas, Tone
from aerial_nni.data.synthetic.noise import between, fractal, ramp, value_noise

LANDS: dict[str, tuple[Tone, Tone, Tone]] = {
    "sand": ((206, 192, 168), (226, 216, 198), (176, 158, 132)),
    "pale": ((196, 193, 188), (222, 220, 214), (164, 160, 155)),
    "soil": ((158, 140, 118), (184, 168, 146), (124, 108, 90)),
    "gravel": ((170, 164, 156), (192, 188, 182), (136, 130, 122)),
    "dunes": ((214, 186, 146), (230, 206, 170), (186, 156, 118)),
    "concrete": ((180, 178, 174), (200, 198, 194), (150, 147, 142)),
}
"""Three tones of each kind of ground: the common one, the bright one, the dark one."""


def cover(canvas: Canvas, rng: np.random.Generator, kind: str) -> None:
    """Covers the whole canvas with one of `LANDS`, in drifts of its three tones."""
    shape = canvas.shape
    common, bright, dark = (np.asarray(tone, np.float32) for tone in LANDS[kind])
    broad = fractal(rng, shape, cell=190, octaves=5)
    fine = fractal(rng, shape, cell=60, octaves=5)
    colour = common + ramp(broad, 0.45, 0.8)[..., None] * (bright - common)
    colour = colour + (ramp(fine, 0.5, 0.95) * 0.8)[..., None] * (dark - colour)
    colour = colour + (8 * canvas.grain + 16 * canvas.mottle)[..., None]
    if kind == "dunes":
        colour = colour + _ripples(canvas, rng)[..., None]
    canvas.colour[:] = colour
    canvas.classes[:] = LAND
    _wheel_marks(canvas, rng)


def _ripples(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Light and shade of dune crests, about -30..30: a warped wave seen under a low sun."""
    warp = fractal(rng, canvas.shape, cell=120, octaves=3) * np.float32(150)
    phase = (canvas.u * np.float32(0.8) + canvas.v * np.float32(0.5) + warp) / np.float32(46)
    saw = phase - np.floor(phase)  # gentle windward slope, steep lee side
    strength = ramp(fractal(rng, canvas.shape, cell=200, octaves=2), 0.2, 0.7)
    raised: np.ndarray = (
        np.where(saw < 0.78, saw * 26 - 10, (1 - saw) * 100 - 14) * strength * np.float32(1.2)
    )
    return raised


def _wheel_marks(canvas: Canvas, rng: np.random.Generator) -> None:
    """Faint tracks that cars left off the road; they are land, unlike a dirt road."""
    for _ in range(3):
        line = value_noise(rng, canvas.shape, between(rng, 200, 420))
        level = between(rng, 0.35, 0.65)
        slope_y, slope_x = np.gradient(line)
        away = np.abs(line - np.float32(level)) / np.maximum(
            np.abs(slope_y) + np.abs(slope_x), np.float32(1e-5)
        )
        faint = np.clip(np.float32(1.3) - np.abs(away - np.float32(2)), 0, 1) * np.float32(0.22)
        canvas.paint((slice(None), slice(None)), faint, (120, 110, 98))
