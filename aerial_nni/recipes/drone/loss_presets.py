"""The losses that are compared, and the names of the phases of an experiment with drone scenes."""

from typing import Any

from aerial_nni.config.options import LOSS_TERMS, BadOption, parse_loss

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

VARIED = ("loss", "class_weights")
"""Options that a loss is made of, so that are compared."""

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


def loss_name(text: str) -> str:
    """The name of a loss: one of `LOSSES`, or an expression such as `log-dice+5*focal`.

    An expression has no spaces, and where it says the same as a name of `LOSSES` it is that one:
    the same loss twice tells nothing.

    Raises:
        BadOption: it is neither.
    """
    text = "".join(text.split())
    if text in LOSSES:
        return text
    try:
        terms = sorted(parse_loss(text))
    except BadOption as error:
        raise BadOption(
            f"--losses {text!r} is no loss; give names of {', '.join(LOSSES)}, or any sum of "
            f"{', '.join(LOSS_TERMS)} with factors before them, such as log-dice+5*focal"
        ) from error
    for name, options in LOSSES.items():
        if options["class_weights"] == "none" and sorted(parse_loss(options["loss"])) == terms:
            return name
    return text


def options_of(name: str) -> dict[str, Any]:
    """The options that make the loss of this name."""
    return LOSSES.get(name, {"loss": name, "class_weights": "none"})


def said_of(name: str) -> str:
    """A loss in words. What Markdown would take for slanted letters is not in them."""
    return SAID.get(name, name.replace("+", " + ").replace("*", " · "))
