"""The benchmark of zoom-out: its table, and that both ways compute the same."""

import argparse

import pytest

from aerial_nni.bench import zoomout


def given(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    zoomout.add_flags(parser)
    small = ["--backbone", "vgg11", "--size", "32", "--hidden", "8", "--rounds", "1"]
    found = parser.parse_args([*small, "--threads", "1", *words])
    found.data, found.data_dir = "scenes", ""
    return found


@pytest.mark.parametrize("spacing", ["1", "4"])
def test_the_stack_and_zoom_out_answer_alike(spacing: str):
    assert zoomout.difference(given("--spacing", spacing)) < 1e-4


def test_a_size_at_which_the_stack_is_another_network_is_refused(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        given("--size", "100")
    assert "100 is no multiple of 16; give 96" in capsys.readouterr().err


@pytest.mark.slow
def test_every_way_is_measured(monkeypatch: pytest.MonkeyPatch):
    ways = {way: zoomout.WAYS[way] for way in ("stack", "ours", "stack, step", "ours, step")}
    monkeypatch.setattr(zoomout, "WAYS", ways)
    table = zoomout.measure(given())
    assert [row[0] for row in table.rows] == list(ways.values())
    assert all(row[1] > 0 for row in table.rows)
    assert (table.rows[0][3], table.rows[2][3]) == (1, 1)
    assert any("standardised copy" in note for note in table.notes)
