"""The document of a distillation has every part asked for, and says plainly what is chance."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from distillations import Made
from goldens import check_golden, flat
from PIL import Image

from aerial_nni.config import run_folder
from aerial_nni.recipes.distill.gain import worth
from aerial_nni.recipes.distill.losses import KINDS
from aerial_nni.recipes.distill.report.document import compose
from aerial_nni.recipes.distill.report.gain_facts import difference, plot_losses, verdict
from aerial_nni.recipes.distill.report.reading import Distillation, read_distillation
from aerial_nni.recipes.distill.report.soft_answers import entropy, softened
from aerial_nni.recipes.documents import ResultUnusable, write_report
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.format import LEAKY

PARTS = [
    "# Knowledge distillation", "## 1. The method", "### The idea", "### What a soft answer is",
    "### What is minimised", "### Four kinds of comparison", "### Which was used, and why",
    "### Sources", "## 2. The search: Gaussian process", "### The search space", "### How it went",
    "### Which parameters matter", "### The best trials", "## 3. Results",
    "### What the teacher is worth", "### Teacher, student, control and the student in 8 bits",
    "### Ten segmented validation images", "### Loss by epoch",
    "### Mean IoU, precision and recall by epoch", "### Scores of each class",
    "## 4. Where the numbers come from",
]  # fmt: skip

Fabricate = Callable[[Made], Path]
LINKS = ("scheme", "progress", "worth", "losses", "score-cost", "loss", "scores", "classes",
         "class-scores", "precision-recall", "confusion", "examples-1")  # fmt: skip


@pytest.fixture(scope="session")
def document(distillation_folder: Fabricate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report([distillation_folder(Made())], tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="session")
def text(document: Path) -> str:
    return flat(document.read_text(encoding="utf-8"))


def read(folder: Path) -> Distillation:
    return read_distillation(read_experiment(folder))


def draft(folder: Path) -> str:
    """The document's text without its figures."""
    return flat(compose(read(folder), {name: f"somewhere/{name}.png" for name in LINKS}))


def test_it_says_what_it_said(text: str):
    check_golden(text, "distill")


def test_each_part_is_there_in_order(document: Path, text: str):
    assert document.name == "knowledge-distillation.md"
    lines = text.splitlines()
    places = [next(i for i, line in enumerate(lines) if line.startswith(part)) for part in PARTS]
    assert places == sorted(places)


def test_every_figure_is_linked_once_and_none_is_blank(document: Path, text: str):
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    there = sorted(document.parent.rglob("*.png"))
    assert sorted(document.parent / link for _, link in links) == there
    assert {"scheme", "soft-answer", "temperatures", "kinds", "worth", "losses", "score-cost",
            "progress", "examples-1", "examples-2"} <= {path.stem for path in there}  # fmt: skip
    for path in there:
        with Image.open(path) as picture:
            inked = (np.asarray(picture.convert("RGB")).astype(int) != 255).any(axis=2)
        assert all(part.any() for part in np.array_split(inked, 4)), path


def test_the_headline_is_student_less_control_with_its_spread(
    distillation_folder: Fabricate, text: str
):
    found = read(distillation_folder(Made()))
    students, controls = ([t.metrics["score"] for t in group]
                          for group in (found.students, found.controls))  # fmt: skip
    gaps = np.subtract(students, controls)
    said = f"{gaps.mean():+.4f} ± {gaps.std(ddof=1):.4f}"
    assert said in text.splitlines()[2] and "the seeds 1, 2 and 3" in text.splitlines()[2]
    assert f"seed 1 {gaps[0]:+.4f}" in text
    assert "The teacher reaches 0.6600" in text and "/a/private/place" not in text
    assert "`image` with seed 3" in text


@pytest.mark.parametrize(
    ("student", "control", "said"),
    [
        ({1: 0.6, 2: 0.61, 3: 0.62}, {1: 0.55, 2: 0.561, 3: 0.57}, "more than the seeds explain"),
        ({1: 0.6, 2: 0.61, 3: 0.60}, {1: 0.6, 2: 0.6, 3: 0.61}, "it may be chance"),
        ({1: 0.63, 2: 0.61, 3: 0.605}, {1: 0.6, 2: 0.6, 3: 0.6}, "chance alone could explain it"),
        ({1: 0.5, 2: 0.51, 3: 0.52}, {1: 0.55, 2: 0.561, 3: 0.57}, "did harm"),
        ({1: 0.6}, {1: 0.5}, "One seed has no spread"),
    ],
)
def test_a_difference_is_called_what_it_is(student: dict, control: dict, said: str):
    assert said in verdict([student[seed] - control[seed] for seed in student])


def test_a_difference_stands_with_its_spread():
    found = worth({1: 0.63, 2: 0.61, 3: 0.605}, {1: 0.6, 2: 0.59, 3: 0.6})
    assert found is not None and difference(found).startswith("+0.0183 ± ")


def test_a_leaky_split_is_marked(distillation_folder: Fabricate):
    folder = distillation_folder(Made(students=(0.6,), controls=(0.5,), rule="patch"))
    assert f"`patch` (**{LEAKY}**)" in draft(folder).split("## 1.")[0]


def test_the_table_has_teacher_student_control_and_eight_bits(text: str):
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if line.count("|") == 10}
    assert (
        "1,940,000 | 3,456 M | 8.00 MB | 80.0 ms | 8.00 s | 308 MB | 0.6600 | –" in rows["teacher"]
    )
    assert "10.0 ms | 1.00 s | 301 MB" in rows["**student**"]
    assert "10.0 ms | 1.00 s | 301 MB" in rows["control"]
    assert "5.0 ms | 0.50 s | 300 MB | 0.6150" in rows["shown student, 8-bit"]
    assert "0.0050 less than the same file in fp32" in text
    assert "the student segments a scene 8.0 times as fast as the teacher" in text


def test_what_was_not_measured_is_said_with_the_command(
    distillation_folder: Fabricate, tmp_path: Path
):
    plain = draft(distillation_folder(Made(measured=False)))
    assert "not measured" in plain and "report distill0 --measure" in plain
    assert "no figure" in plain
    assert "was not made: no module named onnx" in draft(distillation_folder(Made(int8=False)))
    folder = shutil.copytree(distillation_folder(Made()), tmp_path / "other")
    costs = run_folder.read_json(folder / run_folder.COSTS)
    costs["checkpoints"]["student"] = "0" * 64
    run_folder.write_json(folder / run_folder.COSTS, costs)
    assert not read(folder).costs and not read(folder).answers


@pytest.mark.long
def test_without_a_search_or_a_control_the_text_says_so(
    distillation_folder: Fabricate, tmp_path: Path
):
    folder = distillation_folder(Made(search=False, controls=(), kind="soft+10*pair"))
    found = read(folder)
    assert found.control is None
    text = flat(write_report([folder], tmp_path).read_text(encoding="utf-8"))
    assert text.count("**What the teacher is worth is not known:**") == 2
    assert "There was none: the student was trained with kind `soft+10*pair`" in text
    assert "features of `decoder`" in text and not (tmp_path / "worth.png").exists()


def test_every_kind_has_its_text_and_a_source(text: str):
    sources = text.split("### Sources")[1].split("## 2.")[0].split("\n- ")
    for kind in KINDS:
        named = re.search(rf", `{kind}`\*\* \((\w+)[^)]* (\d{{4}})\)", text)
        assert named is not None and rf"L_\text{{{kind}}} = " in text
        cited = next(line for line in sources if named[1] in line)
        assert f"({named[2]})" in cited


def test_the_formula_is_that_of_the_run(text: str):
    assert r"L = L_\text{masks} + \lambda \left(L_\text{soft}\right)" in text
    assert r"\lambda = 1, \quad T = 3" in text
    assert "The best score of each kind in the search: `soft`" in text
    assert "Never tried: `soft+10*pair`" in text


def test_losses_of_both_are_those_of_the_masks(distillation_folder: Fabricate):
    found = read(distillation_folder(Made()))
    left = plot_losses(found).axes[0]
    highest = max(np.max(line.get_ydata()) for line in left.lines)
    assert highest < 7  # with the teacher's part it would be more


def test_softer_answers_are_less_sure_and_sum_to_one():
    logits = np.random.default_rng(1).normal(size=(4, 5, 6)) * 3
    plain, soft = softened(logits, 1.0), softened(logits, 4.0)
    np.testing.assert_allclose(soft.sum(axis=0), 1)
    assert (entropy(soft) >= entropy(plain)).all() and entropy(soft).max() <= 2
    assert (soft.argmax(axis=0) == logits.argmax(axis=0)).all()


def test_an_experiment_that_ended_early_shows_its_best_trial(
    distillation_folder: Fabricate, tmp_path: Path
):
    folder = shutil.copytree(distillation_folder(Made(measured=False)), tmp_path / "early")
    record = json.loads((folder / run_folder.EXPERIMENT).read_text())
    record["trials"] = [r for r in record["trials"] if r["parameters"]["_phase"] == "search"]
    run_folder.write_json(folder / run_folder.EXPERIMENT, record)
    found = read(folder)
    assert found.student.folder.name == "t000" and found.worth is None
    for row in record["trials"]:
        row |= {"score": None, "folder": None, "state": "FAILED"}
    run_folder.write_json(folder / run_folder.EXPERIMENT, record)
    with pytest.raises(ResultUnusable):
        read(folder)


def test_two_experiments_are_refused(distillation_folder: Fabricate, tmp_path: Path):
    folder = distillation_folder(Made())
    with pytest.raises(ValueError, match="one experiment"):
        write_report([folder, folder], tmp_path)
