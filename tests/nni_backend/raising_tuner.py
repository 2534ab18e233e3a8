"""Tuners that raise when they are asked for a trial: NNI's, and the same with our repair."""

from nni.tuner import Tuner


class Raising(Tuner):
    def update_search_space(self, search_space):
        pass

    def generate_parameters(self, parameter_id, **_):
        raise RuntimeError("this tuner only raises")

    def receive_trial_result(self, parameter_id, parameters, value, **_):
        pass


class RaisingRepaired(Raising):
    def __init__(self):
        from aerial_nni.tuners import dispatcher_patches as nni_patches

        nni_patches.repair()
