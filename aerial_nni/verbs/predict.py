"""The verb predict: images in, masks out."""

import argparse
import sys
from pathlib import Path
from typing import Any

from aerial_nni.options import PRECISIONS
from aerial_nni.verbs.answers import answer
from aerial_nni.verbs.flags import Verbs, positive

TEXT = "segment whole images of any size with a checkpoint or an exported ONNX file"


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    parser = verbs.add_parser("predict", help=TEXT, description=TEXT)
    parser.set_defaults(verb=predict)
    parser.add_argument(
        "model", type=Path, metavar="CHECKPOINT_OR_ONNX", help="what export or a trial wrote"
    )
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG or TIFF")
    parser.add_argument(
        "--to", type=Path, default=Path(), metavar="DIR", help="where results go (default: here)"
    )
    parser.add_argument(
        "--bands",
        type=_numbers,
        default=(),
        metavar="N,N,N",
        help="bands of the image that the model's are, from 1 (default: all, in their order)",
    )
    group = parser.add_argument_group("how it is computed")
    group.add_argument(
        "--tile",
        type=positive,
        default=1024,
        metavar="N",
        help="largest height and width of a tile in pixels; less needs less memory (default: 1024)",
    )
    group.add_argument(
        "--overlap",
        type=int,
        default=128,
        metavar="N",
        help="pixels that neighbouring tiles share at least (default: 128)",
    )
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: auto)")
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="auto: bf16 where the hardware has it (default)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object last")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def predict(given: argparse.Namespace) -> int:
    """Segments images, one after the other. One that cannot be used is named; the others go on."""
    from aerial_nni.errors import Explained
    from aerial_nni.inference import open_model
    from aerial_nni.inference.prediction import Tiling, predict_mask

    model = open_model(given.model, device=given.device, precision=given.precision)
    tiling = Tiling(tile=given.tile, overlap=given.overlap)
    done: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for image in given.images:
        mask = given.to / f"{image.stem}-mask.png"
        try:
            predict_mask(model, image, mask, tiling=tiling, bands=given.bands)
        except (Explained, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            failed[str(image)] = str(error)
        else:
            done.append({"image": str(image), "mask": str(mask)})
    lines = [f"{entry['image']}: {entry['mask']}" for entry in done]
    answer(given, {"results": done, "errors": failed}, "\n".join(lines))
    return 1 if failed else 0
