"""Shapes in degrees whose borders jump from 180 to -180: they cross the 180th meridian unsplit."""

import numpy as np
import shapely


def unwrapped(shapes: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """The shapes (n,), those that jump drawn the short way, beyond 180 degrees; and which, (n,).

    `turn` is a full turn in the unit of the longitudes. An edge over more than half of it is taken
    the other way around the Earth: there is no telling which was meant but by its length. Borders
    that go around a pole, or along whole parallels, are left as they are.
    """
    low, _, high, _ = shapely.bounds(shapes).T  # NaN of nothing compares as false
    found, crosses = shapes.copy(), np.zeros(len(shapes), bool)
    for number in np.flatnonzero(high - low > turn / 2):
        short = _short(shapes[number], turn)
        if short is not None:
            found[number], crosses[number] = short, True
    return found, crosses


def _short(shape: shapely.Geometry, turn: float) -> shapely.Geometry | None:
    """The shape with every edge the short way; None where that changes nothing or cannot be."""
    if shape.geom_type.startswith(("Multi", "GeometryCollection")):
        parts = [(part, _short(part, turn)) for part in shape.geoms]
        if all(short is None for _, short in parts):
            return None
        return type(shape)([part if short is None else short for part, short in parts])
    if isinstance(shape, shapely.Polygon):
        return _polygon(shape, turn)
    if isinstance(shape, shapely.LineString):
        line = _line(shape.coords, turn)
        return None if line is None else shapely.LineString(line)
    return None


def _polygon(shape: shapely.Polygon, turn: float) -> shapely.Polygon | None:
    shell = _line(shape.exterior.coords, turn)
    if shell is None or shell[0, 0] != shell[-1, 0]:  # it does not close: it is around a pole
        return None
    holes = []
    for ring in shape.interiors:
        hole = _line(ring.coords, turn)
        hole = np.array(ring.coords) if hole is None else hole
        hole[:, 0] += turn * np.round((_middle(shell) - _middle(hole)) / turn)
        holes.append(hole)
    short = shapely.Polygon(shell, holes)
    return short if short.area > 0 else None  # its edges went all the way around


def _line(points: shapely.coords.CoordinateSequence, turn: float) -> np.ndarray | None:
    """Points (n, 2) of which none is more than half a turn from the last one, or None."""
    line = np.array(points)
    steps = np.diff(line[:, 0])
    if not (np.abs(steps) > turn / 2).any():
        return None
    line[1:, 0] -= turn * np.cumsum(np.round(steps / turn))
    return line


def _middle(line: np.ndarray) -> float:
    return float(line[:, 0].min() + line[:, 0].max()) / 2
