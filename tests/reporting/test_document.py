"""The document has every part that was asked for, and its numbers are those of the folder."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aerial_nni.config import run_folder
from aerial_nni.recipes.baseline.report import draw_figures, facts_of, network_stages
from aerial_nni.recipes.documents import ResultUnusable, write_report
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.format import LEAKY
from aerial_nni.reporting.render import render
from aerial_nni.reporting.shown_run import ShownRun
from aerial_nni.reporting.sources import describe_places, typed_command
from aerial_nni.training.metrics import POLICY

Fabricate = Callable[..., Path]

PARTS = [
    "## 1. The network: a U-Net", "### The encoder", "### The decoder", "### The skip connections",
    "## 2. How it learns", "### The loss", "### Optimiser and schedule", "### Augmentation",
    "### Data and split", "### How it is scored", "## 3. Results", "### Scores",
    "### Ten segmented validation images", "### Loss by epoch",
    "### Mean IoU, precision and recall by epoch", "### Scores of each class",
    "### Precision and recall over thresholds", "### Which classes are confused",
    "### What it cost", "## 4. Where the numbers come from",
]  # fmt: skip

FIGURES = [
    "network", "blocks", "costs", "learning-rate", "pixels", "loss", "scores", "classes",
    "class-scores", "precision-recall", "confusion", "examples-1", "examples-2",
]  # fmt: skip


@pytest.fixture(scope="session")
def main(fabricate_once: Fabricate) -> Path:
    return fabricate_once("mainrun0", classes=5, seeds=(0, 1), void=True, absent=2)


@pytest.fixture(scope="session")
def others(fabricate_once: Fabricate) -> list[Path]:
    return [
        fabricate_once("tilerun0", classes=5, rule="tile"),
        fabricate_once("patchrun", classes=5, rule="patch", epochs=3),
    ]


@pytest.fixture(scope="session")
def document(main: Path, others: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report([main, *others], tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="session")
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def _draft(*folders: Path) -> str:
    """The document's text without its figures."""
    experiments = [read_experiment(folder) for folder in folders]
    links = {name: f"somewhere/{name}.png" for name in FIGURES}
    facts = facts_of(experiments, network_stages(experiments[0].best), links)
    return render("recipes/baseline/report.md.j2", **facts, links=links)


def _metrics(folder: Path) -> dict:
    best = read_experiment(folder).best
    return run_folder.read_json(best.folder / run_folder.METRICS)


def test_the_document_is_where_the_course_wants_it(document: Path) -> None:
    assert document.name == "baseline-performance.md"
    assert sorted(path.name for path in document.parent.iterdir()) == [
        "baseline-performance", "baseline-performance.md"
    ]  # fmt: skip


def _heads(line: str, part: str) -> bool:
    return line == part or line.startswith(f"{part}:")


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_there_in_order(text: str, part: str) -> None:
    lines = text.splitlines()
    places = [[i for i, line in enumerate(lines) if _heads(line, name)] for name in PARTS]
    assert len(places[PARTS.index(part)]) == 1
    assert places == sorted(places)


def test_every_figure_is_linked_and_every_link_leads_to_a_figure(document: Path, text: str) -> None:
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    assert sorted(link for _, link in links) == sorted(
        f"baseline-performance/{name}.png" for name in FIGURES
    )
    assert all(len(caption) > 10 for caption, _ in links)
    assert all((document.parent / link).is_file() for _, link in links)


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_is_blank(document: Path, name: str) -> None:
    with Image.open(document.parent / "baseline-performance" / f"{name}.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[1] >= 600
    inked = (pixels != 255).any(axis=2)
    assert inked.mean() > 0.01
    # Something is drawn in each quarter of the height: no axes stayed empty.
    assert all(part.any() for part in np.array_split(inked, 4))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


def test_the_figures_are_small(document: Path) -> None:
    folder = document.parent / "baseline-performance"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_000_000


def test_scores_are_those_of_the_folder(main: Path, text: str) -> None:
    metrics = _metrics(main)
    for name, row in metrics["per_class"].items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {name} | ")
                    and line.count("|") == 9)  # fmt: skip
        for key in ("iou", "precision", "recall", "f1", "average_precision"):
            assert ("–" if row[key] is None else f"{row[key]:.4f}") in line
        assert f"{row['pixels']:,}" in line
    assert f"**mean IoU of {metrics['final']['mean_iou']:.3f}**" in text
    assert f"| **mean** | **{metrics['final']['mean_iou']:.4f}** |" in text
    assert f"{metrics['model']['parameters']:,}" in text
    assert "123,456,789" in text and "42.2 patches/s" in text and "12 min 34 s" in text


def test_mean_and_spread_over_seeds(main: Path, text: str) -> None:
    scores = [trial.metrics["final"]["mean_iou"] for trial in read_experiment(main).trials]
    assert f"**{np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f}**" in text


def test_the_last_epoch_stands_beside_the_chosen_one(main: Path, text: str) -> None:
    trial = read_experiment(main).best
    assert "chosen by its mean IoU on the same validation images it is scored on" in text
    last = f"{trial.history['mean_iou'][-1]:.4f}"
    assert f"The last epoch, which was not chosen, has {last}." in text
    assert last != f"{trial.metrics['final']['mean_iou']:.4f}"


def test_a_leaky_split_is_marked_wherever_it_is_printed(text: str) -> None:
    lines = text.split("<details>")[0].splitlines()
    rows = [line for line in lines if "`patch`" in line and line.startswith("|")]
    assert len(rows) == 3
    assert all(LEAKY in row for row in rows)
    assert all(LEAKY not in row for row in text.splitlines() if "`tile`" in row)


def test_what_else_differs_between_experiments_is_said(text: str) -> None:
    assert "In experiment `patchrun`, `epochs` is 3 instead of 4." in text


def test_every_number_can_be_traced(main: Path, others: list[Path], text: str) -> None:
    for folder in (main, *others):
        experiment = read_experiment(folder)
        assert f"`{experiment.id}`" in text
        for trial in experiment.trials:
            assert run_folder.sha256(trial.folder / run_folder.CHECKPOINT) in text
    assert "2.9.9" in text and "f" * 64 in text and "A Processor, 2 threads" in text
    assert ("python -m aerial_nni.run baseline --seeds 0 1 --split image --split-seed 3 "
            "--data dubai --data-dir DIR --width 4 --depth 2 --epochs 4\n") in text  # fmt: skip
    assert "python -m aerial_nni.run report mainrun0 tilerun0 patchrun\n" in text
    assert "The commands (DIR is the folder of the data):" in text


def test_only_capitals_that_are_in_the_commands_are_explained() -> None:
    assert describe_places(["hpo --data scenes"]) == ""
    said = describe_places(["hpo --data-dir DIR", "hpo --search-space FILE"])
    assert said == " (DIR is the folder of the data, FILE is a file with the search space)"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("run hpo --data-dir /home/me/data --epochs 3", "run hpo --data-dir DIR --epochs 3"),
        ("run drone --backbone-weights imagenet", "run drone --backbone-weights imagenet"),
        ("run drone --backbone-weights '~/my w.pth'", "run drone --backbone-weights WEIGHTS"),
        ("run baseline --split tile --docs out/docs", "run baseline --split tile --docs PATH"),
        ("run baseline --split=runs/a/split.json", "run baseline --split=SPLIT"),
        ("run zoomout --unet loss=ce+0.5*dice", "run zoomout --unet 'loss=ce+0.5*dice'"),
    ],
)
def test_a_command_is_printed_without_paths(typed: str, printed: str) -> None:
    assert typed_command({"command_line": typed}) == printed


def test_a_command_that_was_not_recorded_is_not_made_up(fabricate: Fabricate) -> None:
    folder = fabricate()
    record = run_folder.read_json(folder / run_folder.EXPERIMENT)
    del record["command_line"]
    run_folder.write_json(folder / run_folder.EXPERIMENT, record)
    text = _draft(folder)
    assert "The command of `abcd1234` was not recorded" in text and "run baseline" not in text
    assert "| `epochs` | `4` |" in text


def test_no_path_of_the_machine_is_printed(main: Path, text: str) -> None:
    assert "/a/private/place" not in text and str(main.parent) not in text


def test_policy_formula_and_void_are_there(text: str) -> None:
    assert POLICY in text
    assert r"L = L_\text{ce} + L_\text{dice}" in text
    assert "| void (not scored) | 77 |  | 33 |  |" in text


def test_an_absent_class_has_no_score_and_no_nan_is_printed(text: str) -> None:
    assert "| Road | – | – | – | – | – | 0 | 0.0 % |" in text
    assert "Road does not occur in the validation set" in text
    assert not re.search(r"\bnan\b|\| None|None \|", text)


def test_tables_have_as_many_cells_in_each_line(text: str) -> None:
    lines = text.splitlines()
    for above, line in zip(lines, lines[1:], strict=False):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|")


def test_the_text_says_which_classes_are_confused(main: Path, text: str) -> None:
    trial = read_experiment(main).best
    wrong = trial.confusion.copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    said = f"most errors are {trial.classes[true]} called {trial.classes[predicted]}"
    assert said in text


@pytest.mark.parametrize("classes", [2, 3])
def test_one_epoch_and_few_classes(fabricate: Fabricate, tmp_path: Path, classes: int) -> None:
    folder = fabricate(classes=classes, epochs=1, examples=3, data="scenes")
    text = write_report([folder], tmp_path / "docs").read_text(encoding="utf-8")
    assert "### 3 segmented validation images" in text
    assert "After the only epoch the training loss is" in text
    assert "±" not in text and "228_training" not in text


def test_a_best_epoch_that_is_the_last_is_said_once(fabricate: Fabricate) -> None:
    text = _draft(fabricate(epochs=1))
    assert "It is the last epoch as well." in text and "which was not chosen" not in text


def test_a_trial_run_by_hand_is_reported(fabricate: Fabricate) -> None:
    text = _draft(fabricate() / "trial0")
    assert "The command of `trial0` was not recorded" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dropout": 0.2, "norm": "none"}, "dropout zeroes a share of 0.2"),
        ({"norm": "group", "upsampling": "bilinear"}, "over groups of channels of one picture"),
        ({"space_to_depth": 2}, "squares of 2×2 pixels are folded into channels"),
        ({"loss": "ce+0.5*lovasz"}, r"L = L_\text{ce} + 0.5\,L_\text{lovasz}"),
        ({"loss": "reference"}, "the loss cannot fall below 1 − 1/K"),
        ({"loss": "focal", "class_weights": "inverse"}, "is the inverse of its share"),
        ({"optimizer": "sgd", "schedule": "poly", "ema": 0.99}, "stochastic gradient descent"),
        ({"flip": False, "turn": False, "scale": 0.0, "colour": 0.0}, "used no augmentation"),
        ({"accumulate": 4}, "after every 64 patches"),
    ],
    ids=str,
)
def test_the_text_follows_the_options(fabricate: Fabricate, options: dict, said: str) -> None:
    assert said in _draft(fabricate(options=options))


def test_a_rising_validation_loss_is_called_overfitting(fabricate: Fabricate) -> None:
    assert "called overfitting" in _draft(fabricate(epochs=12))
    assert "called overfitting" not in _draft(fabricate("short000", epochs=2))


@pytest.mark.parametrize(
    "name",
    [run_folder.OPTIONS, run_folder.HISTORY, run_folder.METRICS, run_folder.CHECKPOINT,
     run_folder.CURVES, run_folder.EXAMPLE_LIST, "examples/03-truth.png"],
)  # fmt: skip
def test_a_missing_file_is_named(fabricate: Fabricate, tmp_path: Path, name: str) -> None:
    folder = fabricate(classes=2)
    (folder / "trial0" / name).unlink()
    with pytest.raises(ResultUnusable, match=re.escape(Path(name).name)):
        write_report([folder], tmp_path / "docs")
    assert not (tmp_path / "docs" / "baseline-performance.md").exists()


def test_a_folder_without_an_experiment_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultUnusable, match=r"experiment\.json is missing"):
        write_report([tmp_path], tmp_path / "docs")


def test_a_damaged_file_is_named(fabricate: Fabricate, tmp_path: Path) -> None:
    folder = fabricate()
    (folder / "trial0" / run_folder.METRICS).write_text('{"score": 0.')
    with pytest.raises(ResultUnusable, match=r"metrics\.json cannot be read"):
        write_report([folder], tmp_path / "docs")


def test_another_checkpoint_than_the_scored_one_is_refused(
    fabricate: Fabricate, tmp_path: Path
) -> None:
    folder = fabricate(seeds=(0, 1))
    other, best = (folder / f"trial{seed}" / run_folder.CHECKPOINT for seed in (0, 1))
    if read_experiment(folder).best.folder.name == "trial0":
        other, best = best, other
    best.write_bytes(other.read_bytes())
    with pytest.raises(ResultUnusable, match="these scores are not this checkpoint's"):
        write_report([folder], tmp_path / "docs")


def test_failed_trials_are_left_out(fabricate: Fabricate) -> None:
    folder = fabricate()
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    failed = {**record["trials"][0], "id": "gone", "folder": None, "sequence": None}
    record["trials"].append(failed)
    run_folder.write_json(folder / run_folder.EXPERIMENT, record)
    assert len(read_experiment(folder).trials) == 1


def test_a_report_of_nothing_or_of_unlike_things_is_refused(
    fabricate: Fabricate, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no experiment"):
        write_report([], tmp_path)
    folder = fabricate()
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    run_folder.write_json(folder / run_folder.EXPERIMENT, {**record, "kind": "juggling"})
    with pytest.raises(ValueError, match="juggling"):
        write_report([folder], tmp_path)


def test_a_second_report_replaces_the_first(
    fabricate: Fabricate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fabricate(classes=2, epochs=2, examples=2)
    experiment = read_experiment(folder)
    stages = network_stages(experiment.best)
    few = {"loss": draw_figures(experiment, stages)["loss"]}
    monkeypatch.setattr("aerial_nni.recipes.baseline.report.draw_figures", lambda *_: few)
    monkeypatch.setattr("aerial_nni.recipes.baseline.report.render", lambda *_, **__: "text")
    docs = tmp_path / "docs"
    first = write_report([folder], docs).read_bytes()
    assert write_report([folder], docs).read_bytes() == first
    assert sorted(path.name for path in docs.rglob("*")) == [
        "baseline-performance", "baseline-performance.md", "loss.png"
    ]  # fmt: skip


def test_patches_that_are_not_square_are_turned_by_half_turns_alone(main: Path):
    trial = read_experiment(main).best
    run = ShownRun.of([trial])
    assert "turned by 0, 90, 180 or 270 degrees, each as likely" in run.moves
    metrics = trial.metrics
    data = replace(metrics.data, patch_width=2 * metrics.data.patch)
    vars(trial)["metrics"] = replace(metrics, data=data)
    assert "turned by 0 or 180 degrees, each as likely" in run.moves
