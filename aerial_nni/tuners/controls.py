"""The old name of `tuners.random_grid`, which stored experiments have."""

from aerial_nni.tuners.random_grid import GridTuner, RandomTuner

__all__ = ["GridTuner", "RandomTuner"]
