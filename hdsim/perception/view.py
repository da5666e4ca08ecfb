"""The scene as it passes through the operations: arrays over (drivers, objects)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.percept import Objects, OwnState
from hdsim.core.planar import sincos
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.combine import Noise, combine, combine_all
from hdsim.perception.compile import Columns
from hdsim.road.lanes import LaneGraph

# Displacements follow the lane where it runs along the sight line, and the sight line where it
# runs across; between these cosines they pass from one to the other.
_ACROSS, _ALONG = 0.5, 0.8
_NEAREST_M = 1e-3
_NO_NOISE, _NO_CHANNELS = np.zeros((0, 0, 0)), np.full(256, -1)
_HOW = np.arange(3)


@compiled
def share_along(cos: float) -> float:
    """Share of what runs along the sight line, 0 to 1, by the cosine to it."""
    return min(max((abs(cos) - _ACROSS) / (_ALONG - _ACROSS), 0.0), 1.0)


@dataclass(slots=True)
class View:
    """What the operations read: the registered objects before any distortion.

    Attributes:
        own: The driver's true own state.
        row: Actor row, -1 for an empty slot, shape (D, K); as are the rest.
        seen: Registered objects.
        relation: ``Relation``.
        x: Position [m].
        y: As x.
        yaw: Heading [rad].
        speed: [m/s].
        accel: [m/s^2].
        length: [m].
        width: [m].
        lane: Lane index, -1 for none.
        s: Distance along that lane [m].
        d: Offset from it [m].
    """

    own: OwnState
    row: Ints
    seen: Bools
    relation: NDArray[np.int8]
    x: Floats
    y: Floats
    yaw: Floats
    speed: Floats
    accel: Floats
    length: Floats
    width: Floats
    lane: Ints
    s: Floats
    d: Floats

    def copy(self) -> View:
        """Another view of the same arrays."""
        return View(
            self.own, self.row, self.seen, self.relation, self.x, self.y, self.yaw, self.speed,
            self.accel, self.length, self.width, self.lane, self.s, self.d,
        )  # fmt: skip

    @classmethod
    def of(cls, own: OwnState, o: Objects) -> View:
        """A view of everything in sight."""
        return cls(
            own=own,
            row=o.row,
            seen=o.seen,
            relation=o.relation,
            x=o.x,
            y=o.y,
            yaw=o.yaw,
            speed=o.speed,
            accel=o.accel,
            length=o.length,
            width=o.width,
            lane=o.lane,
            s=o.s,
            d=o.d,
        )

    def objects(self) -> Objects:
        """The view as objects of a percept."""
        return Objects(
            row=self.row,
            seen=self.seen,
            relation=self.relation,
            x=self.x,
            y=self.y,
            yaw=self.yaw,
            speed=self.speed,
            accel=self.accel,
            length=self.length,
            width=self.width,
            lane=self.lane,
            s=self.s,
            d=self.d,
        )


class Sightlines:
    """Directions and distances from each driver to each object, worked out when first asked for.

    What the objects' headings enter into is worked out only for those that the view has as seen at
    that time.

    Attributes:
        range: Centre to centre [m], shape (D, K).
        ux: Unit vector towards the object, world axes.
        uy: As ux.
        own_yaw: The drivers' headings [rad], shape (D,).
    """

    def __init__(self, view: View, graph: LaneGraph) -> None:
        self._view, self._graph = view, graph
        own = view.own
        self.own_yaw = own.yaw
        self.range: Floats
        self.ux: Floats
        self.uy: Floats
        self.range, self.ux, self.uy = _towards(own.x, own.y, view.x, view.y)
        self._tangent: Floats | None = None
        self._gap: Floats | None = None
        self._along: tuple[Floats, Floats] | None = None

    def combine(
        self,
        how: int,
        columns: Columns,
        value: str | Floats,
        sd: str | None = None,
        noise: Noise | None = None,
    ) -> Floats:
        """A parameter by object, all columns that select it taken together, shape (D, K).

        Args:
            how: ``PRODUCT``, ``SUM`` or ``LEAST``.
            columns: Slots of the operation.
            value: Name of the parameter, or values of shape (D, M).
            sd: Name of the parameter that scales the noise, if there is any.
            noise: That noise.
        """
        v, c = self._view, columns
        values = c.value[value] if isinstance(value, str) else value
        if sd is None or noise is None:
            scale, unit, channel = values, _NO_NOISE, _NO_CHANNELS[: c.count]
        else:
            scale, unit, channel = c.value[sd], noise.unit, noise.channel
        combined: Floats = combine(
            how, values, scale, unit, channel, c.relation, c.near, c.far, c.right, c.left,
            c.selects_sector, v.relation, self.range, self.ux, self.uy, v.own.yaw, v.seen,
        )  # fmt: skip
        return combined

    def combine_seen(self, how: int, columns: Columns, values: Floats) -> Floats:
        """As ``combine`` without noise, for what is asked of seen objects only.

        Shape (D, 1), the same for all of a driver's objects, where no column selects any.

        Args:
            how: ``PRODUCT``, ``SUM`` or ``LEAST``.
            columns: Slots of the operation.
            values: Shape (D, M).
        """
        if columns.selects:
            return self.combine(how, columns, values)
        combined: Floats = combine_all(_HOW[how : how + 1], values[None])[0]
        return combined

    @property
    def along(self) -> tuple[Floats, Floats]:
        """Cosines of the driver's and of the object's heading to the sight line, (D, K) each."""
        if self._along is None:
            self._face()
            assert self._along is not None
        return self._along

    @property
    def gap(self) -> Floats:
        """Hull to hull along the sight line [m], >= 0, shape (D, K)."""
        if self._gap is None:
            self._face()
            assert self._gap is not None
        return self._gap

    def _face(self) -> None:
        v, own = self._view, self._view.own
        own_along, along, self._gap = _facing(
            v.seen, self.range, self.ux, self.uy, own.yaw, own.length, own.width,
            v.yaw, v.length, v.width,
        )  # fmt: skip
        self._along = own_along, along

    @property
    def tangent(self) -> Floats:
        """Lane direction (x, y), its cosine to the sight line and the lane's share, (4, D, K).

        Off the network the object's heading stands for the lane's. The share is how far a
        displacement follows the lane (1) rather than the sight line (0).
        """
        if self._tangent is None:
            v, graph = self._view, self._graph
            self._tangent = _tangent(
                v.seen, self.ux, self.uy, v.yaw, v.lane, v.s, graph.length, graph.first, graph.yaw
            )
        assert self._tangent is not None
        return self._tangent


@compiled
def _towards(own_x: Floats, own_y: Floats, x: Floats, y: Floats) -> Floats:
    """Range and unit vector from drivers, shape (D,), to objects, shape (D, K); (3, D, K)."""
    out = np.empty((3, *x.shape))
    r, ux, uy = out[0], out[1], out[2]
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            dx, dy = x[i, k] - own_x[i], y[i, k] - own_y[i]
            r[i, k] = max(math.sqrt(dx * dx + dy * dy), _NEAREST_M)
            ux[i, k], uy[i, k] = dx / r[i, k], dy / r[i, k]
    return out


@compiled
def _facing(
    seen: Bools,
    r: Floats,
    ux: Floats,
    uy: Floats,
    own_yaw: Floats,
    own_length: Floats,
    own_width: Floats,
    yaw: Floats,
    length: Floats,
    width: Floats,
) -> Floats:
    """Cosines of both headings to the sight lines, and the gap between the hulls [m], (3, D, K)."""
    out = np.zeros((3, *r.shape))
    own_along, along, gap = out[0], out[1], out[2]
    for i in range(r.shape[0]):
        s, c = sincos(own_yaw[i])
        for k in range(r.shape[1]):
            if not seen[i, k]:
                continue
            os, oc = sincos(yaw[i, k])
            own_along[i, k] = c * ux[i, k] + s * uy[i, k]
            along[i, k] = oc * ux[i, k] + os * uy[i, k]
            near = _exit(own_along[i, k], uy[i, k] * c - ux[i, k] * s, own_length[i], own_width[i])
            far = _exit(along[i, k], uy[i, k] * oc - ux[i, k] * os, length[i, k], width[i, k])
            gap[i, k] = max(r[i, k] - near - far, 0.0)
    return out


@compiled
def _exit(cos: float, sin: float, length: float, width: float) -> float:
    """Distance from a box's centre to its hull along a direction [m], at an angle to its axis."""
    return 0.5 * min(length / max(abs(cos), 1e-9), width / max(abs(sin), 1e-9))


@compiled
def _tangent(
    seen: Bools,
    ux: Floats,
    uy: Floats,
    yaw: Floats,
    lane: Ints,
    s: Floats,
    lane_length: Floats,
    lane_first: Ints,
    point_yaw: Floats,
) -> Floats:
    """As ``Sightlines.tangent``, (4, D, K); the lane's heading is that of its nearest point."""
    out = np.zeros((4, *ux.shape))
    tx, ty, cos, share = out[0], out[1], out[2], out[3]
    for i in range(ux.shape[0]):
        for k in range(ux.shape[1]):
            if not seen[i, k]:
                continue
            heading, on = yaw[i, k], lane[i, k]
            if on >= 0:
                first, last = lane_first[on], lane_first[on + 1] - 1
                near = first + int(np.rint(s[i, k] / lane_length[on] * (last - first)))
                heading = point_yaw[min(max(near, first), last)]
            ty[i, k], tx[i, k] = sincos(heading)
            cos[i, k] = tx[i, k] * ux[i, k] + ty[i, k] * uy[i, k]
            if on >= 0:
                share[i, k] = share_along(cos[i, k])
    return out
