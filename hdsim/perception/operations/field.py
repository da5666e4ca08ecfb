"""What gaze takes in: directly, in a mirror, or by chance from the corner of the eye.

Angles are bearings from the driver's heading, left positive. All of them describe a left-hand-drive
car and are proposals: no published table of gaze directions and mirror sectors was at hand.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.draws import combined, uniform
from hdsim.core.planar import sincos
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.operations.gaze import INSIDE, LEFT, RIGHT
from hdsim.perception.pairs import records

Keys = NDArray[np.uint64]
Sides = NDArray[np.int8]


def _radians(*degrees: float) -> Floats:
    return np.asarray(np.radians(np.array(degrees)), dtype=np.float64)


# Direction of gaze by area; that of `inside` lies below the road and does not count.
GAZE = _radians(0.0, -35.0, 50.0, -60.0, 60.0, -60.0, 0.0)
# Sectors that the mirrors show (inner, left, right): from and to, left positive, without sign of
# the turn behind the car. Between them and the edge of direct sight lie the blind spots.
MIRROR_FROM = _radians(160.0, 150.0, -180.0)
MIRROR_TO = _radians(200.0, 180.0, -150.0)
# Where a look over the shoulder goes, on the side that the driver means to move to.
SHOULDER = math.radians(110.0)
# Farthest off the gaze that anything is seen at all.
LIMIT = math.radians(100.0)
# What is kept of a pair of driver and actor: the chance so far of being noticed, the tick since
# which it runs, -1 for none, how much it takes, and the tick until which the object is attended to.
_CHANCE, _SINCE, _BOUND, _UNTIL = range(4)
# Cosines that differ by more than this differ whatever their rounding.
_CLEARLY = 1e-9
# An object noticed from the corner of the eye is attended to for so long [s].
GLIMPSE_S = 1.0


class Field:
    """What of the visible each driver's gaze takes in; remembers the chances taken.

    Args:
        driver_keys: One key per driver.
        actor_keys: One key per actor row.
        step_s: Length of a tick [s].
    """

    def __init__(self, driver_keys: Keys, actor_keys: Keys, step_s: float) -> None:
        self._drivers, self._actors, self._step_s = driver_keys, actor_keys, step_s
        self._pairs: Floats = records(len(driver_keys), len(actor_keys), -1.0, np.float64)

    def taken_in(
        self,
        tick: int,
        row: Ints,
        seen: Bools,
        ux: Floats,
        uy: Floats,
        yaw: Floats,
        area: Ints,
        scans: Bools,
        side: Sides,
        radius_deg: Floats,
        edge_rate: Floats,
        falloff_deg: Floats,
        all_taken: Bools,
    ) -> Bools:
        """Objects that the driver's gaze takes in at this tick, shape (D, K).

        Args:
            tick: Number of this tick.
            row: Actor rows, shape (D, K).
            seen: In line of sight.
            ux: Unit vectors towards them.
            uy: As ux.
            yaw: Own headings [rad], shape (D,).
            area: Where the drivers look; as is the rest, shape (D,).
            scans: Drivers whose gaze counts; the others look ahead and into all mirrors.
            side: Side that they mean to move to.
            radius_deg: Radius of the useful field [deg], shape (D, K), or (D, 1) for all alike.
            edge_rate: Rate of noticing at its edge [1/s], the greatest counts, shape (D, M).
            falloff_deg: Angle over which that falls by e [deg], the least counts, shape (D, M).
            all_taken: Drivers who take in everything all the same, shape (D,).
        """
        taken: Bools = _taken_in(
            tick, self._step_s, self._drivers, self._actors, row, seen, ux, uy, yaw, area, scans,
            side, radius_deg, edge_rate, falloff_deg, all_taken, GAZE, MIRROR_FROM, MIRROR_TO,
            SHOULDER, LIMIT, round(GLIMPSE_S / self._step_s), self._pairs,
        )  # fmt: skip
        return taken

    def forget(self, drivers: Ints, rows: Ints) -> None:
        """Begin anew for these drivers, and about these actors."""
        for at in ((drivers, slice(None)), (slice(None), rows)):
            self._pairs[at] = -1.0


@compiled
def _taken_in(
    tick: int,
    step_s: float,
    driver_keys: Keys,
    actor_keys: Keys,
    row: Ints,
    seen: Bools,
    ux: Floats,
    uy: Floats,
    yaw: Floats,
    area: Ints,
    scans: Bools,
    side: Sides,
    radius_deg: Floats,
    edge_rate: Floats,
    falloff_deg: Floats,
    all_taken: Bools,
    gaze: Floats,
    mirror_from: Floats,
    mirror_to: Floats,
    shoulder: float,
    limit: float,
    glimpse: int,
    pairs: Floats,
) -> Bools:
    """As ``Field.taken_in``; the records ``pairs``, shape (D, n, FIELDS), are kept."""
    taken = np.zeros(row.shape, np.bool_)
    inner, inner_cos = math.nan, math.nan
    varies = int(radius_deg.shape[1] > 1)
    for i in range(row.shape[0]):
        c, s, at = math.cos(yaw[i]), math.sin(yaw[i]), area[i]
        look = gaze[at] if scans[i] else 0.0
        look_sin, look_cos = sincos(yaw[i] + look)
        rate, falloff = 0.0, math.inf
        for m in range(edge_rate.shape[1]):
            rate, falloff = max(rate, edge_rate[i, m]), min(falloff, falloff_deg[i, m])
        looks_behind = (at == LEFT and side[i] > 0) or (at == RIGHT and side[i] < 0)
        for k in range(row.shape[1]):
            a = row[i, k]
            if a < 0 or not seen[i, k] or (scans[i] and at == INSIDE):
                continue
            pair = pairs[i, a]
            radius = math.radians(min(radius_deg[i, k * varies], 180.0))
            # Most of what is taken in lies well within the field: that needs no angle.
            if min(radius, limit) != inner:
                inner = min(radius, limit)
                inner_cos = math.cos(inner) + _CLEARLY
            if ux[i, k] * look_cos + uy[i, k] * look_sin > inner_cos:
                taken[i, k] = True
                pair[_SINCE] = -1
                continue
            bearing = math.atan2(uy[i, k] * c - ux[i, k] * s, ux[i, k] * c + uy[i, k] * s)
            off = math.inf
            direct = _turn(bearing, look)
            if direct <= limit:
                off = direct
            if not scans[i]:
                off = direct if direct <= limit else 0.0
            else:
                for n in range(3):
                    inside = mirror_from[n] <= bearing <= mirror_to[n] or (
                        n == 0 and mirror_from[n] <= bearing + 2.0 * math.pi <= mirror_to[n]
                    )
                    if inside:
                        off = min(off, 0.0 if at == n + 1 else _turn(gaze[n + 1], gaze[at]))
                if looks_behind:
                    off = min(off, _turn(bearing, shoulder if at == LEFT else -shoulder))
            if off <= radius:
                taken[i, k] = True
                pair[_SINCE] = -1
                continue
            if tick < pair[_UNTIL]:
                taken[i, k] = True
                continue
            if off == math.inf or rate <= 0.0:
                continue
            if pair[_SINCE] < 0:
                draw = uniform(combined(driver_keys[i], actor_keys[a]), tick)
                pair[_SINCE], pair[_CHANCE], pair[_BOUND] = tick, 0.0, -math.log(draw)
            beyond = math.degrees(off - radius) / falloff
            pair[_CHANCE] += rate * math.exp(-beyond) * step_s
            if pair[_CHANCE] >= pair[_BOUND]:
                taken[i, k] = True
                pair[_SINCE], pair[_UNTIL] = -1, tick + glimpse
        if all_taken[i]:
            taken[i, :] = True
    return taken


@compiled
def narrowed(radius_deg: Floats, scans: Bools, area: Ints, gaze: Floats) -> tuple[Bools, Bools]:
    """Whose gaze does not take in everything, and who does not even see ahead, shape (D,) each.

    Args:
        radius_deg: Radius of the useful field [deg], the least counts, shape (D, M).
        scans: Drivers whose gaze counts, shape (D,).
        area: Where the drivers look, shape (D,).
        gaze: ``GAZE``.
    """
    limited, blind = np.empty(len(scans), np.bool_), np.empty(len(scans), np.bool_)
    for i in range(len(scans)):
        radius = 180.0
        for m in range(radius_deg.shape[1]):
            radius = min(radius, radius_deg[i, m])
        limited[i] = scans[i] or radius < 180.0
        blind[i] = scans[i] and abs(gaze[area[i]]) > math.radians(radius)
    return limited, blind


@compiled
def _turn(a: float, b: float) -> float:
    """Size of the angle between two directions within (-pi, pi] [rad], 0 to pi."""
    angle = abs(a - b)
    return angle if angle <= math.pi else 2.0 * math.pi - angle
