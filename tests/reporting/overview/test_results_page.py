"""The page over all milestones: rows, grounds, costs, what is missing, and how it is made again."""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import pytest
from discoveries import Made as Searched
from discoveries import make_discovery
from distillations import Made as Distilled
from distillations import make_distillation
from searches import Plan, make_search

from aerial_nni.config import run_folder
from aerial_nni.nni_backend import records
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.documents import ResultUnusable, usual_page, write_page
from aerial_nni.reporting.format import LEAKY, spread
from aerial_nni.reporting.overview import picture
from aerial_nni.reporting.overview.comparability import Overview, read_overview
from aerial_nni.run import build_parser, main

Fabricate = Callable[..., Path]
OPTIONS = {"width": 4, "depth": 1}
BASELINE, STUDENT, DERIVED = "U-Net baseline", "student", "derived network"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, fabricate_trial: Callable[..., float]) -> Path:
    """One experiment of each kind on the same patches, without pictures."""
    folder = tmp_path_factory.mktemp("all")
    make_search(folder, fabricate_trial, Plan(index=8, trials=3, startup=2, examples=0))
    make_distillation(folder, fabricate_trial, Distilled())
    few = Searched(searches=(0.4, None), derived=(0.6, 0.61), randoms=(0.55,), hand_made=(0.5,))
    make_discovery(folder, fabricate_trial, few)
    return folder


@pytest.fixture(scope="session")
def whole(runs: Path, fabricate_once: Fabricate) -> list[Path]:
    """Folders of all four milestones, and of a baseline with another split."""
    common = {"epochs": 3, "examples": 0}
    base = fabricate_once("baseline", seeds=(0, 1), **common)
    other = fabricate_once("patches0", rule="patch", **common)
    return [other, base, *sorted(path.parent for path in runs.glob("*/experiment.json"))]


@pytest.fixture(scope="session")
def page(whole: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(whole, tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="session")
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def found(whole: list[Path]) -> Overview:
    return read_overview(whole, RECIPES)


def lines_of(text: str, name: str) -> list[list[str]]:
    """Cells of the table lines that begin with a name."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    return [line for line in cells if line and line[0].strip("*") == name]


def commands(text: str) -> list[str]:
    return re.findall(r"^python -m aerial_nni\.run .+$", text, re.MULTILINE)


def test_every_milestone_has_its_row_and_its_controls(text: str, found: Overview):
    order = [BASELINE, "best of HPO", "default options beside it", "teacher", STUDENT,
             "student without teacher", "student, 8-bit", DERIVED, "random architectures",
             "U-Net of its size"]  # fmt: skip
    first = [row for made in found.grounds[0].made for row in made.rows]
    assert [row.name for row in first] == order
    chapter = text.split("## 2.")[0]
    for row in first:
        ((name, _, score, runs, *_),) = lines_of(chapter, row.name)
        assert score == spread(row.scores) and runs == str(len(row.scores))
        assert name.startswith("**") != row.control
    best = max((row for row in first if not row.control), key=lambda row: mean(row.scores))
    assert f"that of the {best.name}: a mean IoU of **{spread(best.scores)}**" in text


def test_figures_are_those_of_the_result_folders(runs: Path, text: str):
    folder = runs / "darts000"
    metrics = run_folder.read_json(folder / "t002" / run_folder.METRICS)
    (line,) = lines_of(text, DERIVED)
    assert line[5] == f"{metrics['model']['parameters']:,}" and line[6] == "123 M"
    assert line[8] == "`darts000`"
    (student,) = lines_of(text, STUDENT)
    costs = run_folder.read_json(runs / "distill0" / run_folder.COSTS)["costs"]
    assert student[7] == f"{1e3 * costs['student']['patch_seconds']:.1f} ms"
    assert lines_of(text, BASELINE)[0][7] == "–"
    assert "measured on a processor at the end of `distill0`" in text


def test_each_experiment_says_how_it_was_made(runs: Path, text: str):
    chapter = text.split("## 2.")[1]
    (darts,) = lines_of(chapter, "`darts000`")
    assert darts[1:4] == ["`darts`", "DARTS, first order, 2 search trials", "5 of 6"]
    seconds = [
        sum(row["seconds"] for row in run_folder.read_history(path))
        for path in (runs / "darts000").glob("*/history.csv")
    ]
    hours, minutes = divmod(round(sum(seconds)) // 60, 60)
    assert darts[4] == f"{hours} h {minutes} min"
    (search,) = lines_of(chapter, "`search00`")
    assert search[1:3] == ["`hpo`", "Gaussian process"]
    assert "kind `soft`" in lines_of(chapter, "`distill0`")[0][2]


def test_another_split_stands_in_a_table_of_its_own(text: str, found: Overview):
    assert [len(ground.made) for ground in found.grounds] == [4, 1]
    first, rest = text.split("## 3. On other patches")
    assert "`patches0`" not in first.split("## 2.")[0]
    assert f"### `dubai`, split `patch` (**{LEAKY}**) with seed 3" in rest
    assert "must not be compared" in rest
    assert "Not as in the first table: rule of the split." in rest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": {"fingerprint": "0" * 64}}, "prepared patches"),
        ({"split": {"seed": 4}}, "seed of the split"),
        ({"split": {"val_patches": 291}}, "patches on each side of the split"),
    ],
)
def test_other_images_are_another_ground(fabricate: Fabricate, change: dict, said: str):
    one, other = (fabricate(name, examples=0) for name in ("one", "other"))
    path = other / "trial0" / run_folder.METRICS
    metrics = run_folder.read_json(path)
    (part, values), = change.items()  # fmt: skip
    run_folder.write_json(path, {**metrics, part: {**metrics[part], **values}})
    first, second = read_overview([one, other], RECIPES).grounds
    assert second.against(first) == [said]


def test_the_patches_of_a_split_file_count(fabricate: Fabricate):
    folders = [fabricate(name, examples=0) for name in ("one", "two", "three")]
    for folder, val in zip(folders, ("a", "a", "b"), strict=True):
        run_folder.write_json(
            folder / run_folder.SPLIT, {"train": {"c": ["0,0"]}, "val": {val: ["0,0"]}}
        )
    assert [len(ground.made) for ground in read_overview(folders, RECIPES).grounds] == [2, 1]


def test_every_command_can_be_typed_and_makes_the_page_again(text: str, whole: list[Path]):
    found = commands(text)
    for command in found:
        build_parser().parse_args(shlex.split(command)[3:])
    again = build_parser().parse_args(shlex.split(found[-1])[3:])
    assert again.all and sorted(again.id) == sorted(folder.name for folder in whole)
    assert "/a/private/place" not in text


def test_what_was_not_run_is_named_with_its_command(fabricate: Fabricate, tmp_path: Path):
    options = {"void_classes": ("Land",)}
    text = write_page([fabricate(examples=0, options=options)], tmp_path).read_text()
    assert text.count("not yet run") == 3 and "On other patches" in text
    given = [build_parser().parse_args(shlex.split(c)[3:]) for c in commands(text)[:3]]
    assert [one.teacher for one in given if hasattr(one, "teacher")] == ["CHECKPOINT"]
    assert all((one.data, one.split_seed, list(one.void_classes)) == ("dubai", 3, ["Land"])
               for one in given)  # fmt: skip


def test_what_cannot_be_used_is_named_and_does_not_stop_the_page(
    fabricate: Fabricate, tmp_path: Path
):
    good, unfinished, foreign, old = (
        fabricate(name, examples=0) for name in ("good", "unfinished", "foreign", "old")
    )
    (unfinished / "trial0" / run_folder.METRICS).unlink()
    for folder, change in ((foreign, {"kind": "mine"}), (old, {"kind": "hpo", "method": {}})):
        record = run_folder.read_json(folder / run_folder.EXPERIMENT)
        run_folder.write_json(folder / run_folder.EXPERIMENT, {**record, **change})
    text = write_page([good, unfinished, foreign, old], tmp_path).read_text()
    assert "`unfinished` is left out: no trial of unfinished" in text
    assert "`foreign` is left out: foreign is of the kind 'mine'" in text
    assert "`old` is left out: " in text and str(tmp_path) not in text
    with pytest.raises(ResultUnusable, match="aerial_nni.run baseline"):
        write_page([unfinished], tmp_path)


def test_a_record_of_an_older_version_is_left_out_and_what_it_lacks_is_said(
    runs: Path, fabricate: Fabricate, tmp_path: Path
):
    old = shutil.copytree(runs / "search00", tmp_path / "old")
    record = run_folder.read_json(old / run_folder.EXPERIMENT)
    del record["method"]["title"]
    run_folder.write_json(old / run_folder.EXPERIMENT, record)
    text = write_page([fabricate("good", examples=0), old], tmp_path).read_text()
    said = "an older version of this package wrote it, and its record lacks the field `title`"
    assert f"`old` is left out: {said}" in text
    assert commands(text)[-1] == "python -m aerial_nni.run report --all good"


def test_the_teacher_is_found_among_the_runs(runs: Path, fabricate: Fabricate, tmp_path: Path):
    base = fabricate("mine", examples=0)
    path = base / "trial0" / run_folder.METRICS
    metrics = run_folder.read_json(path)
    digest = run_folder.sha256(runs / "distill0" / run_folder.TEACHER)
    metrics["checkpoint"]["sha256"] = digest
    run_folder.write_json(path, metrics)
    text = write_page([base, runs / "distill0"], tmp_path).read_text()
    assert "The teacher of `distill0` is the run `mine/trial0`." in text


def test_a_row_is_drawn_at_its_cost_and_score(page: Path, found: Overview):
    first = [row for made in found.grounds[0].made for row in made.rows]
    figure = picture.draw_costs(first)
    sizes, work, times = figure.axes
    by_cost = sorted(first, key=lambda row: mean(row.parameters))
    shifts = []
    for row, bars in zip(by_cost, sizes.containers, strict=True):
        shown = bars[0].get_transform().transform((0, 0)) - sizes.transData.transform((0, 0))
        shifts.append((mean(row.parameters), shown[0]))
        x, y = (*bars[0].get_xdata(), *bars[0].get_ydata())
        assert (x, y) == (pytest.approx(mean(row.parameters) / 1e3), mean(row.scores))
        assert sizes.get_xlim()[0] < x < sizes.get_xlim()[1]
        assert sizes.get_ylim()[0] < y < sizes.get_ylim()[1]
    moved = [shift for _, shift in shifts]
    assert min(moved) < 0 < max(moved)  # about the middle of those that are near each other
    assert len(work.containers) == len(first) and len(times.containers) == 4
    ends = [line for bars in sizes.containers for line in bars[1]]
    assert all(sizes.get_ylim()[0] < y < sizes.get_ylim()[1] for e in ends for y in e.get_ydata())
    bare = picture.draw_costs([row for row in first if row.seconds is None])
    assert len(bare.axes) == 2
    assert (page.parent / "results" / "score-cost.png").is_file()


def test_where_the_page_goes(fabricate: Fabricate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    one, two = (fabricate(name, examples=0) for name in ("one", "two"))
    docs = Path("docs")
    assert usual_page([one]) == (docs, "")
    write_page([one], docs)
    assert usual_page([one, two]) == (docs, "")  # it has grown
    place, said = usual_page([two])
    assert place == one.parent / "docs"
    assert said.startswith("docs/results.md is of one and stays") and "report --all" in said
    scenes = fabricate("scenes", data="scenes", examples=0)
    assert usual_page([scenes])[0] == scenes.parent / "docs"


def test_the_verb_takes_all_or_some(
    fabricate: Fabricate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    folders = [fabricate(name, examples=0) for name in ("one", "two")]
    monkeypatch.setattr(records, "folders", lambda runs: folders)
    flags = ["--docs", str(tmp_path / "docs")]
    assert main(["report", "--all", *flags]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "docs" / "results.md")
    for words, count in (([], 2), (["two"], 1)):
        assert main(["report", "--all", *words, *flags]) == 0
        text = (tmp_path / "docs" / "results.md").read_text()
        assert len(lines_of(text, BASELINE)) == count
    assert main(["report", *flags]) == 1
    assert "--all" in capsys.readouterr().err
