"""The baseline: one U-Net, several seeds."""
