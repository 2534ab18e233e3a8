"""YAML and JSON files that people write, as plain values."""

from pathlib import Path

import pytest

from aerial_nni.config.errors import Damaged
from aerial_nni.config.safe_reading import as_yaml, read_plain, read_table


def read(folder: Path, name: str, text: str) -> object:
    (folder / name).write_text(text, encoding="utf-8")
    return read_plain(folder / name)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("-1E+4", -1e4),
        ("2.5e3", 2500.0),
        ("16", 16),
        ("0.5", 0.5),
        ('"1e-4"', "1e-4"),
        ("true", True),
    ],
)
def test_a_number_is_a_number_in_both(tmp_path: Path, name: str, text: str, value: object):
    found = read(tmp_path, name, f'{{"x": [{text}]}}')["x"][0]
    assert (type(found), found) == (type(value), value)


def test_numbers_of_yaml_that_json_has_not(tmp_path: Path):
    text = "[.5e-3, +1e4, 1.e2, 1e5x, e5, 1e-, ce+dice]"
    assert read(tmp_path, "a.yaml", text) == [5e-4, 1e4, 100.0, "1e5x", "e5", "1e-", "ce+dice"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "lr: 1\nwidth: 2\nlr: 3\n", "'lr' stands there twice"),
        ("a.yaml", "lr: {_type: choice, _type: uniform}", "'_type' stands there twice"),
        ("a.json", '{"lr": 1, "lr": 2}', "'lr' stands there twice"),
        ("a.json", '{"lr": [1, ]}', "line 1 column 12"),
        ("a.json", '{"lr": %s}' % ("9" * 5000), "4300 digits"),
        ("a.yaml", f"lr: {'9' * 5000}", "4300 digits"),
        ("a.yaml", f"lr: 0x{'F' * 5000}", "a whole number of more than 300 digits"),
        ("a.yaml", f"? 0x{'F' * 5000}\n: 1", "a whole number of more than 300 digits"),
        ("a.json", '{"lr": [%s]}' % ("9" * 4000), "a whole number of more than 300 digits"),
        ("a.yaml", "[" * 5000, "a.yaml is no YAML"),
        ("a.yaml", "a: [1", "line 1"),
        ("a.yaml", "a: &a [*a]", "a.yaml is no YAML"),
        ("a.yaml", "? [a]\n: 1", "unhashable"),
    ],
)
def test_what_is_not_well_formed_is_said(tmp_path: Path, name: str, text: str, said: str):
    with pytest.raises(Damaged, match=said):
        read(tmp_path, name, text)


@pytest.mark.parametrize(
    ("text", "value", "base"),
    [("1:30", "90", 60), ("-1:30:00", "-5400", 60), ("1:30.5", "90.5", 60), ("010", "8", 8),
     ("-0_17", "-15", 8)],
)  # fmt: skip
def test_a_number_of_another_base_is_refused_with_what_yaml_takes_it_for(
    tmp_path: Path, text: str, value: str, base: int
):
    with pytest.raises(Damaged) as caught:
        read(tmp_path, "a.yaml", f"a: 1\nlr:\n  _value: [1, {text}]\n")
    wanted = f"line 3: {text} is a number of base {base} to YAML; write {value} if you mean that, "
    assert f"{wanted}or '{text}' in quotes for a text" in str(caught.value)
    assert read(tmp_path, "a.yaml", f"['{text}']") == [text]
    assert read(tmp_path, "a.yaml", as_yaml([text])) == [text]


def test_numbers_of_ten_digits_and_what_says_its_base_are_taken(tmp_path: Path):
    text = "[0, 007, -5, 1_000, 0x1F, 0b11, 0.5, .inf, 12:61, 08]"
    wanted = [0, 7, -5, 1000, 31, 3, 0.5, float("inf"), "12:61", "08"]
    assert read(tmp_path, "a.yaml", text) == wanted


def test_a_merged_mapping_may_have_its_keys_written_over(tmp_path: Path):
    assert read(tmp_path, "a.yaml", "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")["b"] == {
        "x": 3,
        "y": 2,
    }


def test_a_mark_of_the_byte_order_is_no_content(tmp_path: Path):
    assert read(tmp_path, "a.json", "\ufeff[1]") == [1]


def test_text_that_looks_like_a_number_comes_back_as_text(tmp_path: Path):
    values = {"split": "1e5", "loss": "ce+dice", "lr": 1e-5, "other": "1.5", "bands": ["a", "2"]}
    assert read(tmp_path, "a.yaml", as_yaml(values)) == values


def test_a_title_that_stands_twice_is_named(tmp_path: Path):
    (tmp_path / "a.csv").write_text("epoch,loss,loss\n1,2,3\n")
    with pytest.raises(Damaged, match="line 1: .*'loss' stands there twice"):
        read_table(tmp_path / "a.csv")
