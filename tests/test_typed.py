"""What a person gets who types something wrong: the nearest right word, and what to type next."""

import argparse
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from aerial_nni.config.errors import UserError
from aerial_nni.nni_backend import launch
from aerial_nni.nni_backend.definition import Definition
from aerial_nni.recipes import RECIPES
from aerial_nni.run import build_parser, main

VERBS = [*RECIPES, *"resume view stop repair export report list predict doctor".split()]


def refused(capsys: pytest.CaptureFixture, *words: str) -> str:
    with pytest.raises(SystemExit) as error:
        main(words)
    assert error.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("baseline --epocs 3", "no flag --epocs; did you mean --epochs?"),
        ("baseline --epoch=3", "no flag --epoch; did you mean --epochs?"),
        ("baseline --seed 3 --conc 2", "no flag --conc; did you mean --concurrency?"),
        ("export ID --too x", "no flag --too; did you mean --to?"),
        ("resum ID", "no verb resum; did you mean resume?"),
        ("baslin", "no verb baslin; did you mean baseline?"),
        ("stop one two", "what is meant by two?"),
    ],
)
def test_the_nearest_word_is_told_and_where_all_of_them_are(
    capsys: pytest.CaptureFixture, typed: str, told: str
):
    said = refused(capsys, *typed.split())
    verb = f" {typed.split()[0]}" if "verb" not in told else ""
    assert told in said
    assert said.endswith(f"see: python -m aerial_nni.run{verb} --help\n")
    assert len(said.splitlines()) == 2  # no usage of eighty flags above it


def test_nothing_alike_is_not_guessed(capsys: pytest.CaptureFixture):
    assert "did you mean" not in refused(capsys, "baseline", "--zzzzz")


def test_the_value_of_a_flag_may_look_like_one():
    given = build_parser().parse_args(["hpo", "--reason", "--epochs were too many"])
    assert given.reason == "--epochs were too many"


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_ends_with_an_example_that_is_understood(verb: str):
    parser = build_parser()
    (verbs,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    example = verbs.choices[verb].epilog
    assert example is not None and example.startswith("example: python -m aerial_nni.run ")
    assert len(example) < 80  # one line, to be pasted
    parser.parse_args(shlex.split(example)[4:])


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ("baseline", {"--epochs": "30; scenes: 24", "--width": "16"}),
        ("hpo", {"--epochs": "12; scenes: 6", "--space-to-depth": "1; scenes: 2"}),
        ("darts", {"--depth": "3; scenes: 2"}),
        ("distill", {"--epochs": "12; scenes: 4", "--width": "half the teacher's"}),
        ("zoomout", {"--backbone-weights": "imagenet; building-scenes: random"}),
        ("drone", {"--accumulate": "2; drone-scenes: 1", "--find-lr": "200; drone-scenes: 20"}),
    ],
)
def test_the_help_says_what_is_usual_for_a_verb(verb: str, told: dict[str, str]):
    (verbs,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    parser = verbs.choices[verb]
    said = {flag: action.help for action in parser._actions for flag in action.option_strings}
    for flag, usual in told.items():
        assert re.search(
            rf"\(default: {re.escape(usual)}(; (derived|deeplab|zoomout): \S+)*\)$", said[flag]
        )


class Launched(UserError):
    """Instead of a launch."""


@pytest.mark.parametrize(
    ("flags", "epochs"),
    [("", 24), ("--epochs 30", 30), ("--data dubai --data-dir somewhere", 30)],
)
def test_the_baseline_on_scenes_is_short_unless_told(
    monkeypatch: pytest.MonkeyPatch, flags: str, epochs: int
):
    seen: list[Definition] = []

    def note(definition: Definition, *_: Any, **__: Any) -> None:
        seen.append(definition)
        raise Launched

    monkeypatch.setattr(launch, "launch", note)
    assert main(["baseline", *flags.split()]) == 1
    assert seen[0].options.epochs == epochs


def test_a_distillation_without_a_teacher_says_what_to_give(capsys: pytest.CaptureFixture):
    assert main(["distill"]) == 1
    told = capsys.readouterr().err
    assert "error: --teacher is missing; " in told
    assert "--teacher CHECKPOINT, or its experiment's ID" in told


def test_an_export_into_no_folder_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    folder = tmp_path / "not there"
    assert main(["export", "any.safetensors", "--to", str(folder / "best.onnx")]) == 1
    assert f"mkdir -p '{folder}'" in capsys.readouterr().err
    assert not folder.exists()


def test_a_file_that_is_no_checkpoint_says_what_to_give(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    (tmp_path / "a.txt").write_text("text")
    assert main(["predict", str(tmp_path / "a.txt"), "image.png"]) == 1
    assert "or the ID of an experiment (see: python -m" in capsys.readouterr().err
