"""Where drivers look: length of glances off the road ahead, and the share of time they take."""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Bools, Floats
from hdsim.perception.operations.gaze import AHEAD
from hdsim.run.kinematic import KinematicLoop
from hdsim.study.finding import Finding, Mark, Target
from hdsim.study.scene import following_loop, profile, schedules_of
from hdsim.study.statistics import bootstrap

_SPEED = 20.0
_WARM_UP_S, _MEASURED_S = 5.0, 90.0


def texting() -> dict[str, object]:
    """Attention of somebody who texts without end."""
    return {"distraction": {"kind": "phone", "episodes_per_s": 1.0}}


def eyes_off(seed: int, n: int) -> dict[str, Bools]:
    """Eyes off the road ahead at every tick, of alert and of texting drivers, shape (ticks, n).

    Looks into mirrors count, as in the published shares and lengths.
    """
    profiles = [profile("alert"), profile("texting", attention=texting())]
    loop = following_loop(
        2 * n,
        ["alert"] * n + ["texting"] * n,
        schedules_of(profiles),
        np.full(2 * n, _SPEED),
        np.full(2 * n, 2.0 * _SPEED),
        lambda _: np.zeros(2 * n),
        seed,
        length=_SPEED * (_WARM_UP_S + _MEASURED_S) + 200.0,
    )
    loop.run(_WARM_UP_S)
    seen: list[Bools] = []

    def look(loop: KinematicLoop) -> None:
        trace = loop.drivers.perceiver.trace()
        seen.append(trace.looking_away | (trace.gaze != AHEAD))

    loop.run(_MEASURED_S, look)
    away = np.array(seen)
    return {"alert": away[:, :n], "texting": away[:, n:]}


def lengths(away: Bools, step_s: float = 0.05) -> Floats:
    """Lengths of all complete glances off the road [s]."""
    found = []
    for column in away.T:
        edges = np.diff(column.astype(np.int8))
        begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        if len(begin) and len(end):
            end = end[end > begin[0]]
            found.append((end - begin[: len(end)]) * step_s)
    return np.concatenate(found) if found else np.zeros(0)


def run(seed: int, size: float = 1.0) -> list[Finding]:
    """The findings of this module."""
    n = max(8, round(24 * size))
    away = eyes_off(seed, n)
    alert, text = lengths(away["alert"]), lengths(away["texting"])
    mirrors = Target(
        0.55, 1.15, "0.62 speedometer, 0.75 inner mirror, 1.10 left mirror; 1.1 all off-road",
        "Taoka 1990; Rockwell 1988", Mark.MEMORY,
    )  # fmt: skip
    long = Target(0.0, 7.0, "about 5 above 2 s", "Rockwell 1988", Mark.MEMORY)
    share = Target(10.0, 20.0, "10-20", "no published number", Mark.PROPOSAL)
    busy = Target(65.0, 85.0, "77: 4.6 of 6 s", "Olson et al. 2009", Mark.MEMORY)
    name = "glances"
    return [
        Finding(name, "alert: mean glance off the road", "s", *bootstrap(alert),
                len(alert), mirrors),
        Finding(name, "alert: glances above 2 s", "%", *bootstrap(100.0 * (alert > 2.0)),
                len(alert), long),
        Finding(name, "alert: eyes off the road", "%",
                *bootstrap(100.0 * away["alert"].mean(axis=0)), n, share),
        Finding(name, "texting: mean glance off the road", "s", *bootstrap(text), len(text)),
        Finding(name, "texting: eyes off the road", "%",
                *bootstrap(100.0 * away["texting"].mean(axis=0)), n, busy),
    ]  # fmt: skip
