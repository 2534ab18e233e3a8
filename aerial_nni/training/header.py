"""What the header of a checkpoint, or of a file exported from one, says; read without torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from aerial_nni.config.errors import Damaged
from aerial_nni.config.safe_reading import parse_json
from aerial_nni.config.schema import ANY_FLOAT, Between, Distinct, Name, fitted
from aerial_nni.data.pipeline.class_codes import Byte, Written

FORMAT = 1

LONGEST = 16 << 20
"""Letters of a header: that of the last epoch has the history in it."""

Pixels = Annotated[int, Between(1, 1 << 20)]
Names = Annotated[tuple[Annotated[str, Name()], ...], Between(1, 4096), Distinct()]
Epoch = Annotated[int, Between(0, 1 << 31)]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a model file says of itself. Older ones lack some of it, so each may be missing."""

    format: Literal[1]
    classes: Names | None = None
    palette: tuple[tuple[Byte, Byte, Byte], ...] | None = None
    """Of each class its red, green and blue."""
    written: Written | None = None
    """The values of the user's own masks; a class is written as its index where this is missing."""
    bands: Names | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[Annotated[float, Between(0, open=True)], ...] | None = None
    """Mean and deviation of each band in the training images, in raw digital numbers."""
    pixels: Literal["uint8", "uint16"] | None = None
    size: tuple[Pixels, Pixels] | None = None
    data: Annotated[str, Name()] | None = None
    split: Annotated[str, Name()] | None = None
    split_digest: Annotated[str, Name()] | None = None
    score: Annotated[float, ANY_FLOAT] | None = None
    epoch: Epoch | None = None

    def __post_init__(self) -> None:
        for one, each in (("palette", "classes"), ("mean", "bands"), ("std", "bands")):
            found, names = getattr(self, one), getattr(self, each)
            if found is not None and names is not None and len(found) != len(names):
                raise Damaged(f"{one} has {len(found)} entries for {len(names)} {each}")
        if self.written and self.classes and len(self.written.values) != len(self.classes):
            count = len(self.written.values)
            raise Damaged(f"written has {count} values for {len(self.classes)} classes")


def parse_header(text: str, source: object) -> dict[str, Any]:
    """The header in a line of JSON, checked; `source` names its file in errors.

    Raises:
        Damaged: it is of another format, or not what the fields of `Header` say.
    """
    if len(text) > LONGEST:
        raise Damaged(f"{source}: its header has {len(text)} letters, more than {LONGEST}")
    header: dict[str, Any] = parse_json(text, f"the header of {source}")
    if isinstance(header, dict) and header.get("format") != FORMAT:
        found = f"{header.get('format')!r:.40}"
        raise Damaged(f"{source} has format {found}; this version reads {FORMAT}")
    fitted(Header, header, f"the header of {source}")
    return header


def demand(header: dict[str, Any], names: Iterable[str], source: object) -> None:
    """Raises `Damaged` where a header of `source` lacks one of `names`."""
    if missing := [name for name in names if header.get(name) is None]:
        raise Damaged(f"the header of {source} lacks {', '.join(missing)}")
