"""Names that others gave are shown as they are, and do nothing."""

import csv
from pathlib import Path

import pytest

from aerial_nni.config.errors import shown
from aerial_nni.inference.areas import Area, write_areas
from aerial_nni.reporting.format import code, literal, table


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a|b", "a&#124;b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("*bold* _thin_", r"\*bold\* \_thin\_"),
        ("low_vegetation", "low_vegetation"),
        ("[a](javascript:b)", r"\[a\](javascript:b)"),
        ("`x`", r"\`x\`"),
        ("$x^2$", r"\$x^2\$"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("AT&T", "AT&amp;T"),
        ("a\\b", r"a\\b"),
        ("~~gone~~", r"\~\~gone\~\~"),
        ("https://a.org", r"https\://a.org"),
        ("WWW.a.org", r"WWW\.a.org"),
        ("a@b.org @user", "a<span>@</span>b.org <span>@</span>user"),
        ("Gebäude (alt)", "Gebäude (alt)"),
    ],
)
def test_a_name_is_no_markup(name: str, text: str):
    assert literal(name) == text


def test_a_name_in_a_table_stays_in_its_cell():
    row = table(["class", "IoU"], [[literal("a|b"), "0.5"]]).splitlines()[2]
    assert row.count("|") == 3


def test_code_ends_where_it_should():
    assert code("scenes") == "`scenes`"
    assert code("a`b``c") == "``` a`b``c ```"


def test_a_terminal_is_told_nothing():
    assert shown("a\x1b[2Jb\u202ec\r\n") == "a\\x1b[2Jb\\u202ec\\r\n"


def test_a_class_is_no_formula(tmp_path: Path):
    names = ["=1+1", "+a", "-b", "@c", "d"]
    areas = [Area(name=name, pixels=1, square_metres=1.0) for name in names]
    write_areas(tmp_path / "areas.csv", areas)
    with (tmp_path / "areas.csv").open(newline="") as file:
        found = [row["class"] for row in csv.DictReader(file)]
    assert found == ["'=1+1", "'+a", "'-b", "'@c", "d"]
