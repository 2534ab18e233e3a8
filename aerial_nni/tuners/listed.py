"""The old name of `tuners.fixed_list`, which stored experiments have."""

from aerial_nni.tuners.fixed_list import ListedTuner

__all__ = ["ListedTuner"]
