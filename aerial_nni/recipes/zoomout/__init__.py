"""Zoom-out segmentation: a shallow classifier on the features of a frozen network."""
