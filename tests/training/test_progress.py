"""How far a run is, and what memory it took."""

import logging
import resource
import sys
from types import SimpleNamespace

import pytest
import torch

from aerial_nni.training import memory, progress
from aerial_nni.training.memory import keep_freed_memory, peak_memory
from aerial_nni.training.progress import epoch_line, steps_of


def test_an_epoch_is_a_line():
    row = {"epoch": 3.0, "train_loss": 0.51239, "val_loss": 0.6, "mean_iou": 0.25,
           "pixel_accuracy": 0.75, "patches_per_second": 41.7, "seconds": 2.04}  # fmt: skip
    assert epoch_line(row, 12) == (
        "epoch 3/12  loss 0.5124, validation 0.6000  mean IoU 0.2500  accuracy 0.7500  "
        "42 patches/s  2.0 s"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_batches_pass_with_a_bar_on_a_terminal_alone(monkeypatch, terminal: bool):
    asked: dict = {}

    def bar(items, **given):
        asked.update(given)
        return items

    monkeypatch.setattr(progress, "tqdm", bar)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    assert list(steps_of(iter("abc"), total=3, label="epoch 1/2")) == ["a", "b", "c"]
    assert asked == {
        "total": 3, "desc": "epoch 1/2", "unit": "batch", "leave": False, "disable": not terminal,
    }  # fmt: skip


def test_peak_memory_is_in_bytes(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=7000))
    monkeypatch.setattr(sys, "platform", "linux")
    assert peak_memory(cpu) == 1024 * 7000
    monkeypatch.setattr(sys, "platform", "darwin")  # there the system counts bytes
    assert peak_memory(cpu) == 7000
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 12.0)
    assert peak_memory(torch.device("cuda")) == 12


@pytest.mark.parametrize("works", [1, 0])
def test_glibc_is_told_to_keep_what_is_freed(monkeypatch, caplog, works: int):
    caplog.set_level(logging.DEBUG)
    told: list[tuple[int, int]] = []

    class Glibc:
        def __init__(self, name: None) -> None:
            assert name is None

        @staticmethod
        def mallopt(name: int, value: int) -> int:
            told.append((name, value))
            return works

    monkeypatch.setattr(memory.ctypes, "CDLL", Glibc)
    monkeypatch.setattr(sys, "platform", "linux")
    keep_freed_memory()
    # M_MMAP_MAX 0, M_TRIM_THRESHOLD -1 of malloc.h
    assert told == [(-4, 0), (-1, -1)][: 1 + works]
    assert ("stays as it is" in caplog.text) == (not works)
    told.clear()
    monkeypatch.setattr(sys, "platform", "win32")
    keep_freed_memory()
    assert not told


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    monkeypatch.setattr(sys, "platform", "linux")
    keep_freed_memory()
