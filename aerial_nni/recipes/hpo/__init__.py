"""Hyper-parameter optimisation by one of nine methods."""
