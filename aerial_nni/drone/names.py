"""The losses that are compared, and the names of the phases of an experiment with drone scenes."""

from typing import Any

LOSSES: dict[str, dict[str, Any]] = {
    "focal": {"loss": "focal", "class_weights": "none"},
    "dice": {"loss": "log-dice", "class_weights": "none"},
    "sum": {"loss": "log-dice+focal", "class_weights": "none"},
    "inverse-ce": {"loss": "ce", "class_weights": "inverse"},
    "plain-dice": {"loss": "dice", "class_weights": "none"},
    "heavy-sum": {"loss": "log-dice+40*focal", "class_weights": "none"},
    "tversky": {"loss": "tversky", "class_weights": "none"},
}
"""Name of a loss on the command line -> the options that make it."""

COMPARED = ("focal", "dice", "sum", "inverse-ce")
"""Those that are compared where nothing else is said."""

SAID = {
    "focal": "focal",
    "dice": "−log Dice",
    "sum": "−log Dice + focal",
    "inverse-ce": "cross-entropy, inverse frequencies",
    "plain-dice": "1 − Dice",
    "heavy-sum": "−log Dice + 40 · focal",
    "tversky": "Tversky",
}
"""The same in words."""

PREFIX = "loss: "
"""What the phases of the comparison begin with; the name of a loss follows."""
