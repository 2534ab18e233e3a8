"""The benchmark of architecture search: its table, and that every contestant does its work."""

import argparse

import pytest

from aerial_nni.bench import darts


@pytest.mark.slow
def test_every_contestant_is_measured(monkeypatch: pytest.MonkeyPatch):
    names = (darts.PLAIN, darts.FIRST, "supernet, second order")
    chosen = {name: darts.CONTESTANTS[name] for name in names}
    monkeypatch.setattr(darts, "CONTESTANTS", chosen)
    parser = argparse.ArgumentParser()
    darts.add_flags(parser)
    small = ["--width", "2", "--depth", "1", "--nodes", "1", "--batch", "2", "--patch", "32"]
    given = parser.parse_args([*small, "--steps", "1", "--rounds", "1", "--threads", "1"])
    given.data, given.data_dir = "scenes", ""
    table = darts.measure(given)
    assert [row[0] for row in table.rows] == list(names)
    assert all(min(row[1:]) > 0 for row in table.rows)
    assert (table.rows[0][3], table.rows[1][4]) == (1, 1)
