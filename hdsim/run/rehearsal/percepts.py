"""What recorded scenes look like to a driver: whether the percepts stay physical.

The limits are [P]: far outside what the presets and the worked examples come to (gaps at 0.86 to
1.2 of the truth in the median, at 0.6 to 1.7 at the extremes; 96 % of leaders noticed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hdsim.control.router import Router
from hdsim.core.percept import Objects, Observation, Percepts, Relation
from hdsim.core.state import Bools, Floats, SignalState
from hdsim.perception.catalogue import PerceptionProgram
from hdsim.perception.observe import Observer
from hdsim.perception.perceive import Perceiver
from hdsim.run.rehearsal.scenes import Scenes

# Before this no delay or memory has settled [s].
SETTLE_S = 1.0
# Nearer than this ratios of distances say little [m].
_NEAR_M = 5.0
# Leaders and lights that every driver has to notice [m].
_LEAD_M, _LIGHT_M = 40.0, 50.0
MEDIAN_RATIO = (0.45, 2.2)
ANY_RATIO = (0.2, 5.0)
MIN_LEADS_NOTICED = 0.2
MAX_RED_LOST = 0.8
MAX_SPEED_MPS = 100.0


@dataclass(slots=True)
class Seen:
    """What drivers made of scenes, summed over drivers and ticks.

    Attributes:
        unphysical: Values that are not finite, or speeds above ``MAX_SPEED_MPS``.
        ratios: Believed over true gap of leaders that are noticed.
        leads: Leaders in sight within 40 m.
        noticed: Of them, those that are noticed.
        reds: Red lights in sight within 50 m.
        lost: Of them, those that are not taken for red or yellow.
    """

    unphysical: int = 0
    ratios: list[Floats] = field(default_factory=list)
    leads: int = 0
    noticed: int = 0
    reds: int = 0
    lost: int = 0

    @property
    def ratio(self) -> Floats:
        """Least, median and greatest of the ratios, shape (3,); NaN where nothing was noticed."""
        found = np.concatenate([*self.ratios, np.empty(0)])
        return np.percentile(found, [0.0, 50.0, 100.0]) if found.size else np.full(3, np.nan)

    @property
    def noticed_share(self) -> float:
        """Of the leaders; NaN without any."""
        return self.noticed / self.leads if self.leads else float("nan")

    @property
    def lost_share(self) -> float:
        """Of the red lights; NaN without any."""
        return self.lost / self.reds if self.reds else float("nan")

    def problems(self) -> list[str]:
        """Every limit that is broken."""
        found = []
        if self.unphysical:
            found.append(f"{self.unphysical} percepts are no physical values")
        least, median, most = self.ratio
        if not np.isnan(median):
            if not MEDIAN_RATIO[0] <= median <= MEDIAN_RATIO[1]:
                found.append(
                    f"leaders seem to be at {median:.2f} of their gap in the median, "
                    f"expected {MEDIAN_RATIO[0]:g} to {MEDIAN_RATIO[1]:g}"
                )
            if least < ANY_RATIO[0] or most > ANY_RATIO[1]:
                found.append(
                    f"leaders seem to be at {least:.2f} to {most:.2f} of their gap, "
                    f"expected {ANY_RATIO[0]:g} to {ANY_RATIO[1]:g}"
                )
        if self.noticed_share < MIN_LEADS_NOTICED:
            found.append(
                f"{self.noticed_share:.0%} of the leaders within {_LEAD_M:g} m are noticed, "
                f"expected at least {MIN_LEADS_NOTICED:.0%}"
            )
        if self.lost_share > MAX_RED_LOST:
            found.append(
                f"{self.lost_share:.0%} of the red lights within {_LIGHT_M:g} m are not seen red, "
                f"expected at most {MAX_RED_LOST:.0%}"
            )
        return found

    def add(self, obs: Observation, percepts: Percepts, present: Bools) -> None:
        """Counts one tick of the drivers who are there, shape (D,)."""
        true, believed = obs.objects, percepts.objects
        shown = believed.seen & present[:, None]
        values = (believed.x, believed.y, believed.yaw, believed.speed, believed.accel)
        good = np.logical_and.reduce([np.isfinite(v) for v in values])
        good &= np.abs(believed.speed) <= MAX_SPEED_MPS
        own = np.isfinite(percepts.own.speed) & np.isfinite(percepts.own.d)
        self.unphysical += int((shown & ~good).sum()) + int((present & ~own).sum())

        gap = _gap(true, obs)
        lead = true.seen & (true.relation == Relation.LEAD) & present[:, None]
        close = lead & (gap < _LEAD_M)
        same = shown & (believed.row == true.row)
        self.leads += int(close.sum())
        self.noticed += int((close & same).sum())
        compared = lead & same & good & (gap > _NEAR_M)
        self.ratios.append(_gap(believed, obs)[compared] / gap[compared])

        red = present & (obs.signal.index >= 0) & (obs.signal.state == SignalState.RED)
        red &= (obs.signal.distance < _LIGHT_M) & (obs.signal.distance > 0.0)
        held = np.isin(percepts.signal.state, (SignalState.RED, SignalState.YELLOW))
        self.reds += int(red.sum())
        self.lost += int((red & ~held).sum())


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One tick of a recorded scene, as there was to see.

    Attributes:
        observation: From every seat.
        present: Who is there, shape (D,).
        moved: Who was put elsewhere since the tick before, shape (D,).
    """

    observation: Observation
    present: Bools
    moved: Bools


class Audience:
    """Recorded scenes from every seat, ready to be perceived by any program.

    Args:
        scenes: Recorded scenes.

    Raises:
        InputError: If they do not fit their map.
    """

    def __init__(self, scenes: Scenes) -> None:
        self._graph, self._roster = scenes.graph(), scenes.roster()
        self._step_s = scenes.step_s
        self._scenes = [self._observed(scenes, k) for k in range(len(scenes))]

    def look(
        self, programs: Sequence[PerceptionProgram], slow: Mapping[str, float], seed: int
    ) -> Seen:
        """What everybody sees by the same programs; nobody acts on it.

        Args:
            programs: In force together.
            slow: ``fatigue``, ``alcohol`` and the like at that time.
            seed: Of noise.
        """
        seen, settled = Seen(), round(SETTLE_S / self._step_s)
        everybody = range(len(self._roster.drivers))
        for number, scene in enumerate(self._scenes):
            perceiver = Perceiver(self._roster, self._graph, self._step_s, seed + number)
            perceiver.set_programs(dict.fromkeys(everybody, programs))
            for tick, glimpse in enumerate(scene):
                if glimpse.moved.any():
                    perceiver.begin_anew(np.flatnonzero(glimpse.moved))
                percepts = perceiver.perceive(
                    glimpse.observation, _states(slow, glimpse.observation)
                )
                if tick >= settled:
                    seen.add(glimpse.observation, percepts, glimpse.present)
        return seen

    def _observed(self, scenes: Scenes, scene: int) -> list[Glimpse]:
        router = Router(self._graph, self._roster, seed=scene)
        observer, rows = Observer(self._roster, self._graph), self._roster.drivers
        return [
            Glimpse(observer.observe(state, router.paths(state)), state.present[rows], moved[rows])
            for state, moved in scenes.states(self._graph, scene)
        ]


def _states(slow: Mapping[str, float], obs: Observation) -> dict[str, Floats]:
    """What gains may use, of drivers who are neither angry nor in a hurry."""
    n = len(obs.own.speed)
    known = {**slow, "anger": 0.0, "hurry": 0.0, "blocked_s": 0.0, "elapsed_s": obs.time}
    return {
        **{name: np.full(n, value) for name, value in known.items()},
        "speed_mps": obs.own.speed,
    }


def _gap(objects: Objects, obs: Observation) -> Floats:
    """Centre to centre less half of both lengths [m], shape (D, K)."""
    away = np.hypot(objects.x - obs.own.x[:, None], objects.y - obs.own.y[:, None])
    return away - 0.5 * (objects.length + obs.own.length[:, None])
