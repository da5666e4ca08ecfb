"""How an object stands to a driver: lead, rear, beside, oncoming, crossing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.percept import Relation
from hdsim.core.planar import nearest_point, sincos
from hdsim.core.state import Bools, Floats, Ints

# A car still counts as on the path when it overlaps the driver's corridor by its mirror [m].
CORRIDOR_MARGIN_M = 0.2
# How far beside the path a vehicle is still "beside" and not somewhere else: two lanes [m].
BESIDE_M = 7.5
_SAME_WAY = math.cos(math.radians(50.0))
_AGAINST = math.cos(math.radians(130.0))
_OTHER, _LEAD, _REAR, _BESIDE, _ONCOMING, _CROSSING = (int(r) for r in Relation)


@compiled
def relations(
    rows: Ints,
    seen: Bools,
    x: Floats,
    y: Floats,
    cos: Floats,
    sin: Floats,
    width: Floats,
    lane: Ints,
    own_width: Floats,
    path_x: Floats,
    path_y: Floats,
    path_yaw: Floats,
    path_s: Floats,
    path_lane: Ints,
    conflict_start: Ints,
    conflict_other: Ints,
) -> NDArray[np.int8]:
    """``Relation`` of each object, shape (D, K).

    Objects are placed by the nearest point of the driver's path; beyond either end they are
    measured on the tangent there.

    Args:
        rows: Actor rows, shape (D, K), -1 for an empty slot, which is ``OTHER``.
        seen: Objects in line of sight; only one of these can be the lead.
        x: Positions of all actors [m], shape (n,); as are the next five.
        y: As x.
        cos: Cosines of their headings.
        sin: Sines of them.
        width: Full widths [m].
        lane: Lane indices, -1 for none.
        own_width: The drivers' full widths [m], shape (D,).
        path_x: Points of the drivers' paths [m], shape (D, P); as are the next four.
        path_y: As path_x.
        path_yaw: [rad].
        path_s: Distance along the path [m].
        path_lane: Lane indices.
        conflict_start: Conflicts by lane, CSR, shape (L + 1,).
        conflict_other: Conflict partners.
    """
    drivers, slots = rows.shape
    relation = np.full((drivers, slots), _OTHER, np.int8)
    owner = np.full(len(conflict_start) - 1, -1, np.int64)
    for i in range(drivers):
        for p in range(path_lane.shape[1]):
            if path_lane[i, p] >= 0:
                owner[path_lane[i, p]] = i
        lead, lead_s = -1, math.inf
        for k in range(slots):
            a = rows[i, k]
            if a < 0:
                continue
            near = nearest_point(path_x[i], path_y[i], x[a], y[a])
            sn, c = sincos(path_yaw[i, near])
            dx, dy = x[a] - path_x[i, near], y[a] - path_y[i, near]
            front = path_s[i, near] + dx * c + dy * sn > 0.0
            offset = abs(dy * c - dx * sn)
            along = cos[a] * c + sin[a] * sn
            if along < _AGAINST:
                relation[i, k] = _ONCOMING
                continue
            if along <= _SAME_WAY:
                if front:
                    relation[i, k] = _CROSSING
                    continue
            elif offset < 0.5 * (width[a] + own_width[i]) + CORRIDOR_MARGIN_M:
                if not front:
                    relation[i, k] = _REAR
                    continue
                s = path_s[i, near] + dx * c + dy * sn
                if seen[i, k] and s < lead_s:
                    lead, lead_s = k, s
            elif offset < BESIDE_M:
                relation[i, k] = _BESIDE
            # Same-way vehicles on a lane that the path crosses or merges with come from the side.
            own_lane = lane[a]
            if front and own_lane >= 0 and owner[own_lane] != i:
                for n in range(conflict_start[own_lane], conflict_start[own_lane + 1]):
                    if owner[conflict_other[n]] == i:
                        relation[i, k] = _CROSSING
                        break
        if lead >= 0:
            relation[i, lead] = _LEAD
    return relation
