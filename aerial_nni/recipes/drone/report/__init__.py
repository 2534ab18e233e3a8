"""The document of DeepLabV3 on drone scenes."""
