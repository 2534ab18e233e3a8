"""Smooth random fields, shape (h, w) float32, made only of exactly rounded operations.

Masks are cut out of these fields, so they must be the same on every machine: no BLAS, and no
transcendental function, whose last bit depends on the library.
"""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Key = TypeVar("Key")


def value_noise(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> np.ndarray:
    """Random values of a square lattice, `cell` pixels apart, smoothly joined; 0..1."""
    rows, cols = (int(size / cell) + 3 for size in shape)
    lattice = rng.random((rows, cols)).astype(np.float32)
    offset = rng.random(2)
    y, fy = _cells(shape[0], cell, float(offset[0]))
    x, fx = _cells(shape[1], cell, float(offset[1]))
    across = lattice[:, x] * (1 - fx) + lattice[:, x + 1] * fx  # (rows, w)
    fy = fy[:, None]
    smooth: np.ndarray = across[y] * (1 - fy) + across[y + 1] * fy
    return smooth


def _cells(size: int, cell: float, start: float) -> tuple[np.ndarray, np.ndarray]:
    """Lattice index and eased position in the cell of each of `size` pixels."""
    at = (np.arange(size) / cell + start).astype(np.float32)
    index = at.astype(np.int64)
    t = at - index.astype(np.float32)
    return index, t * t * (3 - 2 * t)


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], *, cell: float, octaves: int = 4
) -> np.ndarray:
    """Sum of noises, each half as coarse and half as strong as the one before; about 0..1."""
    total = np.zeros(shape, np.float32)
    weight = 0.0
    for octave in range(octaves):
        size = cell / 2**octave
        if size < 1.5:
            break
        total += value_noise(rng, shape, size) * np.float32(0.5**octave)
        weight += 0.5**octave
    centred: np.ndarray = (total / np.float32(weight) - np.float32(0.5)) * np.float32(1.5)
    centred += np.float32(0.5)
    return centred


def ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """`value` eased from 0 at `low` to 1 at `high`."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    eased: np.ndarray = t * t * (3 - 2 * t)
    return eased


def pick(rng: np.random.Generator, weights: Mapping[Key, float]) -> Key:
    """A key at random, as often as its weight says."""
    point = rng.random() * sum(weights.values())
    for key, weight in weights.items():
        point -= weight
        if point < 0:
            return key
    return key


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A float, evenly from `low` to `high`."""
    return low + (high - low) * float(rng.random())


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True as often as `probability` says."""
    return bool(rng.random() < probability)


def jitter(
    rng: np.random.Generator, tone: tuple[float, float, float], *, by: float
) -> tuple[float, float, float]:
    """A colour near `tone`: lighter or darker by up to `by`, each channel by a quarter more."""
    shift = between(rng, -by, by)
    red, green, blue = (c + shift + between(rng, -by, by) / 4 for c in tone)
    return red, green, blue
