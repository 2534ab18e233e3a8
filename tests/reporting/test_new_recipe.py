"""A recipe is added by a folder of few files and a line: all else is made from its declaration."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aerial_nni.config import run_folder
from aerial_nni.nni_backend import launch
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.documents import write_page, write_report
from aerial_nni.run import build_parser, main

FILES = {
    "__init__.py": '"""A recipe."""\n',
    "recipe.py": """
from aerial_nni.recipes.engine.recipe import OTHERS, Document, Recipe

TINY = Recipe(
    kind="tiny", trial="aerial_nni.trials.baseline",
    build_setup="aerial_nni.trials.run_trial:supervised_setup",
    command="tiny.study:add_flags", presets={OTHERS: {"epochs": 7}, "scenes": {"epochs": 3}},
    plan={OTHERS: {"trials": 5, "final_epochs": 9, "seeds": (1, 2), "concurrency": 1}},
    document=Document(name="tiny", write="tiny.report:write"), overview="tiny.report:read_rows",
)
""",
    "study.py": """
from aerial_nni.cli.experiment_flags import add_experiment_flags
from aerial_nni.cli.launching import launched
from aerial_nni.config.flags import add_trial_flags, resolve_flags
from aerial_nni.config.options import TrialOptions
from aerial_nni.recipes.engine.search import Plan, plan_of
from aerial_nni.recipes.engine.search_space import FOLDER, load_space
from aerial_nni.recipes.engine.study import Arm, define
from aerial_nni.tuners.methods import METHODS
from tiny.recipe import TINY

def add_flags(verbs):
    parser = verbs.add_parser("tiny", help="small", example="python -m aerial_nni.run tiny")
    parser.set_defaults(verb=tiny, config=None)
    add_experiment_flags(parser)
    add_trial_flags(parser, TrialOptions, preset=TINY.preset)

def tiny(given):
    resolved = resolve_flags(given, TrialOptions, TINY.preset)
    options = resolved.options
    plan = Plan(**plan_of(TINY, options.data, seed=options.seed))
    definition = define(
        TINY, options, METHODS["random"], plan, name="tiny", usual_space=FOLDER / "hpo.yaml",
        open_space=lambda path: load_space(path, options), facts={},
        after=[Arm(name="found", found=True), Arm(name="control: wide", options={"width": 32})],
    )
    return launched(TINY, definition, given, resolved)
""",
    "report.py": """
from aerial_nni.reporting.overview.rows import Made, rows_of
from aerial_nni.reporting.style import INK

def write(experiments, docs):
    path = docs / "tiny.md"
    path.write_text(f"The best run has {experiments[0].best.metrics['score']:.4f}.")
    return path

def read_rows(experiment):
    rows = rows_of({"tiny network": experiment.trials}, colour=INK)
    return Made(experiment=experiment, rows=rows, method="tiny", shown=experiment.best)
""",
}
"""Together with the line in `RECIPES`, all that there is to write."""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The recipe, registered."""
    folder = tmp_path / "packages" / "tiny"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(folder.parent))
    from tiny.recipe import TINY

    monkeypatch.setitem(RECIPES, "tiny", TINY)  # type: ignore[arg-type]
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "tiny"]:
        del sys.modules[name]


def test_it_is_six_files_or_fewer():
    assert len(FILES) + 1 <= 6


@pytest.mark.usefixtures("tiny")
def test_it_has_a_verb_with_its_own_defaults_and_a_study(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["tiny", "--help"])
    assert "(default: 7; scenes: 3)" in " ".join(capsys.readouterr().out.split())
    taken: list[Definition] = []

    def take(definition: Definition, *_: Any, **__: Any) -> None:
        taken.append(definition)
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "launch", take)
    assert main(["tiny", "--width", "8"]) == 130
    (definition,) = taken
    assert (definition.kind, definition.trials, definition.options.epochs) == ("tiny", 5 + 4, 3)
    assert definition.origins["epochs"] == "preset of scenes"
    assert definition.origins["width"] == "flag"
    finals = definition.tuner["class_args"]["finals"]
    assert [point["seed"] for point in finals] == [1, 2, 1, 2]
    assert finals[-1] == {"_phase": "control: wide", "epochs": 9, "width": 32, "seed": 2}


@pytest.mark.usefixtures("tiny")
def test_it_has_its_document_and_its_row(fabricate: Callable[..., Path], tmp_path: Path):
    folder = fabricate("one", examples=0)
    path = folder / run_folder.EXPERIMENT
    run_folder.write_json(path, {**run_folder.read_json(path), "kind": "tiny"})
    assert write_report([folder], tmp_path).read_text().startswith("The best run has 0.")
    page = write_page([folder], tmp_path).read_text()
    assert "| **tiny network** |" in page and "[tiny](tiny.md)" not in page.split("## 2.")[0]
