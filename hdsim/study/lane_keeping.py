"""How well drivers hold their lane: standard deviation of lateral position (SDLP)."""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Floats
from hdsim.driver.profile import DriverProfile
from hdsim.study.finding import Finding, Mark, Target
from hdsim.study.scene import free_loop, profile, schedules_of
from hdsim.study.statistics import bootstrap

_SPEED = 27.0
_WARM_UP_S, _MEASURED_S = 15.0, 90.0


def bac(value: float) -> DriverProfile:
    """A driver with a blood alcohol concentration [g/100 ml]."""
    alcohol = {"bac": value, "elimination_per_h": 0.0}
    return profile(f"bac-{round(1000 * value):03d}", physiology={"alcohol": alcohol})


def awake(hours: float) -> DriverProfile:
    """A driver who has been awake for so many hours."""
    return profile(f"awake-{round(hours):02d}", physiology={"fatigue": {"hours_awake": hours}})


def sdlp(driver: DriverProfile, seed: int, n: int = 16) -> Floats:
    """SDLP of drivers on empty straight motorway lanes [m], shape (n,).

    The same seed gives every profile the same noise of an ordinary driver, so that differences are
    paired.
    """
    length = 150.0 + 1.1 * _SPEED * (_WARM_UP_S + _MEASURED_S)
    loop = free_loop([driver.name] * n, schedules_of([driver]), length, _SPEED, seed)
    loop.run(_WARM_UP_S)
    y: list[Floats] = []
    loop.run(_MEASURED_S, lambda loop: y.append(loop.y.copy()))
    return np.asarray(np.array(y).std(axis=0))


def run(seed: int, size: float = 1.0) -> list[Finding]:
    """The findings of this module."""
    n = max(6, round(32 * size))
    cases = (
        (bac(0.05), "BAC 0.05", Target(0.020, 0.029, "+2.5 cm (2.0-2.9), n = 182 on road",
                                       "Jongen et al. 2017", Mark.LOOKED_UP)),
        (bac(0.08), "BAC 0.08", Target(0.03, 0.05, "about +4 cm", "Louwerens et al. 1987",
                                       Mark.MEMORY)),
        (bac(0.10), "BAC 0.10", Target(0.055, 0.085, "about +7 cm", "Louwerens et al. 1987",
                                       Mark.MEMORY)),
        (awake(24.0), "24 h awake", Target(0.055, 0.085, "as BAC 0.10", "Dawson & Reid 1997",
                                           Mark.LOOKED_UP)),
    )  # fmt: skip
    normal = sdlp(profile("sober"), seed, n)
    found = [
        Finding(
            "lane keeping", "SDLP, alert and sober", "m", *bootstrap(normal), n,
            Target(0.17, 0.21, "0.18-0.20", "Verster & Roth 2011", Mark.MEMORY),
        )
    ]  # fmt: skip
    for driver, words, target in cases:
        more = bootstrap(sdlp(driver, seed, n) - normal)
        outcome = f"SDLP, {words} minus sober"
        found.append(Finding("lane keeping", outcome, "m", *more, n, target))
    return found
