"""The verb predict: images in, masks out."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aerial_nni.cli.checkpoints import checkpoint_of
from aerial_nni.cli.experiment_flags import Verbs, add_runs, positive
from aerial_nni.cli.output import answer, table
from aerial_nni.config.errors import UserError, told
from aerial_nni.config.options import PRECISIONS, BadOption
from aerial_nni.config.run_folder import no_formula

if TYPE_CHECKING:
    from aerial_nni.inference.polygons import PolygonOptions
    from aerial_nni.inference.prediction import Segmented

IMAGES = "TIFF, PNG, JPEG, JPEG 2000, WebP or BMP; others as GDAL reads them, see --driver"
TEXT = "segment whole images of any size with a checkpoint or an exported ONNX file"


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    example = "python -m aerial_nni.run predict ID scene.tif --overlay"
    parser = verbs.add_parser("predict", help=TEXT, description=TEXT, example=example)
    parser.set_defaults(verb=predict)
    parser.add_argument(
        "model",
        metavar="CHECKPOINT_OR_ONNX",
        help="what export or a trial wrote, or the experiment whose best checkpoint it is",
    )
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help=IMAGES)
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("predictions"),
        metavar="DIR",
        help="where results go (default: predictions)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace results that are there already"
    )
    parser.add_argument(
        "--bands",
        type=band_numbers,
        default=(),
        metavar="N,N,N",
        help="bands of the image that the model's are, from 1 (default: all, in their order)",
    )
    parser.add_argument(
        "--driver",
        default="",
        metavar="NAME",
        help="GDAL's driver for all images, by its name: VRT, NITF, WMS and others that read other "
        "files are used when asked for (default: TIFF, PNG, JPEG and the like)",
    )
    _add_outputs(parser)
    _add_polygons(parser)
    _add_computing(parser)
    add_runs(parser)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("beside the mask")
    group.add_argument(
        "--overlay", action="store_true", help="a picture of the classes over the image"
    )
    group.add_argument("--areas", action="store_true", help="square metres of each class, as CSV")
    group.add_argument(
        "--confidence",
        action="store_true",
        help="a raster of the chosen class's probability, by the model's own word",
    )
    group.add_argument(
        "--probabilities",
        action="store_true",
        help="a raster of the probabilities of all classes, a band for each",
    )
    group.add_argument(
        "--dtype",
        choices=("uint8", "float32"),
        default="uint8",
        help="pixels of these two: uint8 with the scale 1/254 and void 255, or float32 with void "
        "NaN (default: uint8)",
    )
    group.add_argument(
        "--cog",
        action="store_true",
        help="rasters as cloud-optimised GeoTIFFs, with smaller copies of themselves",
    )
    group.add_argument(
        "--submission",
        type=Path,
        metavar="FILE",
        help="the masks of all images as a contest's CSV: a row for each class, run-length encoded",
    )
    group.add_argument(
        "--pixel-order",
        choices=("columns", "rows"),
        default="columns",
        help="how pixels are numbered in it (default: columns)",
    )


def _add_computing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is computed")
    group.add_argument(
        "--tta",
        action="store_true",
        help="ask the model for all flips and quarter turns: a little better, eight times as slow; "
        "for pictures without an up, not for drone scenes",
    )
    group.add_argument(
        "--tile",
        type=positive,
        default=0,
        metavar="N",
        help="largest height and width of a tile in pixels; less needs less memory (default: 1024; "
        "2048 for a network with --space-to-depth; DeepLabV3: at least the patches it learnt from)",
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


def _add_polygons(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "polygons",
        "A patch of one class each, with its class, its area and the mean probability of its "
        "pixels. For a GIS, in the scene's own system, with a seventh of the corners: --polygons "
        "--polygons-format gpkg --crs scene --min-area 20 --simplify 1",
    )
    group.add_argument("--polygons", action="store_true", help="write them")
    group.add_argument(
        "--polygons-format", choices=("geojson", "gpkg"), help="gpkg: GeoPackage (default: geojson)"
    )
    group.add_argument(
        "--crs",
        metavar="SYSTEM",
        help="scene for the scene's own, or EPSG:N (default: EPSG:4326, longitude and latitude)",
    )
    group.add_argument(
        "--min-area",
        type=float,
        metavar="SQUARE_METRES",
        help="what is smaller joins the largest patch beside it; alone amid void it is left out; "
        "it is done before --simplify, after which some may be a little smaller",
    )
    group.add_argument(
        "--simplify",
        type=float,
        metavar="METRES",
        help="leave out corners that cover less than a square of this side; neighbours keep their "
        "common borders; try three times a pixel's side",
    )


def band_numbers(text: str) -> tuple[int, ...]:
    """The numbers in `4,3,2`."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        message = f"{text!r} is not understood; give numbers such as 4,3,2"
        raise argparse.ArgumentTypeError(message) from None


def predict(given: argparse.Namespace) -> int:
    """Segments images, one after the other. One that cannot be used is named; the others go on."""
    from aerial_nni.config.run_folder import check_writable
    from aerial_nni.inference import open_model
    from aerial_nni.inference.mask_writer import result_stems
    from aerial_nni.inference.prediction import Wanted, segment
    from aerial_nni.inference.resume import mark_of
    from aerial_nni.inference.scene import check_driver
    from aerial_nni.inference.tiles import Tiling
    from aerial_nni.inference.tta import Turned

    check_driver(given.driver)
    check_writable(given.to, flag="--to")
    tiling = Tiling(tile=given.tile, overlap=given.overlap)
    wanted = Wanted(
        polygons=_polygons(given),
        **{name: getattr(given, name) for name in (
            "overlay", "areas", "confidence", "probabilities", "dtype", "cog",
        )},
    )  # fmt: skip
    stems = result_stems(given.images, given.to)
    if given.submission:
        _check_submission(given)
    checkpoint, _ = checkpoint_of(given.model, given.runs)
    model = open_model(checkpoint, device=given.device, precision=given.precision)
    mark = mark_of(
        checkpoint, bands=given.bands, driver=given.driver, tta=given.tta, tile=given.tile,
        overlap=given.overlap, precision=given.precision,
    )  # fmt: skip
    model = Turned(model) if given.tta else model
    done: list[Segmented] = []
    failed: dict[str, str] = {}
    for number, (image, stem) in enumerate(zip(given.images, stems, strict=True), start=1):
        try:
            with _bar(f"{number}/{len(stems)} {image.name}") as progress:
                result = segment(
                    model,
                    image,
                    stem,
                    tiling=tiling,
                    bands=given.bands,
                    driver=given.driver,
                    wanted=wanted,
                    overwrite=given.overwrite,
                    mark=mark,
                    progress=progress,
                )
        except Exception as error:  # GDAL's own exceptions have no public base class
            named = isinstance(error, (UserError, OSError))
            failed[str(image)] = told(error) if named else f"{image}: {told(error)}"
            print(f"error: {failed[str(image)]}", file=sys.stderr)
        else:
            done.append(result)
            if not given.json:
                answer(given, {}, _said(result))
    if given.submission and failed:
        print(f"error: {given.submission} would lack images; it is not written", file=sys.stderr)
    elif given.submission:
        _submit(given, done, values=model.card.written.values)
    if given.json:
        answer(given, {"results": [_values(result) for result in done], "errors": failed}, "")
    return 1 if failed else 0


def _polygons(given: argparse.Namespace) -> "PolygonOptions | None":
    """How polygons are wanted; None where they are not."""
    from aerial_nni.inference.polygon_placement import SCENE, system
    from aerial_nni.inference.polygons import PolygonOptions

    words = {
        "format": given.polygons_format,
        "crs": given.crs,
        "min_area": given.min_area,
        "simplify": given.simplify,
    }
    said = {name: value for name, value in words.items() if value is not None}
    if said and not given.polygons:
        raise BadOption(
            "--polygons-format, --crs, --min-area and --simplify need --polygons; add it"
        )
    if given.crs and given.crs != SCENE:
        system(given.crs)
    return PolygonOptions(**said) if given.polygons else None


def _check_submission(given: argparse.Namespace) -> None:
    from aerial_nni.config.run_folder import check_writable
    from aerial_nni.inference.mask_writer import check_free

    check_writable(given.submission.parent, flag="--submission")
    if len({image.stem for image in given.images}) < len(given.images):
        raise BadOption("images of one name are one image to a contest; give each name once")
    if odd := [image.stem for image in given.images if no_formula(image.stem) != image.stem]:
        raise BadOption(f"{odd[0]!r}, a row's name, is a formula to spreadsheets; rename the image")
    if not given.overwrite:
        check_free([given.submission])


def _submit(given: argparse.Namespace, done: list["Segmented"], *, values: Sequence[int]) -> None:
    """Writes the contest's file of all images that were segmented."""
    from aerial_nni.inference.submission import write_submission

    masks = {result.image.stem: result.files["mask"] for result in done}
    write_submission(given.submission, masks, values=values, order=given.pixel_order)
    if not given.json:
        answer(given, {}, str(given.submission))


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar over the tiles of an image, on a terminal."""
    from tqdm import tqdm

    with tqdm(desc=label, unit="tile", disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _said(result: "Segmented") -> str:
    """The files of an image, and its areas."""
    said = "\n".join(str(path) for path in result.files.values())
    if result.areas:
        rows = [(area.name, f"{area.square_metres:,.1f}") for area in result.areas]
        said += "\n" + table(("class", "square metres"), rows)
    return said


def _values(result: "Segmented") -> dict[str, Any]:
    files = {kind: str(path) for kind, path in result.files.items()}
    areas = {area.name: area.square_metres for area in result.areas}
    return {"image": str(result.image), **files, **({"square_metres": areas} if areas else {})}
