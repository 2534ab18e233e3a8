"""The patches that trained and validated a checkpoint, found again."""

from pathlib import Path

from aerial_nni.config.errors import UserError
from aerial_nni.config.options import TrialOptions, changed, general_fields
from aerial_nni.config.run_folder import OPTIONS, SPLIT, read_json
from aerial_nni.data.pipeline.loading import chosen_patches, chosen_split
from aerial_nni.data.pipeline.prepared import Prepared
from aerial_nni.data.pipeline.splits import Split, split_digest
from aerial_nni.training.checkpoint import read_header


class DataUnknown(UserError):
    """Nothing says what a checkpoint was trained on, or what is there now is something else."""


def own_data(
    checkpoint: Path, *, options: Path | None = None, data_dir: str = ""
) -> tuple[Prepared, Split]:
    """The patches of a checkpoint's dataset, and its own split of them.

    They are those of the trial's `options.json`, `options` or beside the checkpoint, with the split
    file of the trial or its experiment. `data_dir` is where the dataset lies now, if it was moved.

    Raises:
        DataUnknown: there is no such file, or the patches are not those of the checkpoint.
        DatasetMissing, BadSamples, SplitMismatch: the data is not there as it was.
    """
    source = options or checkpoint.with_name(OPTIONS)
    if not source.is_file():
        raise DataUnknown(
            f"there is no {source}, which says what {checkpoint.name} was trained on; name the "
            f"experiment instead of the file, or add: --options runs/ID/TRIAL/{OPTIONS}"
        )
    values = read_json(source)
    names = {spec.name for spec in general_fields(TrialOptions)} - {"model"}
    chosen = changed(TrialOptions(), {key: values[key] for key in names & values.keys()})
    if data_dir:
        chosen = changed(chosen, {"data_dir": data_dir})
    for folder in (source.parent, source.parent.parent):  # both move with the runs directory
        if (folder / SPLIT).is_file():
            chosen = changed(chosen, {"split": str(folder / SPLIT)})
            break
    prepared = chosen_patches(chosen)
    split = chosen_split(chosen, prepared)
    header = read_header(checkpoint)
    digest = header.get("split_digest")  # not in checkpoints of before this was noted
    same = digest is None or digest == split_digest(prepared, split)
    if not same or tuple(header["classes"]) != prepared.facts.classes:
        raise DataUnknown(
            f"{checkpoint.name} was trained on other patches than those of {source}; give the "
            "options.json of its own trial with --options"
        )
    return prepared, split
