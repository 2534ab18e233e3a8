"""The old name of `tuners.ablation_then_search`, which stored experiments have."""

from aerial_nni.tuners.ablation_then_search import GridFirstTuner

__all__ = ["GridFirstTuner"]
