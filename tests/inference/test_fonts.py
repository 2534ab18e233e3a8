"""The legend's letters: of any script, and never a box without a word."""

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from aerial_nni.inference import fonts
from aerial_nni.inference.fonts import USUAL, lacking, legible


@pytest.fixture(autouse=True)
def no_other_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has none but those that matplotlib brings."""
    monkeypatch.setattr(fonts, "findSystemFonts", list)


def ink(text: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    picture = Image.new("L", (200, 40))
    ImageDraw.Draw(picture).text((2, 2), text, 255, font)
    return np.asarray(picture)


@pytest.mark.parametrize("text", ["Ακτή", "дорога", "طريق", "שביל", "Çğışéñ", "Fuß & Weg"])
def test_the_plain_installation_has_most_scripts(text: str, caplog: pytest.LogCaptureFixture):
    drawn, font = legible(text, "3", 16)
    assert drawn == text
    assert not caplog.records
    box = ink("\uffff", font)[:, :12]  # what a font draws for a letter that it lacks
    for letter in text.replace(" ", ""):
        assert not np.array_equal(ink(letter, font)[:, :12], box)


def test_a_name_that_no_font_has_is_replaced_and_told(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        drawn, _ = legible("道路 A", "3", 16)
    assert drawn == "3"
    assert "道路 of '道路 A'" in caplog.text
    assert "Noto Sans CJK" in caplog.text


def test_a_font_of_the_machine_is_used_where_it_has_the_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    broken, other = tmp_path / "a.ttf", tmp_path / "b-Regular.ttf"
    broken.write_bytes(b"no font")
    other.write_bytes(USUAL.read_bytes())
    monkeypatch.setattr(fonts, "USUAL", USUAL.with_name("cmr10.ttf"))
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(broken), str(other)])
    assert lacking("дорога", fonts.USUAL) == "дорга"
    drawn, font = legible("дорога", "3", 16)
    assert (drawn, Path(font.path)) == ("дорога", other)


def test_letters_that_are_not_joined_are_told_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fonts.features, "check", lambda _: False)
    legible("طريق", "3", 16)
    legible("road", "3", 16)
    assert len(caplog.records) == 1
    assert "FriBiDi" in caplog.text
