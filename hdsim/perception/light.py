"""Weather and light: how far a vehicle can be told from what is behind it.

By day its contrast fades with the way through the air, C = C0 exp(-3 r / V) (Koschmieder; V is the
meteorological visibility, at which 5 % are left), and is seen above 0.05 (1 + (a0 / a)^2), a being
its angular size (5 %: WMO's definition of V; the form for small objects: Ricco's law). In the dark
only what lies in the driver's own headlights has contrast. A lamp is seen where its illuminance
I / r^2 exp(-3 r / V) (Allard's law) exceeds a threshold. C0, a0, the reach of headlights, the share
that rain takes and the thresholds of lamps are proposals.
"""

from __future__ import annotations

import math

import numpy as np

from hdsim.core.compiled import compiled
from hdsim.core.percept import Ambient
from hdsim.core.state import Bools, Floats, Ints

CONTRAST, LEAST_CONTRAST = 0.5, 0.05
SMALL_RAD = math.radians(5.0 / 60.0)
# Reach of sight onto unlit things in full darkness, with own headlights (within a sector to either
# side of the heading) and without them [m, rad].
LIT_M, BEAM_RAD, UNLIT_M = 60.0, math.radians(30.0), 15.0
# Share of every reach that the heaviest rain takes.
RAIN_SHARE = 0.5
# Luminous intensity of lamps: rear (ECE R7 asks for 4 cd or more) and front (dipped beam) [cd].
REAR_CD, FRONT_CD = 5.0, 400.0
# Least illuminance at which a lamp is noticed by day and by night [lx].
DAY_LX, NIGHT_LX = 1e-3, 1e-5
_RANGE_M = 150.0


def discernible(
    ambient: Ambient,
    rows: Ints,
    eye_x: Floats,
    eye_y: Floats,
    eye_cos: Floats,
    eye_sin: Floats,
    x: Floats,
    y: Floats,
    cos: Floats,
    sin: Floats,
    length: Floats,
    width: Floats,
) -> Bools:
    """Which objects weather and light let through, shape (D, C).

    Args:
        ambient: Weather and light.
        rows: Actor rows, -1 for none, shape (D, C).
        eye_x: Positions of the drivers [m], shape (D,); as are the next three.
        eye_y: As eye_x.
        eye_cos: Cosines of their headings.
        eye_sin: Sines of them.
        x: Positions of all actors [m], shape (n,); as are the rest.
        y: As x.
        cos: Cosines of their headings.
        sin: Sines of them.
        length: Full length [m].
        width: Full width [m].
    """
    return _discernible(
        ambient.visibility_m, ambient.darkness, ambient.rain, ambient.headlights, rows, eye_x,
        eye_y, eye_cos, eye_sin, x, y, cos, sin, length, width,
    )  # fmt: skip


@compiled
def _discernible(
    visibility: float,
    darkness: float,
    rain: float,
    headlights: bool,
    rows: Ints,
    eye_x: Floats,
    eye_y: Floats,
    eye_cos: Floats,
    eye_sin: Floats,
    x: Floats,
    y: Floats,
    cos: Floats,
    sin: Floats,
    length: Floats,
    width: Floats,
) -> Bools:
    seen = np.zeros(rows.shape, np.bool_)
    clear = 1.0 - RAIN_SHARE * rain
    least_lux = DAY_LX * (NIGHT_LX / DAY_LX) ** darkness
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            a = rows[i, j]
            if a < 0:
                continue
            dx, dy = x[a] - eye_x[i], y[a] - eye_y[i]
            r = max(math.sqrt(dx * dx + dy * dy), 1.0)
            ux, uy = dx / r, dy / r
            through = math.exp(-3.0 * r / visibility)
            along, across = cos[a] * ux + sin[a] * uy, sin[a] * ux - cos[a] * uy
            angle = (width[a] * abs(along) + length[a] * abs(across)) / r
            ahead = eye_cos[i] * ux + eye_sin[i] * uy > math.cos(BEAM_RAD)
            in_the_dark = LIT_M if headlights and ahead else UNLIT_M
            reach = clear * (_RANGE_M + darkness * (in_the_dark - _RANGE_M))
            small = SMALL_RAD / angle
            if r <= reach and CONTRAST * through >= LEAST_CONTRAST * (1.0 + small * small):
                seen[i, j] = True
            elif headlights and r <= clear * _RANGE_M:
                candela = REAR_CD * along if along > 0.0 else -FRONT_CD * along
                seen[i, j] = candela / (r * r) * through >= least_lux
    return seen
