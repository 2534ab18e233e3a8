"""The document of a search says what it found, and plainly whether that is more than chance."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
from discoveries import Made, genotype
from goldens import check_golden, flat
from PIL import Image

from aerial_nni.config.run_folder import COSTS, write_json
from aerial_nni.models.genotype import places, random_genotype, read_genotype, space_size
from aerial_nni.models.operations import DOWN, EDGES, NONE, SKIPS, UP
from aerial_nni.recipes.darts.overview import read_rows
from aerial_nni.recipes.darts.phases import HAND_MADE, RANDOM
from aerial_nni.recipes.darts.report.comparison import verdict
from aerial_nni.recipes.darts.report.course_picture import draw_course
from aerial_nni.recipes.darts.report.document import compose
from aerial_nni.recipes.darts.report.operations_table import MEANINGS, operation_table, reach_of
from aerial_nni.recipes.darts.report.reading import Discovery, read_discovery
from aerial_nni.recipes.darts.report.shape_picture import colour_of, draw_shape
from aerial_nni.recipes.darts.report.training_command import training_command
from aerial_nni.recipes.documents import ResultUnusable, write_report
from aerial_nni.reporting.folder import read_experiment
from aerial_nni.reporting.format import LEAKY
from aerial_nni.reporting.style import INK
from aerial_nni.run import build_parser
from aerial_nni.tuners.trial import CONTROL

PARTS = [
    "# Neural architecture search", "## 1. The method: DARTS", "### The space of architectures",
    "### The mixed operation", "### A problem in two levels", "### What is derived",
    "## 2. The search", "### The search space", "### The search trials", "### How it went",
    "### Alpha over time", "## 3. What was found", "### The genotype", "### What the search chose",
    "## 4. Results", "### Derived against random and hand-made",
    "### Ten segmented validation images", "### Loss by epoch",
    "### Mean IoU, precision and recall by epoch", "### Scores of each class",
    "## 5. Where the numbers come from",
]  # fmt: skip

Fabricate = Callable[[Made], Path]
LINKS = ("space", "mixed", "course", "alpha", "alpha-final", "genotype", "beside", "loss", "scores",
         "classes", "class-scores", "precision-recall", "confusion", "examples-1")  # fmt: skip
FEW = {"derived": (0.6, 0.61), "randoms": (0.55,), "hand_made": (0.5, 0.51)}
"""Runs of an experiment that is quickly fabricated."""


@pytest.fixture(scope="session")
def document(discovery_folder: Fabricate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report([discovery_folder(Made())], tmp_path_factory.mktemp("docs"))


@pytest.fixture(scope="session")
def text(document: Path) -> str:
    return flat(document.read_text(encoding="utf-8"))


def read(folder: Path) -> Discovery:
    return read_discovery(read_experiment(folder))


def draft(folder: Path, *, without: str = "") -> str:
    """The document's text without its figures."""
    return flat(compose(read(folder), {name: f"x/{name}.png" for name in LINKS if name != without}))


def scores(trials) -> list[float]:
    return [trial.metrics["score"] for trial in trials]


def test_it_says_what_it_said(text: str):
    check_golden(text, "darts")


def test_each_part_is_there_in_order(document: Path, text: str):
    assert document.name == "neural-arch-search.md"
    lines = text.splitlines()
    found = [next(i for i, line in enumerate(lines) if line.startswith(part)) for part in PARTS]
    assert found == sorted(found)


def test_every_figure_is_linked_once_and_none_is_blank(document: Path, text: str):
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    there = sorted(document.parent.rglob("*.png"))
    assert sorted(document.parent / link for _, link in links) == there
    assert {*LINKS, "examples-2"} == {path.stem for path in there}
    for path in there:
        with Image.open(path) as picture:
            inked = (np.asarray(picture.convert("RGB")).astype(int) != 255).any(axis=2)
        assert all(part.any() for part in np.array_split(inked, 4)), path


def test_the_headline_is_derived_less_each_control(discovery_folder: Fabricate, text: str):
    found = read(discovery_folder(Made()))
    assert found.main.genotype == genotype(1)  # of the search trial with the highest score
    ours = scores(found.main.runs)
    for name, control, line in (("random", found.randoms, 2), ("U-Net", found.hand_made, 4)):
        theirs = scores(control)
        around = np.sqrt(np.var(ours, ddof=1) + np.var(theirs, ddof=1))
        said = f"Derived − {name}: {np.mean(ours) - np.mean(theirs):+.4f} ± {around:.4f} mean IoU"
        assert said in text.splitlines()[line]
    assert "4 of 4 random architectures are below" in text
    assert "(3 runs against 4 architectures, one run of each)" in text
    assert "trial 1 (search: " in text and "Fewer than 3" not in text
    assert "`image` with seed 3" in text and "/a/private/place" not in text


def test_several_seeds_of_a_random_architecture_are_one_of_its_kind(discovery_folder: Fabricate):
    randoms = (0.50, 0.56, 0.53, 0.57, 0.55, 0.59)
    folder = discovery_folder(Made(searches=(0.5,), randoms=randoms, random_seeds=2))
    found = read(folder)
    each = [mean(randoms[i : i + 2]) for i in (0, 2, 4)]
    assert sorted(found.random_scores) == pytest.approx(sorted(each), abs=1e-3)
    text = draft(folder)
    ours = scores(found.main.runs)
    around = np.hypot(np.std(ours, ddof=1), np.std(found.random_scores, ddof=1))
    gap = f"{np.mean(ours) - np.mean(found.random_scores):+.4f} ± {around:.4f}"
    assert f"random: {gap} mean IoU** (3 runs against 3 architectures, 2 runs of each)" in text
    assert "Their spread is over 3 architectures, 2 runs of each" in text
    assert "Fewer than 3" not in text


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ((0.60, 0.61, 0.62), (0.5, 0.51, 0.52), "more than the runs explain"),
        ((0.60, 0.61, 0.62), (0.605, 0.61, 0.60), "it may be chance"),
        ((0.60, 0.62), (0.56, 0.58), "chance alone could explain it"),
        ((0.40, 0.41, 0.42), (0.5, 0.51, 0.52), "The derived network is worse"),
        ((0.60,), (0.5, 0.51), "One run has no spread"),
    ],
)
def test_a_difference_is_called_what_it_is(ours: tuple, theirs: tuple, said: str):
    assert said in verdict(ours, theirs)


def test_few_runs_a_leaky_split_and_a_reason_are_said_at_once(discovery_folder: Fabricate):
    head = draft(discovery_folder(Made(**FEW, rule="patch", reason="two cores"))).split("## 1.")[0]
    assert f"`patch` (**{LEAKY}**)" in head and "The reason given: two cores." in head
    assert (
        "**Fewer than 3 runs or random architectures (hand-made U-Net: 2, derived: 2, random: 1)"
        in head
    )
    assert "One run has no spread" in head


def test_the_time_of_a_patch_stands_beside_the_scores_of_its_networks(
    discovery_folder: Fabricate, text: str
):
    assert "--measure" in text and "time of one patch" in text
    folder = discovery_folder(Made(searches=(0.5,), randoms=(0.5, 0.52, 0.6, 0.61), random_seeds=2))
    found = read(folder)
    assert len(found.timed) == 1 + 1 + 2
    hashes = {run.folder.name: run.metrics["checkpoint"]["sha256"] for run in found.timed}
    costs = {name: {"patch_seconds": 0.003 + 0.001 * n} for n, name in enumerate(hashes)}
    facts = {"checkpoints": hashes, "costs": costs, "patch": 64, "machine": "a slow one"}
    write_json(folder / COSTS, facts)
    said = draft(folder)
    assert "| time of one patch | 3.0 ms | 4.0 ms | 5.0 to 6.0 ms |" in said
    assert "one patch of 64×64 pixels is that on a slow one" in said
    assert [row.seconds for row in read_rows(read_experiment(folder)).rows] == pytest.approx(
        [0.004, 0.0055, 0.003]
    )
    write_json(folder / COSTS, {**facts, "checkpoints": dict.fromkeys(hashes, "another")})
    assert "was not measured for these checkpoints" in draft(folder)


def test_missing_phases_are_said_not_raised(discovery_folder: Fabricate, tmp_path: Path):
    options = {"order": "second", "optimizer": "sgd", "target_params": 900,
               "target_milliseconds": 7.5}  # fmt: skip
    bare = Made(searches=(0.5,), derived=(), randoms=(), hand_made=(), options=options)
    folder = discovery_folder(bare)
    text = draft(folder, without="beside")
    assert text.count("not known**, no run of the derived network") == 2
    assert "nothing can be compared" in text and "the search trial itself" in text
    assert "was chosen by its mean IoU" not in text
    assert "used second order" in text and "`latency.json`" in text
    assert "limit of 1 on its" in text and "scale and shift" in text
    assert "above 900 parameters and 7.5 milliseconds for a patch are penalised" in text
    assert "is expected to take 6.25." in text
    assert "--target-milliseconds 7.5" in text  # of the command that trains it again
    assert read(folder).shown[0].folder.name == "t000"


def test_variants_of_a_search_are_explained(discovery_folder: Fabricate):
    options = {"variant": "gumbel", "parts": 2}
    bare = Made(searches=(0.5,), derived=(), randoms=(), hand_made=(), options=options)
    text = draft(discovery_folder(bare), without="beside")
    assert "Dong" in text and "PC-DARTS" in text and "one of 2 shares" in text
    assert "without its edge normalisation" in text


def test_without_a_finished_search_there_is_nothing_to_report(
    discovery_folder: Fabricate, tmp_path: Path
):
    folder = discovery_folder(Made(**FEW, searches=(0.5,)))
    (folder / "t000" / "metrics.json").rename(tmp_path / "kept")
    with pytest.raises(ResultUnusable):
        read(folder)
    (tmp_path / "kept").rename(folder / "t000" / "metrics.json")


def test_the_genotype_and_the_commands_can_be_pasted(
    discovery_folder: Fabricate, text: str, tmp_path: Path
):
    found = read(discovery_folder(Made()))
    printed = re.search(r"```json\n(.+)\n```", text)
    assert printed and read_genotype(printed[1]) == found.main.genotype
    (tmp_path / "genotype.json").write_text(printed[1])
    typed = next(line for line in text.splitlines() if " darts --data" in line)
    given = build_parser().parse_args(shlex.split(typed)[3:])
    assert (given.trials, given.randoms, str(given.data_dir)) == (3, 4, "DIR")
    again = shlex.split(training_command(found))
    assert again[:3] == ["python", "-m", "aerial_nni.trials.darts"]
    assert "--genotype genotype.json" in " ".join(again) and "derived" in again


def test_every_operation_is_explained_and_counted_in_the_modules(text: str):
    assert MEANINGS.keys() == {*EDGES, *DOWN, *UP, *SKIPS}
    rows = {
        line.split("|")[1].strip(): line for line in operation_table(width=4, depth=1).split("\n")
    }
    # 4 channels: 9 * 4 * 4 weights and 2 * 4 of batch norm; twice the channels a level down.
    assert rows["`conv3`"].endswith("| 3×3 | 152 | 592 |")
    assert rows["`strided`"].endswith(f"| {9 * 4 * 8 + 16} | {9 * 4 * 8 + 16} |")
    assert {name: reach_of(name) for name in ("skip", "sep5", "dil3", "dil5")} == {
        "skip": 1, "sep5": 5, "dil3": 5, "dil5": 9,
    }  # fmt: skip
    assert f"{space_size(1, 3):,} architectures" in text


@pytest.mark.parametrize(("depth", "nodes"), [(1, 1), (3, 2), (5, 4)])
def test_each_edge_of_a_genotype_is_written_in_its_picture(depth: int, nodes: int):
    drawn = random_genotype(np.random.default_rng(0), depth=depth, nodes=nodes).choices()
    axes = draw_shape(drawn, depth=depth, nodes=nodes, width=8, fold=1, families=True).axes[0]
    written = [part.get_text() for part in axes.texts]
    for name in {*EDGES, *DOWN, *UP, *SKIPS} - {NONE}:
        assert written.count(name) == list(drawn.values()).count(name)
    edges = [label for label, table in places(depth, nodes) if table is EDGES]
    assert all(colour_of(drawn[label]) != INK for label in edges if drawn[label] != NONE)


def test_wide_operations_are_counted_and_nothing_is_concluded_from_edges(
    discovery_folder: Fabricate, text: str
):
    wide = {"conv5", "sep5", "dil3", "dil5"}
    fine: list[str] = []
    coarse: list[str] = []
    for one in read(discovery_folder(Made())).all_found:
        for half, block in ((fine, one.genotype.encoder[0]), (fine, one.genotype.decoder[0]),
                            (coarse, one.genotype.encoder[1])):  # fmt: skip
            half += [operation for node in block for operation, _ in node]
    for half in (fine, coarse):
        assert f"on {sum(name in wide for name in half)} of {len(half)} edges (" in text
    assert "these are counts and no test" in text.lower() and "Fisher" not in text


def test_the_limit_of_skips_is_named_beside_its_line_not_over_others(discovery_folder: Fabricate):
    decided = draw_course(read(discovery_folder(Made(**FEW)))).axes[2]
    named = [text.get_text() for text in decided.get_legend().get_texts()]
    assert "share of skips that ends a search" in named and not decided.texts


def test_the_sizes_in_the_picture_are_those_of_the_picture_that_goes_in():
    drawn = random_genotype(np.random.default_rng(0), depth=1, nodes=1).choices()
    for fold, sizes in (
        (1, ["full size", "1/2 of the size", "full size"]),
        (4, ["1/4 of the size", "1/8 of the size", "1/4 of the size"]),
    ):
        shape = draw_shape(drawn, depth=1, nodes=1, width=8, fold=fold, families=True)
        written = [part.get_text() for part in shape.axes[0].texts]
        assert [text.split(", ")[1] for text in written if "channels" in text] == sizes


def test_controls_are_phases_that_are_never_the_best():
    assert RANDOM.startswith(CONTROL) and HAND_MADE.startswith(CONTROL)


def test_a_derived_network_by_hand_has_a_document_of_its_own(
    discovery_folder: Fabricate, tmp_path: Path
):
    folder = read(discovery_folder(Made(**FEW, rule="patch", reason="two cores"))).shown[0].folder
    text = flat(write_report([folder], tmp_path).read_text(encoding="utf-8"))
    assert "## 1. The network: one that a search derived" in text
    assert "was not recorded" in text


def test_two_experiments_are_refused(discovery_folder: Fabricate, tmp_path: Path):
    folder = discovery_folder(Made())
    with pytest.raises(ValueError, match="one experiment"):
        write_report([folder, folder], tmp_path)
