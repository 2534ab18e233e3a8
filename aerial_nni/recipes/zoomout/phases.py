"""Names of the phases of an experiment with zoom-out.

A control's name begins with `tuners.trial.CONTROL`.
"""

ZOOMOUT, SUPERPIXELS, UNET = "zoom-out", "superpixels", "control: U-Net"
PHASES = (ZOOMOUT, SUPERPIXELS, UNET)

SUPERPIXEL = 12
"""Side in pixels of the superpixels of the final runs where nothing else is said."""
