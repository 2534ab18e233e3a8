"""Tuners for NNI: each method of hyper-parameter optimisation, usable from any NNI experiment."""
