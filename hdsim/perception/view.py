"""The scene as it passes through the operations: arrays over (drivers, objects)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsim.core.percept import Objects, OwnState
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.compile import Columns
from hdsim.road.lanes import LaneGraph

# Displacements follow the lane where it runs along the sight line, and the sight line where it
# runs across; between these cosines they pass from one to the other.
_ACROSS, _ALONG = 0.5, 0.8


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

    Attributes:
        range: Centre to centre [m], shape (D, K).
        ux: Unit vector towards the object, world axes.
        uy: As ux.
    """

    def __init__(self, view: View, graph: LaneGraph) -> None:
        self._view, self._graph = view, graph
        dx, dy = view.x - view.own.x[:, None], view.y - view.own.y[:, None]
        self.range: Floats = np.maximum(np.sqrt(dx * dx + dy * dy), 1e-3)
        self.ux: Floats = dx / self.range
        self.uy: Floats = dy / self.range
        self._tangent: tuple[Floats, Floats, Floats, Floats] | None = None
        self._gap: Floats | None = None
        self._along: tuple[Floats, Floats] | None = None
        self._across: tuple[Floats, Floats] | None = None

    def select(self, columns: Columns, m: int) -> Bools | None:
        """Objects that column ``m`` touches, shape (D, K); None for all."""
        chosen: Bools | None = None
        if columns.by_relation[m]:
            wanted = columns.relation[:, m, None]
            chosen = (wanted < 0) | (self._view.relation == wanted)
        if columns.by_range[m]:
            near, far = columns.near[:, m, None], columns.far[:, m, None]
            inside = (self.range >= near) & (self.range <= far)
            chosen = inside if chosen is None else chosen & inside
        if columns.by_sector[m]:
            yaw = self._view.own.yaw[:, None]
            c, s = np.cos(yaw), np.sin(yaw)
            bearing = np.arctan2(self.uy * c - self.ux * s, self.ux * c + self.uy * s)
            inside = (bearing >= columns.right[:, m, None]) & (bearing <= columns.left[:, m, None])
            chosen = inside if chosen is None else chosen & inside
        return chosen

    @property
    def along(self) -> tuple[Floats, Floats]:
        """Cosines of the driver's and of the object's heading to the sight line, (D, K) each."""
        if self._along is None:
            ux, uy = self.ux, self.uy
            own_yaw, yaw = self._view.own.yaw[:, None], self._view.yaw
            c, s, oc, os = np.cos(own_yaw), np.sin(own_yaw), np.cos(yaw), np.sin(yaw)
            self._along = c * ux + s * uy, oc * ux + os * uy
            self._across = uy * c - ux * s, uy * oc - ux * os
        return self._along

    @property
    def gap(self) -> Floats:
        """Hull to hull along the sight line [m], >= 0, shape (D, K)."""
        if self._gap is None:
            v, (own_along, along) = self._view, self.along
            assert self._across is not None
            own = _exit(own_along, self._across[0], v.own.length[:, None], v.own.width[:, None])
            other = _exit(along, self._across[1], v.length, v.width)
            self._gap = np.maximum(self.range - own - other, 0.0)
        return self._gap

    @property
    def tangent(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Lane directions ``(tx, ty)``, their cosine to the sight line, and the lane's share.

        Off the network the object's heading stands for the lane's. The share is how far a
        displacement follows the lane (1) rather than the sight line (0).
        """
        if self._tangent is None:
            yaw = lane_heading(self._graph, self._view.lane, self._view.s, self._view.yaw)
            tx, ty = np.cos(yaw), np.sin(yaw)
            cos = tx * self.ux + ty * self.uy
            self._tangent = tx, ty, cos, share_along(cos) * (self._view.lane >= 0)
        return self._tangent


def share_along(cos: Floats) -> Floats:
    """Share of what runs along the sight line, 0 to 1, by the cosine to it."""
    share = (np.abs(cos) - _ACROSS) / (_ALONG - _ACROSS)
    return np.minimum(np.maximum(share, 0.0), 1.0)


def lane_heading(graph: LaneGraph, lane: Ints, s: Floats, otherwise: Floats) -> Floats:
    """Heading of lanes at the nearest centreline point; ``otherwise`` where lane is -1."""
    on = lane >= 0
    if not on.all():
        lane = np.where(on, lane, 0)
    first, last = graph.first[lane], graph.first[lane + 1] - 1
    k = first + np.rint(s / graph.length[lane] * (last - first)).astype(np.int64)
    yaw = graph.yaw[np.minimum(np.maximum(k, first), last)]
    return yaw if on.all() else np.where(on, yaw, otherwise)


def _exit(cos: Floats, sin: Floats, length: Floats, width: Floats) -> Floats:
    """Distance from a box's centre to its hull along a direction [m], at an angle to its axis."""
    along, across = np.maximum(np.abs(cos), 1e-9), np.maximum(np.abs(sin), 1e-9)
    return 0.5 * np.minimum(length / along, width / across)
