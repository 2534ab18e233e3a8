"""Hyperband."""

from multi_fidelity import MultiFidelityContract

from aerial_nni.tuners.hyperband import HyperbandTuner


class TestHyperband(MultiFidelityContract):
    tuner_class = HyperbandTuner
