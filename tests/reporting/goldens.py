"""Golden files: what a document said when it was last read over by a person.

`AERIAL_UPDATE_GOLDEN=1 pytest tests/reporting` writes them anew; read the difference before it is
committed. Line breaks inside a paragraph do not count, those of tables and code do.
"""

import os
import re
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"

CHANGING = {
    r"\b[0-9a-f]{64}\b": "SHA256",
    r"/tmp/[^\s`|)]+": "TEMPORARY",
}
"""What differs from one run or machine to another, and what stands in its place."""


def check_golden(text: str, name: str) -> None:
    """Compares a document, or a part of one, with the golden file of that name."""
    for pattern, place in CHANGING.items():
        text = re.sub(pattern, place, text)
    path = GOLDEN / f"{name}.md"
    if os.environ.get("AERIAL_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert _blocks(text) == _blocks(path.read_text(encoding="utf-8")), path


def flat(text: str) -> str:
    """The text with each paragraph on one line."""
    return "\n\n".join(_blocks(text))


def _blocks(text: str) -> list[str]:
    """Paragraphs, each on one line; tables and code as they are."""
    parts = re.split(r"(```.*?```)|\n\s*\n", text, flags=re.S)
    blocks = [part.strip() for part in parts if part and part.strip()]
    return [part if part.startswith(("|", "```")) else " ".join(part.split()) for part in blocks]
