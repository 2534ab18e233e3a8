"""Scenes of any size with labels as vectors, as they lie on the disk of whoever works with maps."""
