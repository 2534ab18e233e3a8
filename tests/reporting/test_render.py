"""Templates: what they may say, and that a name that does not exist fails."""

from pathlib import Path

import jinja2
import pytest

import aerial_nni
from aerial_nni.reporting import render


def write(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    (folder / "one.md.j2").write_text(text)
    monkeypatch.setattr(aerial_nni, "__file__", str(folder / "__init__.py"))
    render._environment.cache_clear()


@pytest.fixture(autouse=True)
def environment_of_the_package():
    yield
    render._environment.cache_clear()


def test_prose_with_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = (
        "{% if best %}\nBest: {{ best | score }} in {{ 75 | duration }}.\n{% endif %}\n\n\n\nEnd."
    )
    write(monkeypatch, tmp_path, text)
    assert render.render("one.md.j2", best=0.5) == "Best: 0.5000 in 1 min 15 s.\n\nEnd.\n"


@pytest.mark.parametrize("text", ["{{ nothing }}", "{{ facts.nothing }}", "{{ 1 | nothing }}"])
def test_a_name_that_does_not_exist_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
):
    write(monkeypatch, tmp_path, text)
    with pytest.raises(jinja2.TemplateError):
        render.render("one.md.j2", facts={})


def test_every_template_of_the_package_can_be_parsed():
    templates = Path(aerial_nni.__file__).parent.rglob("*.j2")
    names = [path.relative_to(Path(aerial_nni.__file__).parent).as_posix() for path in templates]
    for name in names:
        render._environment().get_template(name)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("One sentence.\nAnother.\n\n\n\nA paragraph.", "One sentence. Another.\n\nA paragraph."),
        ("See:\n```\na\n\n\n b\n```\nAfter.", "See:\n```\na\n\n\n b\n```\nAfter."),
        ("| a |\n| --- |\n| 1 |", "| a |\n| --- |\n| 1 |"),
        ("# Title\nText\nof it.", "# Title\nText of it."),
        ("- one\n  goes on\n- two", "- one goes on\n- two"),
        ("![a](b.png)\nText.\n> Quoted.", "![a](b.png)\nText.\n> Quoted."),
        ("    A condition\n      indents.", "A condition indents."),
    ],
)
def test_a_paragraph_is_a_line_and_nothing_else_is_joined(text: str, document: str):
    assert render.unwrapped(text) == f"{document}\n"
