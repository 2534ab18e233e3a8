"""Steps are timed by the trial's own program, which leaves nothing behind."""

import json
from pathlib import Path

import pytest

from aerial_nni.recipes.baseline.training_setup import main


def printed(capsys: pytest.CaptureFixture) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_variant_is_timed_and_nothing_is_left(
    imagery: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    variants = tmp_path / "variants.json"
    variants.write_text('[{}, {"batch": 1, "depth": 4}, {"batch": 4}]')
    words = ["--data", "folder", "--data-dir", str(imagery), "--patch", "16", "--batch", "2",
             "--depth", "1", "--width", "2", "--epochs", "2", "--time", str(variants)]  # fmt: skip
    assert main(words) == 0
    two, one, four = printed(capsys)
    assert (two["steps"], four["steps"]) == (2, 1)
    assert min(two["step"], two["validation"], two["setup"]) > 0
    assert "batch" in one["error"]  # a batch of one whose deepest map is a single pixel
    assert list(tmp_path.iterdir()) == [variants]


@pytest.mark.parametrize("content", ['{"batch": 1}', "nonsense", '["batch"]'])
def test_variants_that_are_no_list_of_options_are_refused(
    imagery: Path, tmp_path: Path, capsys: pytest.CaptureFixture, content: str
):
    variants = tmp_path / "variants.json"
    variants.write_text(content)
    assert main(["--data", "folder", "--data-dir", str(imagery), "--time", str(variants)]) == 1
    assert str(variants) in capsys.readouterr().err
