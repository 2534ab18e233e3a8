"""Where a document goes that nobody named a folder for: never over another experiment's."""

import re
from collections.abc import Sequence
from pathlib import Path

from aerial_nni.config.options import BUILT_IN
from aerial_nni.reporting.folder import Experiment

DOCS = Path("docs")

COMMAND = re.compile(r"^python -m aerial_nni\.run report (.+)$", re.MULTILINE)
"""The line of every document that writes it again, see the chapters on sources."""


def place_of(name: str, experiments: Sequence[Experiment]) -> tuple[Path, str]:
    """The folder for the document `name` of these experiments, and what is said of it.

    That is `docs`, unless the first is about the built-in scenes or `docs` holds that document of
    other experiments: then a folder inside that of the first.
    """
    main, ids = experiments[0], [experiment.id for experiment in experiments]
    own, document = main.folder / "docs", DOCS / f"{name}.md"
    if main.best.options.get("data") in BUILT_IN:
        return own, ""
    if not document.exists() or experiments_of(document) == ids:
        return DOCS, ""
    return own, _stays(document, " ".join(ids))


def place_of_all(name: str, experiments: Sequence[Experiment]) -> tuple[Path, str]:
    """The same for a page over many experiments; more of them replace it, others do not.

    Where it cannot be in `docs` it goes to a folder beside those of the experiments.
    """
    own, document = experiments[0].folder.parent / "docs", DOCS / f"{name}.md"
    if all(experiment.best.options.get("data") == "scenes" for experiment in experiments):
        return own, ""
    before = experiments_of(document) if document.exists() else []
    known = before and set(before) <= {experiment.id for experiment in experiments}
    if known or not document.exists():
        return DOCS, ""
    return own, _stays(document, "--all")


def describe_replaced(document: Path, experiments: Sequence[Experiment]) -> str:
    """What is said of a document that is replaced: whose it was; nothing of one of the same."""
    if not document.exists():
        return ""
    before, ids = experiments_of(document), [experiment.id for experiment in experiments]
    if before == ids:
        return ""
    whose = f"that of {' '.join(before)}" if before else "one that was not by this program"
    again = f"; that again: python -m aerial_nni.run report {' '.join(before)}" if before else ""
    return f"{document} replaces {whose}{again}"


def _stays(document: Path, words: str) -> str:
    """What is said of a document that is not replaced; `words` of the command that does it."""
    others = " ".join(experiments_of(document))
    problem = f"{document} is {f'of {others}' if others else 'not by this program'} and stays"
    again = f"python -m aerial_nni.run report {words} --docs {DOCS}"
    return f"{problem}; to replace it: {again}"


def experiments_of(document: Path) -> list[str]:
    """The experiments that a document is about; none where it does not say."""
    found = COMMAND.search(document.read_text(encoding="utf-8", errors="replace"))
    words = found[1].split() if found else []
    return [word for word in words if not word.startswith("-")]
