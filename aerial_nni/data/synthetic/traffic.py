"""Cars: their tones, one car, and a street's traffic."""

import numpy as np

from aerial_nni.data.synthetic.canvas import ROAD, Canvas, Tone
from aerial_nni.data.synthetic.noise import between, pick
from aerial_nni.data.synthetic.plan import Box, Street

CARS: dict[Tone, float] = {
    (232, 232, 230): 5,
    (40, 40, 44): 2,
    (150, 152, 156): 3,
    (150, 48, 42): 1,
    (60, 84, 140): 1,
    (196, 176, 130): 1,
}


def flow(canvas: Canvas, rng: np.random.Generator, street: Street, *, wide: bool) -> None:
    """Cars in their lanes, more of them and in more lanes where it is `wide`."""
    long, width = street.length, street.width
    lanes = (0.14, 0.36, 0.64, 0.86) if wide else (0.28, 0.72)
    for lane in lanes:
        at = between(rng, 4, 60)
        while at < long - 8:
            middle = lane * width
            car(canvas, rng, street.along(at, at + 4.6, middle - 1.1, middle + 1.1))
            at += between(rng, 8, 130 if wide else 200)


def car(canvas: Canvas, rng: np.random.Generator, box: Box) -> None:
    """A car (or a lorry, by the box) with a dark windscreen, only where there is asphalt."""
    if canvas.free(box, ROAD):
        canvas.fill(box, pick(rng, CARS), height=1.4)
        canvas.fill(box.part(0.3, 0.15, 0.45, 0.85), (50, 54, 60))
