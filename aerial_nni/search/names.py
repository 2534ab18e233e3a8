"""Names that a search's options choose from."""

ORDERS = ("first", "second")
VARIANTS = ("softmax", "gumbel")
