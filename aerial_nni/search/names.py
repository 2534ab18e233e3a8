"""Names that a search's options choose from, and those of its experiment's phases."""

ORDERS = ("first", "second")
VARIANTS = ("softmax", "gumbel")

DERIVED = "derived"
RANDOM, HAND_MADE = "control: random", "control: U-Net"
"""Phases of an experiment's final trials; a control's name begins with `tuners.trial.CONTROL`."""

DRAWS = 48
"""Random architectures that are drawn for each that is trained: the one nearest in size is."""
