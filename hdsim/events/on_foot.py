"""Facts about a vehicle and somebody on foot whom it hit; pure functions of a window of states.

Whoever drives has to be able to stop for a person who is on the road; a person has to let vehicles
pass that cannot (StVO 3 and 25 (3), Vienna Convention on Road Traffic 1968, articles 13 and 20).
Whether a vehicle could is judged by the careful and competent driver of UN Regulation 157: 0.4 s to
perceive the risk, 0.75 s until the brake acts, 0.6 s until it acts fully, and 0.774 g.
"""

from __future__ import annotations

import numpy as np

from hdsim.events.breaches import STANDING_MPS, Fact, fact
from hdsim.events.window import Window

# Driven on at the full speed before braking: perception, delay, and half of the build-up [s].
_REACTION_S = 0.4 + 0.75 + 0.5 * 0.6
_BRAKING_MPS2 = 0.774 * 9.81


def stopping_distance(speed: float) -> float:
    """How far a vehicle at ``speed`` [m/s] gets before a careful driver has stopped it [m]."""
    return speed * _REACTION_S + speed**2 / (2.0 * _BRAKING_MPS2)


def who_could_have_avoided(window: Window, row: int, walker: int) -> list[Fact]:
    """Whether the walker stepped on the road too near, or ``row`` should have stopped.

    Counted from where the walker came on the carriageway, or from where the window begins; that it
    may have been hidden from sight until later is not.
    """
    end = len(window.states) - 1
    if _stood(window, row):
        text = "walked into a vehicle that stood"
        return [fact(window, end, "walked_into", walker, text)]
    since = _on_road_since(window, walker)
    if since is None:
        text = f"hit {window.roster.names[walker]} beside the lanes"
        return [fact(window, end, "hit_beside_lanes", row, text)]
    way = _way(window, row, since)
    speed = float(max(window.states[since].speed[row], 0.0))
    needed = stopping_distance(speed)

    def told(name: str, about: int, text: str) -> list[Fact]:
        values = {"distance_m": way, "stopping_distance_m": needed, "speed_mps": speed}
        return [fact(window, since, name, about, text, True, **values)]

    if way < needed:
        text = (
            f"stepped on the road {way:.1f} m ahead of a vehicle at {speed:.1f} m/s, "
            f"which takes {needed:.1f} m to stop"
        )
        return told("stepped_out", walker, text)
    text = (
        f"was {way:.1f} m away at {speed:.1f} m/s when {window.roster.names[walker]} was on the "
        f"road, and did not stop, for which {needed:.1f} m are enough"
    )
    return told("failed_to_stop", row, text)


def _stood(window: Window, row: int) -> bool:
    """Whether a vehicle did not move just before."""
    before = window.states[max(0, len(window.states) - 2)]
    return abs(float(before.speed[row])) < STANDING_MPS


def _on_road_since(window: Window, walker: int) -> int | None:
    """Index since which the walker was on the carriageway up to the collision; ``None`` if not."""
    off = [i for i, state in enumerate(window.states) if state.lane[walker] < 0]
    # The blow itself may carry a walker off the road: the tick before decides.
    last = len(window.states) - 1
    off = [i for i in off if i < last]
    since = off[-1] + 1 if off else 0
    return None if since >= last else since


def _way(window: Window, row: int, since: int) -> float:
    """How far a vehicle got from an index on to the end [m]."""
    x = np.array([state.x[row] for state in window.states[since:]])
    y = np.array([state.y[row] for state in window.states[since:]])
    return float(np.hypot(np.diff(x), np.diff(y)).sum())
