"""Small datasets in the layouts of torchgeo's classes: noise, with two classes side by side."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import rasterio
from PIL import Image

datasets = pytest.importorskip("torchgeo.datasets")
SIDE = 32


def picture(
    path: Path, *, bands: int = 3, side: int = SIDE, high: int = 255, dtype: str = "uint8"
) -> None:
    """Writes noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(zlib.crc32(str(path).encode()))
    pixels = draw.uniform(0, high + 1, (bands, side, side)).astype(dtype)
    if bands == 3 and dtype == "uint8":
        Image.fromarray(pixels.transpose(1, 2, 0)).save(path)
        return
    driver = "PNG" if path.suffix == ".png" else "GTiff"
    with rasterio.open(path, "w", driver=driver, height=side, width=side, count=bands,
                       dtype=dtype) as file:  # fmt: skip
        file.write(pixels)


def mask(
    path: Path,
    colours: Sequence | None = None,
    *,
    values: tuple[int, int] = (1, 2),
    side: int = SIDE,
) -> None:
    """Writes a mask whose left half has the first value, its right half the second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    classes = np.full((side, side), values[0], np.uint8)
    classes[:, side // 2 :] = values[1]
    Image.fromarray(np.array(colours, np.uint8)[classes] if colours else classes).save(path)


def table(path: Path, text: str) -> None:
    """Writes a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def love_da(root: Path) -> None:
    for split in ("Train", "Val"):
        for scene in ("Urban", "Rural"):
            picture(root / split / scene / "images_png" / "0.png")
            mask(root / split / scene / "masks_png" / "0.png")


def gid(root: Path) -> None:
    for split in ("train", "val"):
        picture(root / "GID" / "img_dir" / split / "a.tif")
        mask(root / "GID" / "ann_dir" / split / "a_15label.png")


def vaihingen(root: Path) -> None:
    for names in datasets.Vaihingen2D.splits.values():
        picture(root / "top" / names[0])
        mask(root / names[0], datasets.Vaihingen2D.colormap)


def potsdam(root: Path) -> None:
    for names in datasets.Potsdam2D.splits.values():
        picture(root / "4_Ortho_RGBIR" / f"{names[0]}_RGBIR.tif", bands=4)
        mask(root / f"{names[0]}_label.tif", datasets.Potsdam2D.colormap)


def deep_globe(root: Path) -> None:
    for split in ("training_data", "test_data"):
        picture(root / "data" / split / "images" / "1_sat.jpg")
        mask(root / "data" / split / "masks" / "1_mask.png", datasets.DeepGlobeLandCover.colormap)


def land_cover_ai(root: Path) -> None:
    for split in ("train", "val", "test"):
        table(root / f"{split}.txt", f"{split}_0\n")
        picture(root / "output" / f"{split}_0.jpg")
        mask(root / "output" / f"{split}_0_m.png")


def seaso_net(root: Path) -> None:
    rows = ["Index,Season,Grid,Latitude,Longitude,Path"]
    for number, split in enumerate(("train", "val", "test")):
        folder = root / "spring" / "grid1" / split
        for band, count in datasets.SeasoNet.band_nums.items():
            picture(folder / f"{split}_{band}.tif", bands=count, high=4000, dtype="uint16")
        mask(folder / f"{split}_labels.tif", values=(2, 3), side=120)
        rows.append(f"{number},Spring,1,{number},{number},spring/grid1/{split}")
        table(root / "splits" / f"{split}.csv", f"{number}\n")
    table(root / "meta.csv", "\n".join(rows) + "\n")
    for one in datasets.SeasoNet.metadata:
        if not (root / one["name"]).exists():
            (root / one["name"]).mkdir()


def cloud_s2(root: Path) -> None:
    for split in ("train", "val"):
        table(root / "cloud_s2" / f"{split}.csv", f"{split}\n")
        image = root / "cloud_s2" / "s2_toa" / f"{split}.tif"
        picture(image, bands=13, high=4000, dtype="uint16")
        mask(root / "cloud_s2" / "cloud" / f"{split}.tif")


def dfc2020(root: Path) -> None:
    for split in ("train", "val"):
        folder = root / "dfc2020_s1s2"
        table(folder / f"dfc-{split}-new.csv", f"dfc_{split}.tif\n")
        picture(folder / "s2" / f"s2_{split}.tif", bands=13, high=4000, dtype="uint16")
        picture(folder / "s1" / f"s1_{split}.tif", bands=2, high=1, dtype="float32")
        mask(folder / "dfc" / f"dfc_{split}.tif")


def dfc2022(root: Path) -> None:
    for split in ("unlabeled_train", "val"):
        (root / split).mkdir(parents=True)
    for name in ("a", "b"):
        folder = root / "labeled_train" / "Nice"
        picture(folder / "BDORTHO" / f"{name}.tif")
        picture(folder / "RGEALTI" / f"{name}_RGEALTI.tif", bands=1, side=16, dtype="float32")
        mask(folder / "UrbanAtlas" / f"{name}_UA2012.tif", values=(1, 0))


def geo_nrw(root: Path) -> None:
    for city in (*datasets.GeoNRW.train_list, *datasets.GeoNRW.test_list):
        (root / city).mkdir(parents=True)
    for city in ("aachen", "neuss"):
        picture(root / city / "1_2_rgb.jp2")
        picture(root / city / "1_2_dem.tif", bands=1, dtype="float32")
        mask(root / city / "1_2_seg.tif")


def cloud_cover(root: Path) -> None:
    for split in ("train", "test"):
        table(root / split / f"{split}_metadata.csv", "chip_id\na\n")
        for band in datasets.CloudCoverDetection.all_bands:
            image = root / split / f"{split}_features" / "a" / f"{band}.tif"
            picture(image, bands=1, high=4000, dtype="uint16")
        mask(root / split / f"{split}_labels" / "a.tif", values=(0, 1))


def etci(root: Path) -> None:
    for split in ("train", "test"):
        tiles = root / split / "bangladesh" / "tiles"
        picture(tiles / "vv" / "a.png")
        picture(tiles / "vh" / "a.png")
        mask(tiles / "water_body_label" / "a.png", values=(255, 255))
        mask(tiles / "flood_label" / "a.png", values=(0, 255))


def caffe(root: Path) -> None:
    for split in ("train", "val"):
        picture(root / "caffe" / "sar_images" / split / "a_1.png", bands=1)
        mask(root / "caffe" / "zones" / split / "a_zones_1.png", values=(64, 127))
        mask(root / "caffe" / "fronts" / split / "a_front_1.png", values=(0, 255))


def ssl4eo(root: Path) -> None:
    for number in range(7):
        picture(root / "ssl4eo_l_oli_sr_benchmark" / str(number) / "all_bands.tif", bands=7)
        mask(root / "ssl4eo_l_oli_nlcd" / str(number) / "nlcd_2019.tif", values=(41, 95))


def building_damage(root: Path) -> None:
    for split in ("train", "test"):
        for when in ("pre", "post"):
            picture(root / split / "images" / f"a_{when}_disaster.png")
            mask(root / split / "targets" / f"a_{when}_disaster_target.png", values=(0, 1))


class Layout(NamedTuple):
    """A dataset: how it is written, and the classes on the left and on the right of each image."""

    write: Callable[[Path], None]
    left: str
    right: str | None
    """None for ground that nobody knows."""
    settings: str = ""


LAYOUTS = {
    "LoveDA": Layout(love_da, "background", "building"),
    "GID15": Layout(gid, "industrial_land", "urban_residential"),
    "Vaihingen2D": Layout(vaihingen, "Impervious surfaces", "Building"),
    "Potsdam2D": Layout(potsdam, "Impervious surfaces", "Building"),
    "DeepGlobeLandCover": Layout(deep_globe, "Agriculture land", "Rangeland"),
    "LandCoverAI": Layout(land_cover_ai, "Building", "Woodland"),
    "LandCoverAI100": Layout(land_cover_ai, "Building", "Woodland"),
    "SeasoNet": Layout(seaso_net, "Discontinuous urban fabric", "Industrial or commercial units"),
    "CopernicusBenchCloudS2": Layout(cloud_s2, "Thick Cloud", "Thin Cloud"),
    "CopernicusBenchDFC2020S2": Layout(dfc2020, "Forest", "Shrubland", ",bands=B04+B03+B02"),
    "GeoNRW": Layout(geo_nrw, "forest", "water"),
    "CloudCoverDetection": Layout(cloud_cover, "clear", "cloud"),
    "ETCI2021": Layout(etci, "no flood", "flood"),
    "CaFFe": Layout(caffe, "rock", "glacier"),
    "SSL4EOLBenchmark": Layout(ssl4eo, "deciduous forest", "emergent herbaceous wetlands"),
    "DFC2022": Layout(dfc2022, "Urban fabric", None),
}
