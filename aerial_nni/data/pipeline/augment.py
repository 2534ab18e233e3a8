"""Augmentation of a batch: image and mask move together, colours change in the image alone.

All draws come from the generator that is passed in, in a fixed order.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may happen to a patch. `Augmentation()` changes nothing."""

    flip: bool = False
    """Mirrored left to right with probability one half."""
    turn: bool = False
    """Turned by 0, 90, 180 or 270 degrees, each as likely."""
    scale: float = 0.0
    """Half of the patches are zoomed by a factor from 1 / (1 + scale) to 1 + scale."""
    colour: float = 0.0
    """Contrast, brightness and band gains change by up to this share of a standard deviation."""

    def move(
        self, images: Tensor, masks: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Flips and turns: images (b, h, w, bands), masks (b, h, w) of any type.

        What is not square is only turned by half turns.
        """
        if not (self.flip or self.turn):
            return images, masks
        count = len(images)
        flips = torch.rand(count, generator=generator) < 0.5
        turns = torch.randint(4, (count,), generator=generator)
        if masks.shape[1] != masks.shape[2]:
            turns = turns // 2 * 2
        moved_images, moved_masks = torch.empty_like(images), torch.empty_like(masks)
        for i in range(count):
            image, mask = images[i], masks[i]
            if self.flip and flips[i]:
                image, mask = image.flip(1), mask.flip(1)
            if self.turn:
                image, mask = (torch.rot90(part, int(turns[i])) for part in (image, mask))
            moved_images[i], moved_masks[i] = image, mask
        return moved_images, moved_masks

    def zoom(
        self, images: Tensor, masks: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Zooms half of the batch about random points; what lies outside is mirrored.

        images (b, bands, h, w) float, read bilinearly; masks (b, h, w) uint8, read to the nearest.
        """
        if self.scale == 0:
            return images, masks
        count = len(images)
        chosen = torch.rand(count, generator=generator) < 0.5
        spread = math.log1p(self.scale)
        factors = torch.exp((torch.rand(count, generator=generator) * 2 - 1) * spread)
        shifts = torch.rand(count, 2, generator=generator) * 2 - 1
        rows = chosen.nonzero().squeeze(1)
        if len(rows) == 0:
            return images, masks
        reach = 1 / factors[rows]  # half the side of what is seen, in half sides of the patch
        theta = torch.zeros(len(rows), 2, 3)
        theta[:, 0, 0] = theta[:, 1, 1] = reach
        theta[:, :, 2] = shifts[rows] * (1 - reach).abs().unsqueeze(1)
        rows, theta = rows.to(images.device), theta.to(images.device)
        size = [len(rows), 1, *images.shape[-2:]]
        grid = functional.affine_grid(theta, size, align_corners=False)
        seen = functional.grid_sample(
            images[rows], grid, padding_mode="reflection", align_corners=False
        )
        labels = functional.grid_sample(
            masks[rows].unsqueeze(1).float(),
            grid,
            mode="nearest",
            padding_mode="reflection",
            align_corners=False,
        )
        images[rows] = seen
        masks = masks.clone()
        masks[rows] = labels.squeeze(1).to(masks.dtype)
        return images, masks

    def recolour(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Changes contrast, brightness and band gains of normalised images (b, bands, h, w)."""
        if self.colour == 0:
            return images
        count, bands = images.shape[:2]

        def draw(*shape: int) -> Tensor:
            values = torch.rand(*shape, 1, 1, generator=generator) * 2 - 1
            return (values * self.colour).to(images.device)

        gain = (1 + draw(count, 1)) * (1 + draw(count, bands) / 2)
        return images.mul_(gain).add_(draw(count, 1) + draw(count, bands) / 2)
