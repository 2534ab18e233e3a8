"""Putting a document and its figures in place: all figures first, the text last."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from aerial_nni.config.run_folder import PART, atomic, held, sweep
from aerial_nni.reporting.style import save

PHOTOS = ("network", "costs", "examples", "method-surface", "coordinates",
          "scheme", "soft-answer", "kinds", "zoom-out")  # fmt: skip
"""Figures with photographs or many shades in them: they keep all their colours."""


def write_document(
    docs: Path,
    name: str,
    *,
    figures: Mapping[str, Figure],
    compose: Callable[[Mapping[str, str]], str],
) -> Path:
    """Writes `<name>.md` and its figures under `docs`; returns the document's path.

    `compose` makes the text from the figures' links, name of the figure to its path from the
    document. Figures are drawn before the first file is replaced.
    """
    folder = docs / name
    links = {figure: f"{name}/{figure}.png" for figure in figures}
    text = compose(links)
    docs.mkdir(parents=True, exist_ok=True)
    for leaving in (name, f"{name}.md"):
        sweep(docs, leaving)
    with (
        tempfile.TemporaryDirectory(PART, f".{name}.", docs) as temporary,
        held(os.open(temporary, os.O_RDONLY)),
    ):
        for key, figure in figures.items():
            save(figure, Path(temporary) / f"{key}.png", photo=key.startswith(PHOTOS))
        folder.mkdir(exist_ok=True)
        for key in figures:
            (Path(temporary) / f"{key}.png").replace(folder / f"{key}.png")
    for path in folder.glob("*.png"):
        if path.stem not in figures:  # of the document that was here before
            path.unlink()
    path = docs / f"{name}.md"
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")
    return path
