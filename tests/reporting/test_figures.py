"""Figures: what is void, wrong or absent is shown as such, and nothing global is touched."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from aerial_nni.config.options import TrialOptions
from aerial_nni.data.dataset import VOID
from aerial_nni.reporting import curves, gallery, matrix, style
from aerial_nni.reporting.folder import Example, read_experiment
from aerial_nni.reporting.format import duration, join_and, pluralize, score, spread, table
from aerial_nni.reporting.loss_course import LossFacts
from aerial_nni.reporting.render import render
from aerial_nni.training.losses import LOSSES
from aerial_nni.training.optim import learning_rate

Fabricate = Callable[..., Path]


def _example(truth: np.ndarray, predicted: np.ndarray) -> Example:
    image = np.full((*truth.shape, 3), 90, dtype=np.uint8)
    return Example(number=1, image=image, truth=truth, predicted=predicted, facts={})


def test_errors_are_coloured_and_void_is_neither_right_nor_wrong() -> None:
    truth = np.zeros((24, 24), dtype=np.uint8)
    predicted = truth.copy()
    predicted[:, 12:] = 1
    truth[12:] = VOID
    shown = gallery.error_map(_example(truth, predicted))
    assert (shown[:12, 12:] == (213, 94, 0)).all()
    assert (shown[:12, :12].min(axis=2) == shown[:12, :12].max(axis=2)).all()
    assert (shown[12:] == style.void_pattern(24, 24)[12:]).all()


def test_classes_keep_the_colours_of_the_dataset() -> None:
    palette = [(60, 16, 152), (132, 41, 246)]
    index = np.array([[0, 1, VOID]], dtype=np.uint8)
    shown = style.colourise(index, palette)
    assert shown[0, 0].tolist() == [60, 16, 152] and shown[0, 1].tolist() == [132, 41, 246]
    assert shown[0, 2].tolist() not in [list(colour) for colour in palette]


def test_rows_of_the_confusion_matrix_sum_to_one() -> None:
    shares = matrix.row_shares(np.array([[3, 1, 0], [0, 0, 0], [2, 2, 4]]))
    assert shares[0].tolist() == [0.75, 0.25, 0.0] and shares[2].sum() == 1
    assert np.isnan(shares[1]).all()


@pytest.mark.parametrize(
    ("pixels", "text"),
    [(0, "0"), (812, "812"), (41_602, "41.6 k"), (1_596_993, "1.60 M"), (10_396_322, "10.4 M")],
)
def test_counts_are_short(pixels: int, text: str) -> None:
    assert matrix.short_count(pixels) == text


def test_curves_hold_the_history(fabricate: Fabricate) -> None:
    trial = read_experiment(fabricate()).best
    axes = curves.plot_loss([trial]).axes[0]
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert np.array_equal(drawn["training"], trial.history["train_loss"])
    assert np.array_equal(drawn["validation"], trial.history["val_loss"])
    left, right = curves.plot_scores([trial]).axes
    assert np.array_equal(left.lines[0].get_ydata(), trial.history["mean_iou"])
    assert "soft Jaccard" in left.lines[1].get_label()
    assert np.array_equal(right.lines[1].get_ydata(), trial.history["recall"])


def test_every_axis_has_a_label_and_every_panel_a_title(fabricate: Fabricate) -> None:
    trial = read_experiment(fabricate()).best
    for figure in (curves.plot_loss([trial]), curves.plot_learning_rate(trial)):
        for axes in figure.axes:
            assert axes.get_xlabel() and axes.get_ylabel() and axes.get_title(loc="left")


def test_settings_of_matplotlib_stay_as_they_were(fabricate: Fabricate, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    trial = read_experiment(fabricate()).best
    style.save(curves.plot_loss([trial]), tmp_path / "loss.png")
    assert dict(mpl.rcParams) == before


def test_a_figure_is_the_same_each_time(fabricate: Fabricate, tmp_path: Path) -> None:
    trial = read_experiment(fabricate()).best
    one, two = (style.save(matrix.plot_confusion(trial), tmp_path / f"{i}.png") for i in (1, 2))
    assert one.read_bytes() == two.read_bytes()


def test_every_loss_has_its_formula() -> None:
    for name in LOSSES:
        facts = LossFacts.of({"loss": name, "class_weights": "none"})
        text = render("reporting/templates/loss.md.j2", loss=facts)
        assert rf"L_\text{{{name}}} = " in text and f"(`{name}`" in text


def test_words() -> None:
    assert score(None) == score(float("nan")) == "–" and score(0.5) == "0.5000"
    assert spread([0.5]) == "0.5000" and spread([0.4, 0.6]) == "0.5000 ± 0.1414"
    assert [duration(s) for s in (9.25, 754, 7380)] == ["9.2 s", "12 min 34 s", "2 h 3 min"]
    assert join_and(["a"]) == "a" and join_and(["a", "b", "c"]) == "a, b and c"
    assert [pluralize(1, "patch"), pluralize(2, "patch"), pluralize(1200, "epoch")] == [
        "1 patch", "2 patches", "1,200 epochs"
    ]  # fmt: skip
    assert table(["a", "b"], [["x|y", "1"]]).splitlines() == [
        "| a | b |", "| --- | ---: |", "| x\\|y | 1 |"
    ]  # fmt: skip


def test_a_schedule_is_drawn_with_every_update_where_the_rates_are_its_own() -> None:
    rates = np.array([learning_rate(TrialOptions.of(epochs=3, lr=0.01), n, 9) for n in (2, 5, 8)])

    def run(factor: float) -> Any:
        return SimpleNamespace(
            options={"schedule": "one-cycle", "lr": 0.01, "epochs": 3, "accumulate": 2, "batch": 4},
            metrics={"split": {"train_patches": 22}},  # five steps, three updates in an epoch
            history={"epoch": np.array([1.0, 2.0, 3.0]), "lr": factor * rates},
        )

    def title(run: Any) -> str:
        return curves.plot_learning_rate(run).axes[0].get_title(loc="left")

    every = curves.learning_rate_info(run(1.0)).updates
    assert every is not None and len(every[0]) == 9 and every[0][-1] == 3
    assert title(run(1.0)).startswith("Learning rate of each update")
    assert curves.learning_rate_info(run(1.1)).updates is None
    assert title(run(1.1)).startswith("Learning rate at the end of each epoch")


def test_an_axis_of_one_epoch_has_that_one_alone() -> None:
    figure = style.new_figure(2.0)
    axes = figure.add_subplot()
    style.epoch_axis(axes, np.array([1.0]))
    assert [tick for tick in axes.get_xticks() if 0.5 <= tick <= 1.5] == [1.0]
