"""Segmentation of aerial and satellite imagery; every piece of work is one NNI experiment."""

__version__ = "0.1.0"
