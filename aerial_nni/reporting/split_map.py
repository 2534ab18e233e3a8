"""Where training and validation lie on the ground: a map of the split's patches."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch as Box

from aerial_nni.config.run_folder import SPLIT, read_json
from aerial_nni.data.pipeline.ground_overlap import outlines
from aerial_nni.data.pipeline.patches import Patch
from aerial_nni.reporting.bars import plot_pixels
from aerial_nni.reporting.folder import Trial
from aerial_nni.reporting.style import (
    BLUE,
    GREY,
    PALE,
    VERMILLION,
    legend_below,
    new_figure,
    styled,
)

MAP = "split-map"
"""Name of the figure."""

PANELS = 6
"""Areas that are shown."""
SIDES = {"train": ("training", BLUE), "left_out": ("left out, too near to validation", PALE),
         "val": ("validation", VERMILLION)}  # fmt: skip
Places = dict[str, dict[str, list[Patch]]]
"""Area -> side of the split -> its patches."""


def split_map_info(trial: Trial) -> Places:
    """The patches of a trial's split on the ground; empty where it is not known where they lie."""
    paths = [folder / SPLIT for folder in (trial.folder, trial.folder.parent)]
    path = next((path for path in paths if path.is_file()), None)
    value = read_json(path) if path else {}
    if "ground" not in value:
        return {}
    found: Places = defaultdict(lambda: {side: [] for side in SIDES})
    size = value["patch"] if isinstance(value["patch"], list) else [value["patch"]] * 2
    for side in SIDES:
        for image, places in value.get(side, {}).items():
            area, *ground = value["ground"][image]
            found[area][side] += [_patch(image, area, ground, place, size) for place in places]
    return dict(found)


def _patch(image: str, area: str, ground: list[float], place: str, size: list[int]) -> Patch:
    y, x = map(int, place.split(","))
    return Patch(image=image, area=area, y=y, x=x, height=size[0], width=size[1], digest="",
                 ground=tuple(ground))  # fmt: skip


@styled
def plot_split_map(places: Places) -> Figure:
    """Every patch in the colour of its side; a panel for each of the first areas."""
    shown = list(places.items())[:PANELS]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = new_figure(0.6 + 3.0 * rows, width=max(4.5, 3.0 * columns))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (area, sides) in zip(panels, shown, strict=False):
        _draw_area(axes, area, sides)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    legend_below(figure, [Box(facecolor=colour, edgecolor=GREY, label=name)
                          for name, colour in SIDES.values()])  # fmt: skip
    return figure


def _draw_area(axes: Axes, area: str, sides: Mapping[str, list[Patch]]) -> None:
    shapes = {side: outlines(patches) for side, patches in sides.items() if patches}
    low = shapely.total_bounds(np.concatenate(list(shapes.values())))[:2]
    for side, polygons in shapes.items():
        corners = shapely.get_coordinates(polygons).reshape(len(polygons), 5, 2) - low
        axes.add_collection(
            PolyCollection(
                list(corners), facecolor=SIDES[side][1], edgecolor="white", linewidth=0.3
            )  # fmt: skip
        )
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_title(area if len(area) < 30 else f"…{area[-29:]}")
    axes.set_xlabel("metres to the right")
    axes.set_ylabel("metres up")
    axes.grid(visible=False)


@dataclass(frozen=True, kw_only=True)
class MapFacts:
    """What the map does not show: areas beyond the first ones, and patches of neither side."""

    shown: int
    unseen: int
    left_out: int


def map_facts(trial: Trial) -> MapFacts:
    """What the map of a trial's split leaves out."""
    places = split_map_info(trial)
    left = sum(len(sides["left_out"]) for sides in places.values())
    return MapFacts(shown=PANELS, unseen=len(places) - PANELS, left_out=left)


def plot_data(trial: Trial) -> dict[str, Figure]:
    """The figures about data and split: pixels of each class, and the map where there is one."""
    places = split_map_info(trial)
    return {"pixels": plot_pixels(trial), **({MAP: plot_split_map(places)} if places else {})}
