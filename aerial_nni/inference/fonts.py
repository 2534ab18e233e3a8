"""A font for any text: DejaVu Sans, which matplotlib brings, or one of this machine's."""

import logging
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.font_manager import findSystemFonts
from matplotlib.ft2font import FT2Font
from PIL import ImageFont, features

USUAL = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""Latin with all accents, Greek, Cyrillic, Armenian, Georgian, Arabic, Hebrew and more."""

INSTALL = "install a font that has them, such as Noto Sans CJK (on Debian: fonts-noto-cjk)"

log = logging.getLogger(__name__)


def legible(text: str, instead: str, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """A text and a font that has all its letters; `instead`, and a warning, where none has."""
    found = next((path for path in _candidates() if lacking(text, path) == ""), None)
    if found is None:
        log.warning(
            "no font here has %s of %r, so %r stands for it in the legend; %s",
            lacking(text, USUAL), text, instead, INSTALL,
        )  # fmt: skip
        return instead, ImageFont.truetype(USUAL, size)
    if not features.check("fribidi") and any(
        unicodedata.bidirectional(letter) in ("R", "AL") for letter in text
    ):
        log.warning(
            "the letters of %r are drawn one by one, from left to right: Pillow needs the library "
            "FriBiDi to join and turn them (on Debian: libfribidi0)",
            text,
        )
    return text, ImageFont.truetype(found, size)


def lacking(text: str, font: Path) -> str:
    """The letters of a text that a font does not have."""
    has = _letters(font)
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in has))


def _candidates() -> Iterator[Path]:
    """Font files, the best first: matplotlib's, then plain ones of this machine."""
    yield USUAL
    yield from sorted(map(Path, findSystemFonts()), key=lambda path: (not _plain(path), path.name))


def _plain(path: Path) -> bool:
    name = path.stem.lower()
    return "regular" in name or not any(
        style in name for style in ("bold", "italic", "oblique", "light", "black", "mono", "thin")
    )


@cache
def _letters(font: Path) -> frozenset[int]:
    """What a font has, as code points; nothing where it cannot be read."""
    try:
        return frozenset(FT2Font(str(font)).get_charmap())
    except (RuntimeError, OSError):
        return frozenset()
