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
    def gap(self) -> Floats:
        """Hull to hull along the sight line [m], >= 0, shape (D, K)."""
        if self._gap is None:
            v = self._view
            own = _exit(self.ux, self.uy, v.own.yaw[:, None], v.own.length, v.own.width)
            other = _exit(self.ux, self.uy, v.yaw, v.length, v.width)
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
            share = np.clip((np.abs(cos) - _ACROSS) / (_ALONG - _ACROSS), 0.0, 1.0)
            self._tangent = tx, ty, cos, share * (self._view.lane >= 0)
        return self._tangent


def lane_heading(graph: LaneGraph, lane: Ints, s: Floats, otherwise: Floats) -> Floats:
    """Heading of lanes at the nearest centreline point; ``otherwise`` where lane is -1."""
    first, n = graph.first[lane], graph.first[lane + 1] - graph.first[lane]
    k = first + np.rint(s / graph.length[lane] * (n - 1)).astype(np.int64)
    on = lane >= 0
    yaw = graph.yaw[np.where(on, np.clip(k, first, first + n - 1), 0)]
    return np.where(on, yaw, otherwise)


def _exit(ux: Floats, uy: Floats, yaw: Floats, length: Floats, width: Floats) -> Floats:
    """Distance from a box's centre to its hull along a direction [m]."""
    if length.ndim == 1:
        length, width = length[:, None], width[:, None]
    c, s = np.cos(yaw), np.sin(yaw)
    along, across = np.abs(ux * c + uy * s), np.abs(uy * c - ux * s)
    return 0.5 * np.minimum(length / np.maximum(along, 1e-9), width / np.maximum(across, 1e-9))
