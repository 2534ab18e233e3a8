"""Benchmarks, each side by side with the plain alternative: `python -m aerial_nni.bench train`."""
