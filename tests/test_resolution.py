"""Where the value of each option comes from: what is said later wins, and each has its origin."""

from pathlib import Path

import pytest

from aerial_nni.cli.launching import origins_of
from aerial_nni.config.options import BadOption, TrialOptions, as_dict, changed
from aerial_nni.config.resolution import resolve
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.engine.search import plan_of
from aerial_nni.run import build_parser


def preset(data: str) -> dict[str, object]:
    return {"epochs": 6, "width": 4, "depth": 2} if data == "scenes" else {"epochs": 12}


def test_what_is_said_later_wins_and_each_value_has_its_origin(tmp_path: Path):
    file = tmp_path / "options.yaml"
    file.write_text("width: 8\ndepth: 3\n")
    resolved = resolve(
        TrialOptions, preset=preset, file=file, flags={"depth": 5}, search={"lr": 0.1}
    )
    options, origins = resolved.options, resolved.origins
    network = as_dict(options)
    assert (options.epochs, network["width"], network["depth"], options.lr) == (6, 8, 5, 0.1)
    assert {name: origins[name] for name in ("epochs", "width", "depth", "lr", "batch")} == {
        "epochs": "preset of scenes", "width": f"file {file}", "depth": "flag", "lr": "search",
        "batch": "default",
    }  # fmt: skip
    assert origins.keys() == network.keys()


@pytest.mark.parametrize("where", ["file", "flag"])
def test_the_preset_is_that_of_the_data_wherever_it_is_said(where: str, tmp_path: Path):
    file = tmp_path / "options.yaml"
    file.write_text("data: dubai\n")
    said = {"file": file} if where == "file" else {"flags": {"data": "dubai"}}
    resolved = resolve(TrialOptions, preset=preset, **said)  # type: ignore[arg-type]
    assert (resolved.options.epochs, resolved.origins["epochs"]) == (12, "preset of dubai")
    assert as_dict(resolved.options)["width"] == as_dict(TrialOptions())["width"]


def test_a_name_that_is_not_known_is_refused_in_every_layer(tmp_path: Path):
    file = tmp_path / "options.yaml"
    file.write_text("widht: 8\n")
    for said in ({"file": file}, {"flags": {"widht": 8}}, {"search": {"widht": 8}}):
        with pytest.raises(BadOption, match="did you mean width"):
            resolve(TrialOptions, **said)  # type: ignore[arg-type]


def test_what_a_recipe_changes_is_said_to_be_from_there():
    resolved = resolve(TrialOptions, flags={"width": 8, "depth": 3})
    origins = origins_of(changed(resolved.options, {"width": 4}), resolved)
    assert (origins["width"], origins["depth"]) == ("recipe", "flag")


@pytest.mark.parametrize("kind", [kind for kind, recipe in RECIPES.items() if recipe.plan])
def test_the_help_says_the_numbers_of_the_plan_that_is_made(
    kind: str, capsys: pytest.CaptureFixture
):
    recipe = RECIPES[kind]
    with pytest.raises(SystemExit):
        build_parser().parse_args([kind, "--help"])
    said = " ".join(capsys.readouterr().out.replace("-\n", "-").split())
    built_in = recipe.options().data
    usual, tried = (plan_of(recipe, data, seed=0) for data in ("other", built_in))
    for name in ("trials", "epochs", "concurrency"):
        assert f"(default: {usual[name]}; {built_in}: {tried[name]})" in said.replace("- ", "-")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_every_preset_can_be_used(recipe):
    for data in (*recipe.presets, "geo", "torchgeo:LoveDA", "dubai"):
        options = resolve(recipe.options, preset=recipe.preset, flags={"data": data}).options
        assert options.data == data
