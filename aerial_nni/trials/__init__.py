"""Trials: each reads its parameters, opens data, builds, trains and reports. NNI is optional."""
