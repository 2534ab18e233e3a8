"""Superpixels: small regions of like colour, by SLIC.

Achanta et al. 2012, "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", as
scikit-image has it.

*differs:* likeness is measured in the bands as they are normalised for the network, however many
there are, and not in CIELAB, which needs red, green and blue.
"""

import torch
from torch import Tensor

from aerial_nni.config.errors import UserError

COMPACTNESS = 0.2
"""Weight of nearness against likeness, where the bands of a picture range from 0 to 1."""

ROUNDS = 5
"""Of moving centres and assigning pixels: half of scikit-image's, and hardly another result."""


class NotOutsidePython(UserError):
    """Superpixels were asked for where no Python runs: in an exported file."""

    def __init__(self) -> None:
        super().__init__(
            "a model that averages over superpixels finds them with scikit-image, which no "
            "exported file has; give the ID of its experiment, whose best checkpoint is one "
            "without superpixels, or a student that learnt from this one: "
            "python -m aerial_nni.run distill --teacher CHECKPOINT"
        )


def superpixels(picture: Tensor, *, side: int) -> Tensor:
    """The region of each pixel, shape (h, w), int64, from 0 without gaps.

    Args:
        picture: (bands, h, w), of any range.
        side: about the height and width of a region in pixels.

    Raises:
        NotOutsidePython: the call is being exported.
    """
    if torch.jit.is_tracing() or torch.compiler.is_compiling():
        raise NotOutsidePython
    import numpy as np
    from skimage.segmentation import slic  # slow to import

    height, width = picture.shape[-2:]
    values = picture.detach().float().permute(1, 2, 0).cpu().numpy()
    count = max(1, round(height * width / side**2))
    found = slic(
        np.ascontiguousarray(values),
        n_segments=count,
        compactness=COMPACTNESS,
        max_num_iter=ROUNDS,
        convert2lab=False,
        start_label=0,
        channel_axis=-1,
    )
    _, labels = np.unique(found, return_inverse=True)
    return torch.from_numpy(labels.reshape(height, width)).to(picture.device)
