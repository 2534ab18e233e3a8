"""What DeepLabV3 learns from and begins with: both heads, pretrained weights, stages that wait."""

import dataclasses
from pathlib import Path
from typing import Any

import torch

from aerial_nni.config.families.deeplab import DeepLabOptions
from aerial_nni.config.options import TrialOptions, network_of
from aerial_nni.models import model_spec
from aerial_nni.models.deeplab import DeepLab
from aerial_nni.training.deeplab_weights import check_start, copy_weights, load_initial_weights
from aerial_nni.training.loss_meter import PartMeans
from aerial_nni.training.unfreezing import Thaw, both_heads
from aerial_nni.trials.run_trial import DataContext, TrainingSetup, new_model


def setup(
    options: TrialOptions, context: DataContext, plain: TrainingSetup, folder: Path
) -> TrainingSetup:
    """The plain setup, of a network with the weights that the options name.

    Raises:
        BackboneMissing, BackboneUnfit: with what to do.
    """
    own = network_of(options, DeepLabOptions)
    start = load_initial_weights(own)
    check_start(start, context.prepared, context.split)
    described = context.prepared.facts
    spec = model_spec(options, bands=len(described.bands), classes=len(described.classes))
    model = new_model(spec, options.seed)
    assert isinstance(model, DeepLab)
    pixels = str(context.prepared.images.dtype)
    weights = copy_weights(
        model, start, context.normalisation, backbone=own.backbone, pixels=pixels
    )
    model.to(context.device).to(memory_format=torch.channels_last)
    facts: dict[str, Any] = {
        "backbone": own.backbone,
        "weights": weights,
        "frozen": list(model.frozen),
        "thaw": own.thaw,
    }
    if own.auxiliary:
        parts = PartMeans()
        objective = both_heads(plain.loss, own.auxiliary, note=parts.note)
        plain = dataclasses.replace(plain, objective=objective, columns=parts.columns)
    return dataclasses.replace(
        plain, model=model, spec=spec, facts={"deeplab": facts}, callback=Thaw(model, own.thaw)
    )
