"""Reading rasters: one word for every file and every use on values, bands, turn and validity.

    from aerial_nni.rasters import open_picture

    with open_picture(path) as picture:
        bands = picture.bands_for(3)
        pixels, valid = picture.image(bands)

Training, validation, `doctor`, `predict` and export all stand on this: a model is shown what it was
trained on.

- **Values** are those of the file, as GDAL decodes them; `aerial_nni.rasters.decoding` says the one
  exception and why.
- **Bands** are those of the file without transparency. A palette picture has three: its colours.
- **Turn**: a picture that is stored turned is refused, whatever its format.
- **Validity**: `aerial_nni.rasters.validity` says which pixels show something.
"""

from aerial_nni.rasters.opening import (
    BESIDE,
    DRIVERS,
    ENDINGS,
    VALIDITY,
    RasterUnusable,
    files_of,
    gdal,
    open_raster,
)
from aerial_nni.rasters.picture import Picture, open_picture
from aerial_nni.rasters.whole import open_whole

__all__ = [
    "BESIDE",
    "DRIVERS",
    "ENDINGS",
    "Picture",
    "VALIDITY",
    "RasterUnusable",
    "files_of",
    "gdal",
    "open_picture",
    "open_raster",
    "open_whole",
]
