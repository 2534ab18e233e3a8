"""The document of building footprints by zoom-out features."""
