"""Percepts to rasters, with a memory of the frames before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from hdsim.control.bev.draw import Raster, draw_boxes, draw_lines, draw_window
from hdsim.control.bev.ground import draw_ground
from hdsim.control.bev.layout import FULL, GREEN, RED, YELLOW, BevLayout
from hdsim.control.scene import PERSON_M
from hdsim.core.clock import DEFAULT_STEP_S
from hdsim.core.percept import Percepts
from hdsim.core.state import Bools, Floats, Ints, SignalState
from hdsim.road.lanes import LaneGraph

# A signal is drawn as a bar across the lane at its stop line, this deep [m].
_BAR_M = 1.2
# Roach draws walkers at twice their size and nothing with sides under 1.6 m
# (carla_gym/core/obs_manager/birdview/chauffeurnet.py).
_WALKERS_SCALE, _LEAST_M = 2.0, 1.6
_SHOWN = ((SignalState.GREEN, GREEN), (SignalState.YELLOW, YELLOW), (SignalState.RED, RED))


@dataclass(frozen=True, slots=True)
class _Boxes:
    """Rectangles in the world frame, shape (D, K) each; see ``draw_boxes``."""

    x: Floats
    y: Floats
    yaw: Floats
    length: Floats
    width: Floats
    drawn: Bools

    def without(self, drivers: Ints) -> _Boxes:
        """The same, with nothing drawn for some drivers."""
        drawn = self.drawn.copy()
        drawn[drivers] = False
        return _Boxes(self.x, self.y, self.yaw, self.length, self.width, drawn)


@dataclass(frozen=True, slots=True)
class _Frame:
    vehicles: _Boxes
    walkers: _Boxes
    signals: tuple[tuple[int, _Boxes], ...]


class BevRenderer:
    """Renders what drivers believe, as a policy trained on bird's-eye views expects it.

    Objects are drawn where and as large as the driver believes them to be, people twice as large
    and nothing smaller than 1.6 m, for each age where it believed them then; the signal as a bar
    in the colour that it believes; the road is the true one, its route the one that the driver
    follows.

    Args:
        graph: The lane graph.
        layout: Geometry and channels.
        step_s: Time between frames [s].
    """

    def __init__(
        self, graph: LaneGraph, layout: BevLayout | None = None, step_s: float = DEFAULT_STEP_S
    ) -> None:
        self.layout = layout or BevLayout()
        self._ground = draw_ground(graph, self.layout.pixels_per_m)
        self._ages = [round(age / step_s) for age in self.layout.history_s]
        self._frames: deque[_Frame] = deque(maxlen=max(self._ages) + 1)

    def render(self, percepts: Percepts) -> Raster:
        """The rasters of one frame, uint8 of shape (D, C, H, W); call it once per frame.

        Frames from before the first count as equal to it.
        """
        self._frames.append(_Frame(*_objects(percepts), _signals(percepts)))
        own, paths, layout = percepts.own, percepts.paths, self.layout
        eye = own.x, own.y, own.yaw
        scale = layout.pixels_per_m, float(layout.pixels - layout.pixels_behind), layout.pixels / 2
        raster = np.zeros(
            (len(own.x), len(layout.channels), layout.pixels, layout.pixels), dtype=np.uint8
        )
        draw_window(raster, (0, 2), eye, scale, self._ground.layers, self._ground.origin)
        draw_lines(
            raster, 1, FULL, eye, scale, paths.x, paths.y, paths.s,
            layout.route_m, layout.route_width_m,
        )  # fmt: skip
        for i, age in enumerate(self._ages):
            frame = self._frames[max(len(self._frames) - 1 - age, 0)]
            _draw(raster, layout.first("vehicles") + i, FULL, eye, scale, frame.vehicles)
            _draw(raster, layout.first("walkers") + i, FULL, eye, scale, frame.walkers)
            for value, bars in frame.signals:
                _draw(raster, layout.first("signals") + i, value, eye, scale, bars)
        return raster

    def begin_anew(self, drivers: Ints) -> None:
        """Forgets the earlier frames of drivers (indices) who have been put elsewhere."""
        for i, frame in enumerate(self._frames):
            self._frames[i] = _Frame(
                frame.vehicles.without(drivers),
                frame.walkers.without(drivers),
                tuple((value, bars.without(drivers)) for value, bars in frame.signals),
            )


def _draw(
    raster: Raster,
    channel: int,
    value: int,
    eye: tuple[Floats, Floats, Floats],
    scale: tuple[float, float, float],
    boxes: _Boxes,
) -> None:
    b = boxes
    draw_boxes(
        raster, channel, value, eye, scale, b.x, b.y, b.yaw, b.length, b.width, b.drawn
    )  # fmt: skip


def _objects(percepts: Percepts) -> tuple[_Boxes, _Boxes]:
    """Vehicles and people on foot."""
    o = percepts.objects
    on_foot = np.maximum(o.length, o.width) <= PERSON_M

    def boxes(which: Bools, scale: float) -> _Boxes:
        length, width = (np.maximum(scale * size, _LEAST_M) for size in (o.length, o.width))
        return _Boxes(o.x.copy(), o.y.copy(), o.yaw.copy(), length, width, o.seen & which)

    return boxes(~on_foot, 1.0), boxes(on_foot, _WALKERS_SCALE)


def _signals(percepts: Percepts) -> tuple[tuple[int, _Boxes], ...]:
    """Bars at the stop lines ahead, by value."""
    signal, paths, own = percepts.signal, percepts.paths, percepts.own
    there = (signal.index >= 0) & np.isfinite(signal.distance)
    # The stop line lies that far ahead of the front bumper.
    wanted = np.where(there, signal.distance, 0.0) + 0.5 * own.length
    at = np.argmin(np.abs(paths.s - wanted[:, None]), axis=1)
    rows = np.arange(len(at))
    x, y, yaw, width = (
        a[rows, at][:, None] for a in (paths.x, paths.y, paths.yaw, paths.width)
    )  # fmt: skip
    deep = np.full(width.shape, _BAR_M)
    return tuple(
        (value, _Boxes(x, y, yaw, deep, width, (there & (signal.state == state))[:, None]))
        for state, value in _SHOWN
    )
