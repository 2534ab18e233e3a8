"""Segmentation of aerial and satellite imagery in which every piece of work is one NNI experiment."""

__version__ = "0.1.0"
