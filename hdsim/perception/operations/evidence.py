"""Evidence accumulation: a change of speed is registered when it has looked like one for long.

dA/dt = C (|e| + lamp - M), A >= 0, registered at A >= A0 (Markkula 2014), where e is the unexpected
part of the inverse time to collision: observed minus predicted by the speed believed in.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import compiled
from hdsim.core.draws import combined, normal
from hdsim.core.percept import Objects
from hdsim.core.state import Bools, Floats, Ints
from hdsim.perception.combine import PRODUCT, SUM, combine_all
from hdsim.perception.compile import Columns
from hdsim.perception.pairs import records
from hdsim.perception.parameters import KINDS, place
from hdsim.perception.view import Sightlines, View

Keys = NDArray[np.uint64]
_NEVER = -(1 << 30)
# What is kept of a pair of driver and actor: the speed believed in; evidence that it has changed;
# ticks for which a followed object has been steady, -1 for one that is not followed; the tick at
# which it was last in mind; the normal draw of the bound, one for each change to be registered; and
# the tick at which it drew the driver's eyes.
_BELIEVED, _EVIDENCE, _STEADY, _LAST, _EFFORT, _ALERT = range(6)
# How the columns of each parameter combine: products of gains, sums of the others.
_HOW = np.array(
    [PRODUCT if p.name.endswith("_gain") else SUM for p in KINDS["accumulate"].scaled],
    dtype=np.int64,
)
_BOUND, _GATE, _LAMP, _GAIN, _AWAY = (
    place("accumulate", name)
    for name in ("bound", "gate_per_s", "lamp_per_s", "looming_gain", "away_gain")
)
# An object whose speed is seen to change is followed until it has changed by less than this
# [m/s^2] for so long [s]; brake lamps burn beyond the deceleration given [m/s^2]; the nearest gap
# that looming is worked out for [m]. Proposals.
STEADY_MPS2, STEADY_S, LAMP_MPS2, NEAREST_M = 0.3, 1.0, 0.5, 1.0
_SAME_WAY = math.cos(math.radians(50.0))
# The wide spread of bounds is that of reactions to a leader. Those who come from elsewhere are
# looked at for whether they come: there it is that of other reactions (Taoka 1989). [P]
_OTHERS_SIGMA = 0.45


class Evidence:
    """What drivers believe of others' speeds between the moments at which they register changes.

    Args:
        driver_keys: One key per driver, shape (D,).
        actor_keys: One key per actor row, shape (n,).
        step_s: Length of a tick [s].
    """

    def __init__(self, driver_keys: Keys, actor_keys: Keys, step_s: float) -> None:
        drivers = len(driver_keys)
        self._step_s, self._drivers, self._actors = step_s, driver_keys, actor_keys
        self._pairs: Floats = records(drivers, len(actor_keys), _NEVER, np.float64)
        # Drivers who take everything as it is, because they begin or the operation does.
        self._fresh: Bools = np.ones(drivers, dtype=np.bool_)
        self._alerted: Bools = np.zeros(drivers, dtype=np.bool_)
        self._ran = _NEVER

    def alerts(self, row: Ints) -> tuple[Bools, Bools]:
        """Objects that drew their driver's eyes at the last tick, (D, K), and whose, (D,)."""
        alert, caught = _alerts(row, self._alerted, self._ran, self._pairs)
        return alert, caught

    def weigh(
        self,
        tick: int,
        view: View,
        lines: Sightlines,
        truth: Objects,
        registered: Bools,
        columns: Columns,
    ) -> tuple[Floats, bool]:
        """Replace speeds and accelerations of ``view`` by those believed.

        Args:
            tick: Number of this tick.
            view: Changed in place (new arrays): speed, accel.
            lines: Sight lines to its objects.
            truth: What there is to see.
            registered: Objects taken in at this tick, shape (D, K).
            columns: Slots of ``accumulate``.

        Returns:
            Change of speed [m/s], shape (D, K), and whether anything drew somebody's eyes.
        """
        if self._ran != tick - 1:
            self._fresh[:] = True
        self._ran = tick
        own_along, along = lines.along
        change, view.speed, view.accel, alerted = _weigh(
            tick, self._step_s, round(STEADY_S / self._step_s), view.row, view.seen, registered,
            truth.seen, view.own.speed, own_along, along, lines.gap, view.speed, view.accel,
            truth.speed, truth.accel, _parameters(lines, columns), self._fresh, self._alerted,
            columns.raw["bound_sigma"].max(axis=1), self._drivers, self._actors, self._pairs,
        )  # fmt: skip
        self._fresh[:] = False
        return change, alerted

    def forget(self, drivers: Ints, rows: Ints) -> None:
        """Begin anew for these drivers, and about these actors."""
        self._pairs[drivers] = _NEVER
        self._pairs[:, rows, _LAST] = _NEVER
        self._fresh[drivers] = True


def _parameters(lines: Sightlines, columns: Columns) -> Floats:
    """The combined parameters in the order of the kind, shape (5, D, K).

    Where no column selects objects they are the same for all of a driver's: shape (5, D, 1).
    """
    if columns.selects:
        pairs = zip(_HOW.tolist(), columns.table, strict=True)
        return np.stack([lines.combine(how, columns, values) for how, values in pairs])
    alike: Floats = combine_all(_HOW, columns.table)
    return alike


@compiled
def _alerts(row: Ints, alerted: Bools, ran: int, pairs: Floats) -> tuple[Bools, Bools]:
    """As ``Evidence.alerts``: what the ``alerted``, shape (D,), were alerted by at the tick ran."""
    alert, caught = np.zeros(row.shape, np.bool_), np.zeros(len(row), np.bool_)
    for i in range(row.shape[0]):
        for k in range(row.shape[1] if alerted[i] else 0):
            if row[i, k] >= 0 and pairs[i, row[i, k], _ALERT] == ran:
                alert[i, k] = caught[i] = True
    return alert, caught


@compiled
def _weigh(
    tick: int,
    step_s: float,
    steady_ticks: int,
    row: Ints,
    in_mind: Bools,
    registered: Bools,
    in_sight: Bools,
    own_speed: Floats,
    own_along: Floats,
    along: Floats,
    gap: Floats,
    speed: Floats,
    accel: Floats,
    true_speed: Floats,
    true_accel: Floats,
    parameters: Floats,
    fresh: Bools,
    alerted: Bools,
    sigma: Floats,
    driver_keys: Keys,
    actor_keys: Keys,
    pairs: Floats,
) -> tuple[Floats, Floats, Floats, bool]:
    """Changes, speeds and accelerations as believed, shape (D, K), and whether anybody is alert.

    ``parameters`` are those of ``_parameters``, ``sigma`` (D,) the spread of the bound. The records
    ``pairs``, shape (D, n, FIELDS), and ``alerted``, shape (D,), are brought up to date.
    """
    change = np.zeros(row.shape)
    now, rise = speed.copy(), accel.copy()
    alerted[:] = False
    bound, gate, lamp = parameters[_BOUND], parameters[_GATE], parameters[_LAMP]
    gain, away_gain = parameters[_GAIN], parameters[_AWAY]
    wide = 1 if parameters.shape[2] > 1 else 0
    for i in range(row.shape[0]):
        for k in range(row.shape[1]):
            a = row[i, k]
            if a < 0 or not in_mind[i, k]:
                continue
            pair = pairs[i, a]
            if bound[i, k * wide] <= 0.0:
                pair[_BELIEVED], pair[_STEADY], pair[_LAST] = speed[i, k], -1, tick
                pair[_EVIDENCE] = 0.0
                continue
            seen, looked = speed[i, k], registered[i, k]
            changes, strength = accel[i, k], gain[i, k * wide]
            if not looked:
                # Only what the eye could see ahead; the driver knows nothing else about it.
                if in_sight[i, k] and own_along[i, k] > 0.0:
                    seen, changes = true_speed[i, k], true_accel[i, k]
                    strength *= away_gain[i, k * wide]
                else:
                    strength = 0.0
            if pair[_LAST] < tick - 1 or fresh[i]:
                pair[_BELIEVED], pair[_EVIDENCE], pair[_STEADY] = seen, 0.0, -1
                pair[_EFFORT] = normal(combined(driver_keys[i], actor_keys[a]), tick)
                same_way = own_along[i, k] * along[i, k] > _SAME_WAY
                if same_way and looked and not fresh[i]:
                    pair[_BELIEVED] = own_speed[i] * own_along[i, k] / along[i, k]
            elif pair[_STEADY] >= 0 and looked:
                pair[_BELIEVED] = seen
                pair[_STEADY] = 0 if abs(changes) > STEADY_MPS2 else pair[_STEADY] + 1
                if pair[_STEADY] >= steady_ticks:
                    pair[_STEADY], pair[_EVIDENCE] = -1, 0.0
                    pair[_EFFORT] = normal(combined(driver_keys[i], actor_keys[a]), tick)
            elif strength > 0.0:
                pair[_STEADY] = -1
                amount = abs(pair[_BELIEVED] - seen) * abs(along[i, k]) / max(gap[i, k], NEAREST_M)
                if along[i, k] > 0.5 and own_along[i, k] > 0.0 and changes < -LAMP_MPS2:
                    amount += lamp[i, k * wide]
                pair[_EVIDENCE] += strength * (amount - gate[i, k * wide]) * step_s
                pair[_EVIDENCE] = max(pair[_EVIDENCE], 0.0)
                leads = own_along[i, k] * along[i, k] > _SAME_WAY
                spread = sigma[i] if leads else min(sigma[i], _OTHERS_SIGMA)
                if pair[_EVIDENCE] >= bound[i, k * wide] * math.exp(
                    spread * pair[_EFFORT] - 0.5 * spread * spread
                ):
                    if looked:
                        pair[_BELIEVED], pair[_STEADY], pair[_EVIDENCE] = seen, 0, 0.0
                    else:
                        pair[_ALERT], alerted[i] = tick, True
            pair[_LAST] = tick
            followed = pair[_STEADY] >= 0 and looked
            now[i, k], rise[i, k] = pair[_BELIEVED], changes if followed else 0.0
            change[i, k] = now[i, k] - speed[i, k]
    return change, now, rise, bool(alerted.any())
