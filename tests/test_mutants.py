"""What the runner of mutants breaks, whom it asks, and that it notices what is not noticed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import mutants
import pytest

SOURCE = '''
"""Text."""
__all__ = ["f"]
WORDS = ("one", "two words")
Side = Literal["left", "right"]


@decorated(1)
def f(a: int = 0, *, b: bool = True) -> int:
    """Text."""
    log.info("text", 3)
    assert a >= 0, "text"
    if not a < 2 and b:
        raise ValueError("text")
    if a is None:
        return None
    a += g(x=a)
    h(a, *zip([a], [b], strict=True), check_finite=False)
    return -a if b else a % 3
'''
WANTED = [
    "4: 'one' -> 'oneX'",
    "9: 0 -> 1",
    "9: True -> False",
    "13: not a < 2 and b -> not (not a < 2 and b)",
    "13: not a < 2 and b -> Or",
    "13: not a < 2 -> a < 2",
    "13: a < 2 -> LtE",
    "13: 2 -> 3",
    "15: a is None -> not a is None",
    "15: a is None -> IsNot",
    "17: a += g(x=a) -> a = g(x=a)",
    "17: a += g(x=a) -> Sub",
    "17: x=a -> nothing",
    "18: h(a, *zip([a], [b], strict=True), check_finite=False) -> pass",
    "19: return -a if b else a % 3 -> return None",
    "19: b -> not b",
    "19: -a -> a",
    "19: a % 3 -> Mult",
    "19: 3 -> 4",
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mutants, "PACKAGE", tmp_path)
    (tmp_path / "made.py").write_text(SOURCE)
    return tmp_path / "made.py"


def test_every_place_but_texts_and_annotations_is_broken(path: Path):
    said = [said for _, said, _ in mutants.mutants(path)]
    assert sorted(said) == sorted(f"made:{one}" for one in WANTED)


def test_one_thing_at_a_time_changes(path: Path):
    whole = ast.unparse(ast.parse(SOURCE)).splitlines()
    for place in range(len(WANTED)):
        _, said, broken = mutants.mutants(path)[place]
        compile(tree := broken(), "made", "exec")
        lines = ast.unparse(tree).splitlines()
        assert len(lines) == len(whole), said
        assert sum(one != other for one, other in zip(lines, whole, strict=True)) == 1, said


def test_the_tests_of_a_module_are_those_of_its_name_and_those_that_import_it():
    names = {Path(one).name for one in mutants.tests_of("training/evaluation")}
    assert {"test_evaluation.py", "test_loop.py"} <= names
    assert "test_optimisation.py" not in names
    assert "test_losses.py" in mutants.tests_of("training/losses")[0]
    assert "test_split_rules.py" in mutants.tests_of("data/pipeline/split_rules")[0]
    assert (
        "test_against_nni.py" in mutants.tests_of("recipes/darts/bilevel")[-1]
    )  # starts a process


def test_every_module_that_is_broken_has_tests():
    modules = [path.relative_to(mutants.PACKAGE).with_suffix("").as_posix()
               for path in mutants.sources() if mutants.mutants(path)]  # fmt: skip
    assert len(modules) > 50 and [one for one in modules if not mutants.tests_of(one)] == []


@pytest.mark.slow
def test_nine_of_ten_mutants_of_a_sample_are_killed(tmp_path: Path):
    words = ["--sample", "40", "--seed", "2", "--kept", str(tmp_path / "none yet.json")]
    done = subprocess.run(
        [sys.executable, mutants.__file__, *words], capture_output=True, text=True, timeout=1800
    )
    found = re.match(r"(\d+) of 40 killed", done.stdout)
    # Where nine of ten of all are killed, a draw has fewer than 33 once in twenty-four times.
    assert found and int(found[1]) >= 33, done.stdout + done.stderr
