"""The old name of `tuners.search_then_retrain`, which stored experiments have."""

from aerial_nni.tuners.search_then_retrain import PhasedTuner

__all__ = ["PhasedTuner"]
