"""The verb export: a checkpoint, in a format that other programs run."""

import argparse
import shlex
from pathlib import Path
from typing import Any

from aerial_nni.cli.checkpoints import checkpoint_of
from aerial_nni.cli.experiment_flags import Verbs, add_runs
from aerial_nni.cli.output import answer

TEXT = "write an experiment's best checkpoint, or one that is given, to a file of its own"

FORMATS = ("safetensors", "onnx", "torchscript", "exported")


def add_flags(verbs: Verbs) -> None:
    """The parser of this verb."""
    example = "python -m aerial_nni.run export ID --to best.onnx"
    parser = verbs.add_parser("export", help=TEXT, description=TEXT, example=example)
    parser.set_defaults(verb=export)
    parser.add_argument(
        "id",
        metavar="ID_OR_CHECKPOINT",
        help="the experiment, or the beginning of its name (see: list), or a checkpoint's path",
    )
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a file that is there already"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="default: by the file's ending .safetensors, .onnx, .pt (TorchScript) or .pt2 "
        "(exported)",
    )
    group = parser.add_argument_group("8-bit integers")
    group.add_argument(
        "--int8",
        action="store_true",
        help="ONNX in 8-bit integers, calibrated on the checkpoint's training patches; says what "
        "it loses on its validation patches",
    )
    group.add_argument(
        "--options",
        type=Path,
        metavar="FILE",
        help="options.json of the trial, if it does not lie beside the checkpoint",
    )
    group.add_argument(
        "--data-dir", default="", metavar="DIR", help="where the imagery is now, if it was moved"
    )
    add_runs(parser)


def export(given: argparse.Namespace) -> int:
    """Writes the file, checked against the model it was made from."""
    from aerial_nni.config.options import BadOption
    from aerial_nni.config.run_folder import check_writable
    from aerial_nni.inference.export import SUFFIXES, format_of
    from aerial_nni.inference.export import export as write
    from aerial_nni.inference.mask_writer import check_free

    source, name = checkpoint_of(given.id, given.runs)
    target = given.to
    if target.is_dir():
        usual = "onnx" if given.int8 else "safetensors"
        target = target / f"{name}{SUFFIXES[given.format or usual]}"
    kind = format_of(target, given.format)
    if target.exists() and target.samefile(source):
        raise BadOption(f"--to {target} is the checkpoint itself; give another name")
    if not target.parent.is_dir():
        make = f"mkdir -p {shlex.quote(str(target.parent))}"
        raise BadOption(f"there is no folder {target.parent}; make it with: {make}")
    check_writable(target.parent, flag="--to")
    if not given.overwrite:
        check_free([target])
    values: dict[str, Any] = {"id": name, "source": str(source), "checkpoint": str(target)}
    values["format"] = kind
    if given.int8:
        if kind != "onnx":
            raise BadOption(f"--int8 is for ONNX, not {kind}; add --format onnx")
        values |= _int8(source, target, given)
        said = (
            f"mean IoU in 8-bit integers: {values['mean_iou']:.4f}, before: "
            f"{values['mean_iou_before']:.4f} ({values['patches']} validation patches)"
        )
    else:
        values["max_difference"] = write(source, target, format=kind)
        said = f"largest difference of a logit to the checkpoint's: {values['max_difference']:.2g}"
    answer(given, values, str(target) if kind == "safetensors" else f"{target}\n{said}")
    return 0


def _int8(source: Path, target: Path, given: argparse.Namespace) -> dict[str, Any]:
    from aerial_nni.inference.quantisation import export_int8

    cost = export_int8(source, target, options=given.options, data_dir=given.data_dir)
    return {
        "mean_iou": cost.mean_iou,
        "mean_iou_before": cost.floating,
        "patches": cost.patches,
    }
