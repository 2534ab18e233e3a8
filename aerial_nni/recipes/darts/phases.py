"""Names that a search's options choose from, and those of its experiment's phases."""

ORDERS = ("first", "second")
VARIANTS = ("softmax", "gumbel")

DERIVED, OTHERS = "derived", "other find"
"""Phases of the final trials of what the best search trial found, and of what the others found."""
RANDOM, HAND_MADE = "control: random", "control: U-Net"
"""Phases of the controls; such a name begins with `tuners.trial.CONTROL`."""

LIKE_SIZE = 0.05
"""How far parameters of random architectures may be from the derived network's, relative to it."""
