"""What the README and the guides tell people to type is understood, and their links exist."""

import argparse
import functools
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aerial_nni.bench.__main__ as bench
import aerial_nni.browser.__main__ as browser
from aerial_nni import run
from aerial_nni.recipes import RECIPES
from aerial_nni.recipes.baseline import training_setup as baseline
from aerial_nni.recipes.darts import training_setup as darts
from aerial_nni.recipes.distill import training_setup as distill
from aerial_nni.recipes.drone import training_setup as drone
from aerial_nni.recipes.zoomout import training_setup as zoomout

ROOT = Path(__file__).parents[1]
COURSE = {kind: recipe.document for kind, recipe in RECIPES.items() if recipe.milestone}
"""Documents of the course's milestones."""
GUIDES = sorted((ROOT / "docs").glob("guide-*.md"))
MILESTONES = ROOT / "docs" / "milestones.md"
TAUGHT = [ROOT / "README.md", MILESTONES, *GUIDES]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

MAINS: dict[str, Callable[[list[str]], int]] = {
    "aerial_nni.run": run.main,
    "aerial_nni.bench": bench.main,
    "aerial_nni.browser": browser.main,
    "aerial_nni.trials.baseline": baseline.main,
    "aerial_nni.trials.distill": distill.main,
    "aerial_nni.trials.darts": darts.main,
    "aerial_nni.trials.zoomout": zoomout.main,
    "aerial_nni.trials.drone": drone.main,
}

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
SHELL = re.compile(r"\s(?:&&|\|\||[|;&>])(?:\s|$)")
MODULE = re.compile(r"(?:poetry run )?\S*python3? -m (aerial_nni[\w.]*)(.*)")

FOREIGN = {
    "--index-url",  # pip
    "--name", "--python", "--editable", "--lock", "--dry-run",  # poetry
    "--logdir",  # TensorBoard
    "--dist",  # pytest-xdist
    "--strict",  # MkDocs
    "--help",
}  # fmt: skip
"""Flags of other programs that the guides mention, and the one that argparse adds."""


class Parsed(Exception):
    """The arguments were understood; nothing has been done yet."""


@pytest.fixture
def parsing_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program ends as soon as it has understood its arguments."""
    parse = argparse.ArgumentParser.parse_args

    def stop(self: argparse.ArgumentParser, args=None, namespace=None):
        parse(self, args, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def commands(text: str) -> Iterator[str]:
    """The commands of this package in a page: lines of ```bash blocks, and those of notebooks."""
    for kind, block in BLOCK.findall(text):
        if kind not in ("bash", "sh", ""):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            for part in SHELL.split(line.lstrip("!")):
                if match := MODULE.match(part.strip()):
                    yield match.group()


def understood(command: str) -> None:
    """Parses a command with the true parser of its program. Placeholders are words like others."""
    match = MODULE.match(command)
    assert match is not None
    arguments = shlex.split(match[2], comments=True)
    with pytest.raises(Parsed):
        MAINS[match[1]](arguments)


@pytest.mark.parametrize("page", TAUGHT, ids=name)
def test_every_command_is_understood(page: Path, parsing_only: None):
    for command in commands(page.read_text(encoding="utf-8")):
        try:
            understood(command)
        except SystemExit as error:
            if error.code == 0:  # --help
                continue
            pytest.fail(f"{name(page)}: `{command}` ends with {error.code}")


@pytest.mark.parametrize(
    "wrong", ["python -m aerial_nni.run baseline --epochz 3", "python -m aerial_nni.run bseline"]
)
def test_a_wrong_command_is_found(wrong: str, parsing_only: None, capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit):
        understood(wrong)
    capsys.readouterr()


def test_commands_are_found_in_chains_and_notebooks():
    page = (
        "```bash\npip install . && .venv/bin/python -m aerial_nni.run list | head\n"
        "python -m aerial_nni.run view \\\n  ID   # look\n```\n"
        "```\n!python -m aerial_nni.run doctor\n```\n"
        "```python\npython -m aerial_nni.run no\n```\n"
    )
    found = [" ".join(command.split()) for command in commands(page)]
    assert [command.split(" -m aerial_nni.run ")[1] for command in found] == [
        "list", "view ID # look", "doctor",
    ]  # fmt: skip


def test_every_guide_shows_commands():
    assert {"guide-colab.md", "guide-laptop.md", "guide-own-data.md", "guide-poetry.md"} <= {
        guide.name for guide in GUIDES
    }
    for guide in GUIDES:
        assert list(commands(guide.read_text(encoding="utf-8"))), name(guide)


@functools.cache
def known_flags() -> frozenset[str]:
    """Every flag of every program of the package."""
    flags: set[str] = set(FOREIGN)
    parsers: list[argparse.ArgumentParser] = []
    parse = argparse.ArgumentParser.parse_args

    def note(self: argparse.ArgumentParser, args=None, namespace=None):
        parsers.append(self)
        raise Parsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", note)
        for main in MAINS.values():
            with pytest.raises(Parsed):
                main([])
    assert argparse.ArgumentParser.parse_args is parse
    while parsers:
        for action in parsers.pop()._actions:
            flags.update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                parsers.extend(action.choices.values())
    return frozenset(flags)


@pytest.mark.parametrize("page", TAUGHT, ids=name)
def test_every_flag_that_is_mentioned_exists(page: Path):
    mentioned = set(FLAG.findall(page.read_text(encoding="utf-8")))
    assert mentioned <= known_flags(), sorted(mentioned - known_flags())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file(page: Path):
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    links = [first or second for first, second in LINK.findall(text)]
    missing = [
        link
        for link in links
        if not re.match(r"[a-z]+:|#", link) and not (page.parent / link.split("#")[0]).exists()
    ]
    assert not missing, f"{name(page)} links to {', '.join(missing)}"


def chapters(text: str, mark: str) -> dict[str, str]:
    """Title of each chapter of a page -> its text."""
    parts = re.split(rf"^{mark} ", text, flags=re.MULTILINE)[1:]
    return {title: body for title, _, body in (part.partition("\n") for part in parts)}


def slug(title: str) -> str:
    """What a heading is called in a link, by GitHub's rule."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_every_file_of_a_milestone_is_there_or_its_command_is():
    text = MILESTONES.read_text(encoding="utf-8")
    found = {part: body for part, body in chapters(text, "##").items() if "Milestone" in part}
    assert [f"Branch `milestone-{number}`" in body
            for number, body in enumerate(found.values(), start=1)] == [True] * 5  # fmt: skip
    named = set(re.findall(r"`((?:docs|aerial_nni)/[\w./-]+)`", text))
    for kind, document in COURSE.items():
        (body,) = [body for body in found.values() if f"{document.name}.md" in body]
        verbs = [command.split()[3] for command in commands(body)]
        assert verbs[:2] == [kind, "report"], f"{document.name}.md: {verbs}"
    later = {f"docs/{document.name}.md" for document in COURSE.values()}
    missing = {path for path in named if not (ROOT / path).exists()}
    assert missing <= later, f"{name(MILESTONES)} names {', '.join(sorted(missing - later))}"


def test_every_section_that_a_milestone_links_to_is_there():
    text = MILESTONES.read_text(encoding="utf-8")
    links = [first or second for first, second in LINK.findall(text)]
    for page, _, section in (link.partition("#") for link in links if "#" in link):
        headings = re.findall(r"^#+ (.+)$", (MILESTONES.parent / page).read_text("utf-8"), re.M)
        assert section in map(slug, headings), f"{page} has no {section}"


@pytest.mark.parametrize("document", [one.name for one in COURSE.values()])
def test_a_milestone_s_document_has_what_the_course_asks_for(document: str):
    path = ROOT / "docs" / f"{document}.md"
    if not path.exists():
        pytest.skip(f"{path.name} comes with a run: see docs/milestones.md")
    text = path.read_text(encoding="utf-8")
    method = next(iter(chapters(text, "##").values()))
    # Two pages with figures: a page holds some 400 words beside a figure.
    assert len(re.sub(r"^\|.*$", "", method, flags=re.MULTILINE).split()) >= 800
    assert len(re.findall(r"^!\[", method, re.MULTILINE)) >= 2
    sections = chapters(text, "###")
    assert "| 10 |" in sections["Ten segmented validation images"]
    for section in ("Loss by epoch", "Mean IoU, precision and recall by epoch",
                    "Scores of each class"):  # fmt: skip
        assert section in sections
    kind = next(kind for kind, one in COURSE.items() if one.name == document)
    assert any(command.split()[3] == kind for command in commands(text))
