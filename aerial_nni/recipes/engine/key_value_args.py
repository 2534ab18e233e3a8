"""NAME=VALUE words of a command line: options of a network other than the one that is searched."""

import contextlib
from collections.abc import Collection, Sequence

from aerial_nni.config.options import BadOption

Value = int | float | str


def named_values(
    words: Sequence[str], *, flag: str, names: Collection[str], several: str = ""
) -> dict[str, list[Value]]:
    """Name -> values of it: `["width=8", "depth=2,3"]` gives `{"width": [8], "depth": [2, 3]}`.

    Args:
        words: as they were typed after `flag`.
        flag: such as "--student", for the message.
        names: that are allowed.
        several: what several values are for, such as "to search"; without it there is one.

    Raises:
        BadOption: a word is not NAME=VALUE with one of `names`.
    """
    found: dict[str, list[Value]] = {}
    for word in words:
        name, _, text = word.partition("=")
        name = name.strip().replace("-", "_")
        values = [_value(part) for part in (text.split(",") if several else [text])]
        if name not in names or "" in values:
            form = f"NAME=VALUE, or NAME=A,B {several}," if several else "NAME=VALUE"
            raise BadOption(
                f"{flag} {word!r} is not understood; give {form} with names of {', '.join(names)}, "
                f"such as width=8 depth={'2,3' if several else '3'}"
            )
        found[name] = values
    return found


def _value(text: str) -> Value:
    """A number where it is one."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text.strip()
