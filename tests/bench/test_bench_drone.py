"""The benchmark of DeepLabV3: its table."""

import argparse

import pytest

from aerial_nni.bench import drone


@pytest.mark.slow
def test_every_way_is_measured_with_every_backbone():
    parser = argparse.ArgumentParser()
    drone.add_flags(parser)
    words = "--backbones mobilenet_v3_large --height 64 --width 96 --rounds 1 --threads 1"
    table = drone.measure(parser.parse_args(words.split()))
    assert [row[:2] for row in table.rows] == [("mobilenet_v3_large", way) for way in drone.WAYS]
    assert all(row[2] > 0 and row[3] > 0 for row in table.rows)
    assert table.rows[0][4:] == (1, 1)
    assert "crops of 32×48" in table.notes[0]
