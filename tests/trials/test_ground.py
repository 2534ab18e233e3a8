"""What a trial stands on is measured on what trains it, and on nothing that validates it."""

import json
import shutil
from pathlib import Path

import pytest

from aerial_nni.config.options import TrialOptions
from aerial_nni.inference.model_card import read_card
from aerial_nni.trials.run_trial import masks_alone, open_data_context, task_of

CPU = {"device": "cpu", "precision": "fp32"}


@pytest.mark.parametrize("seed", [0, 1])
def test_normalisation_and_class_pixels_are_those_of_the_training_patches(
    imagery: Path, tmp_path: Path, seed: int
):
    options = TrialOptions.of(data="folder", data_dir=str(imagery), patch=16, split_seed=seed,
                           val_fraction=0.5, **CPU)  # fmt: skip
    ground = open_data_context(options, tmp_path)
    train, val = list(ground.split.train), list(ground.split.val)
    pixels = ground.prepared.images[train].reshape(-1, 3).astype(float)
    assert ground.normalisation.mean == pytest.approx(pixels.mean(0).tolist())
    assert ground.normalisation.std == pytest.approx(pixels.std(0).tolist())
    everything = ground.prepared.images[train + val].reshape(-1, 3)
    assert abs(everything.mean(0) - pixels.mean(0)).max() > 0.5  # so that it could be seen
    masks = ground.prepared.masks[train]
    assert ground.class_pixels() == [int((masks == label).sum()) for label in (0, 1)]
    sides = [ground.batches(options, training=side).indices for side in (True, False)]
    assert sides == [ground.split.train, ground.split.val]


def test_a_checkpoint_knows_the_values_and_colours_of_the_user_s_masks(
    imagery: Path, tmp_path: Path
):
    shutil.copytree(imagery, tmp_path / "own")
    (tmp_path / "own/classes.yaml").write_text(
        "masks: index\nclasses:\n  low: {values: [0, 9], colour: '#010203'}\n  high: 1\nvoid: -1\n"
    )
    for data_dir, values, void in ((imagery, (0, 1), 255), (tmp_path / "own", (0, 1), -1)):
        options = TrialOptions.of(data="folder", data_dir=str(data_dir), patch=16, **CPU)
        ground = open_data_context(options, tmp_path)
        header = json.loads(
            json.dumps(task_of(options, ground, masks_alone(options, ground)).header)
        )
        card = read_card(header, "here")
        assert (card.written.values, card.written.void) == (values, void)
        assert header["data"] == data_dir.name
    assert card.palette[0] == (1, 2, 3)
