"""Drawing on rasters: boxes, polylines and a window of the map, in compiled loops."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.state import Bools, Floats, Ints

Raster = NDArray[np.uint8]


@compiled
def fill_box(
    image: Raster,
    row: float,
    column: float,
    cos: float,
    sin: float,
    half_length: float,
    half_width: float,
    value: int,
) -> None:
    """Set the pixels whose centres lie in a rectangle.

    Args:
        image: Shape (H, W).
        row: Centre, in pixels from the top edge; fractions count.
        column: Centre, in pixels from the left edge.
        cos: Of the angle from up to the long axis, turning left.
        sin: Of that angle.
        half_length: Half the extent along the axis [pixels].
        half_width: Half the extent across it [pixels].
        value: What to write.
    """
    reach_row = abs(cos) * half_length + abs(sin) * half_width
    reach_column = abs(sin) * half_length + abs(cos) * half_width
    top, bottom = max(int(row - reach_row), 0), min(int(row + reach_row) + 1, image.shape[0])
    left = max(int(column - reach_column), 0)
    right = min(int(column + reach_column) + 1, image.shape[1])
    for i in range(top, bottom):
        up = row - (i + 0.5)
        for j in range(left, right):
            aside = column - (j + 0.5)
            along, across = up * cos + aside * sin, aside * cos - up * sin
            if abs(along) <= half_length and abs(across) <= half_width:
                image[i, j] = value


@compiled
def draw_boxes(
    raster: Raster,
    channel: int,
    value: int,
    eye: tuple[Floats, Floats, Floats],
    scale: tuple[float, float, float],
    x: Floats,
    y: Floats,
    yaw: Floats,
    length: Floats,
    width: Floats,
    drawn: Bools,
) -> None:
    """Objects as filled rectangles.

    Args:
        raster: Shape (D, C, H, W).
        channel: Which channel.
        value: What to write.
        eye: The drivers' poses ``(x, y, yaw)``, shape (D,) each.
        scale: Pixels per metre; row and column of the driver's centre.
        x: Positions of the objects [m], shape (D, K); as are the rest.
        y: As x.
        yaw: Headings [rad].
        length: Full length [m].
        width: Full width [m].
        drawn: Which of them to draw.
    """
    eye_x, eye_y, eye_yaw = eye
    per_m, row0, column0 = scale
    for d in range(x.shape[0]):
        c, s = math.cos(eye_yaw[d]), math.sin(eye_yaw[d])
        for k in range(x.shape[1]):
            if not drawn[d, k]:
                continue
            dx, dy = x[d, k] - eye_x[d], y[d, k] - eye_y[d]
            row, column = row0 - per_m * (dx * c + dy * s), column0 - per_m * (dy * c - dx * s)
            turn = yaw[d, k] - eye_yaw[d]
            fill_box(
                raster[d, channel], row, column, math.cos(turn), math.sin(turn),
                0.5 * per_m * length[d, k], 0.5 * per_m * width[d, k], value,
            )  # fmt: skip


@compiled
def draw_lines(
    raster: Raster,
    channel: int,
    value: int,
    eye: tuple[Floats, Floats, Floats],
    scale: tuple[float, float, float],
    x: Floats,
    y: Floats,
    s: Floats,
    reach: float,
    width: float,
) -> None:
    """Polylines of some width, one per driver, up to a distance along them.

    Args:
        raster: Shape (D, C, H, W).
        channel: Which channel.
        value: What to write.
        eye: As for ``draw_boxes``.
        scale: As for ``draw_boxes``.
        x: Points [m], shape (D, P).
        y: As x.
        s: Distance along the line [m], shape (D, P).
        reach: How far to draw [m].
        width: How wide [m].
    """
    eye_x, eye_y, eye_yaw = eye
    per_m, row0, column0 = scale
    for d in range(x.shape[0]):
        c, sn = math.cos(eye_yaw[d]), math.sin(eye_yaw[d])
        for p in range(x.shape[1] - 1):
            if s[d, p] > reach:
                break
            ex, ey = x[d, p + 1] - x[d, p], y[d, p + 1] - y[d, p]
            step = math.sqrt(ex * ex + ey * ey)
            if step < 1e-6:
                continue
            dx, dy = x[d, p] + 0.5 * ex - eye_x[d], y[d, p] + 0.5 * ey - eye_y[d]
            row, column = row0 - per_m * (dx * c + dy * sn), column0 - per_m * (dy * c - dx * sn)
            # A pixel longer than the piece, so that pieces of a bend leave no gap.
            fill_box(
                raster[d, channel], row, column,
                (ex * c + ey * sn) / step, (ey * c - ex * sn) / step,
                0.5 * per_m * step + 1.0, 0.5 * per_m * width, value,
            )  # fmt: skip


@compiled
def draw_window(
    raster: Raster,
    channels: tuple[int, int],
    eye: tuple[Floats, Floats, Floats],
    scale: tuple[float, float, float],
    ground: Raster,
    origin: tuple[float, float],
) -> None:
    """The part of a map's layers around each driver, turned to its heading; nearest pixels.

    Args:
        raster: Shape (D, C, H, W).
        channels: Where the two layers go.
        eye: As for ``draw_boxes``.
        scale: As for ``draw_boxes``.
        ground: The layers, shape (2, height, width): rows along y, columns along x, both growing,
            at the raster's resolution.
        origin: World position of the corner of their first pixel [m].
    """
    eye_x, eye_y, eye_yaw = eye
    per_m, row0, column0 = scale
    for d in range(raster.shape[0]):
        c, s = math.cos(eye_yaw[d]), math.sin(eye_yaw[d])
        for i in range(raster.shape[2]):
            ahead = row0 - (i + 0.5)
            for j in range(raster.shape[3]):
                left = column0 - (j + 0.5)
                u = (eye_x[d] - origin[0]) * per_m + ahead * c - left * s
                v = (eye_y[d] - origin[1]) * per_m + ahead * s + left * c
                a, b = math.floor(v), math.floor(u)
                if 0 <= a < ground.shape[1] and 0 <= b < ground.shape[2]:
                    raster[d, channels[0], i, j] = ground[0, a, b]
                    raster[d, channels[1], i, j] = ground[1, a, b]


@compiled
def draw_lanes(
    layers: Raster,
    x0: float,
    y0: float,
    per_m: float,
    first: Ints,
    x: Floats,
    y: Floats,
    yaw: Floats,
    width: Floats,
    junction: Ints,
    left: Ints,
    right: Ints,
    values: tuple[int, int],
    mark_width: float,
) -> None:
    """The lanes of a map, and their edges outside junctions.

    Args:
        layers: Road and lane marks, shape (2, height, width): rows along y, columns along x.
        x0: World position of the corner of the first pixel [m].
        y0: As x0.
        per_m: Pixels per metre.
        first: ``LaneGraph.first``; so the arguments up to ``right``.
        x: As there.
        y: As there.
        yaw: As there.
        width: As there.
        junction: As there.
        left: As there.
        right: As there.
        values: Of a full pixel, and of a mark that may be crossed.
        mark_width: [m].
    """
    full, broken = values
    # Two passes over the marks: solid ones win where two lanes' edges meet.
    for value in (0, broken, full):
        for lane in range(len(first) - 1):
            for p in range(first[lane], first[lane + 1] - 1):
                half = 0.25 * (width[p] + width[p + 1])
                if value == 0:
                    _piece(layers[0], x0, y0, per_m, x, y, yaw, p, 0.0, half, full)
                elif junction[lane] < 0:
                    mark = 0.5 * mark_width
                    if (value == broken) == (left[lane] >= 0):
                        _piece(layers[1], x0, y0, per_m, x, y, yaw, p, half, mark, value)
                    if (value == broken) == (right[lane] >= 0):
                        _piece(layers[1], x0, y0, per_m, x, y, yaw, p, -half, mark, value)


@compiled
def _piece(
    layer: Raster,
    x0: float,
    y0: float,
    per_m: float,
    x: Floats,
    y: Floats,
    yaw: Floats,
    p: int,
    offset: float,
    half_width: float,
    value: int,
) -> None:
    """One stretch between two points of a line beside the centreline."""
    ax, ay = x[p] - offset * np.sin(yaw[p]), y[p] + offset * np.cos(yaw[p])
    bx = x[p + 1] - offset * np.sin(yaw[p + 1])
    by = y[p + 1] + offset * np.cos(yaw[p + 1])
    ex, ey = bx - ax, by - ay
    step = np.sqrt(ex * ex + ey * ey)
    if step < 1e-6:
        return
    row, column = (0.5 * (ay + by) - y0) * per_m, (0.5 * (ax + bx) - x0) * per_m
    # In a layer rows grow with y and columns with x: up is -y, left is -x.
    fill_box(
        layer, row, column, -ey / step, -ex / step,
        0.5 * per_m * step + 0.5, max(per_m * half_width, 0.5), value,
    )  # fmt: skip
