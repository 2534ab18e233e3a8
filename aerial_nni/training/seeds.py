"""Randomness by purpose: every generator comes from the run's seed, a name and an epoch.

Nothing is carried from epoch to epoch, so a resumed run draws what the uninterrupted one would.
"""

import hashlib

import torch


def derived_seed(seed: int, purpose: str, epoch: int = 0) -> int:
    """A 63-bit seed that depends on all three arguments, the same on every machine."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{epoch}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, purpose: str, epoch: int = 0) -> torch.Generator:
    """A generator on the processor for `purpose`: split, weights, order, augmentation, dropout."""
    return torch.Generator().manual_seed(derived_seed(seed, purpose, epoch))
