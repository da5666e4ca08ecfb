"""What the tables aim at, measured in closed loop: percepts, the one driving model, a bicycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from hdsim.road.strips import Strip, build, line
from hdsim.testing.traffic import LENGTH, Script, Traffic

STYLES = ("normal", "aggressive", "cautious", "drunk")
EACH = 4
ROAD_APART_M = 400.0
LIMIT_MPS = 13.9
WARM_UP_TICKS = 400


def styled_traffic(scripts: dict[int, Script], starts: list[tuple[int, float, float]]) -> Traffic:
    """Drivers of ``STYLES``, ``EACH`` of them, every one on a road of its own."""
    n = len(STYLES) * EACH
    strips = {
        str(i): Strip(*line(0.0, i * ROAD_APART_M, 3000.0, i * ROAD_APART_M), limit=LIMIT_MPS)
        for i in range(n)
    }
    styles = [style for style in STYLES for _ in range(EACH)] + [""] * len(scripts)
    return Traffic(build("roads", strips)[0], starts, scripts=scripts, styles=styles, seed=1)


@dataclass(frozen=True)
class Outcome:
    sdlp_m: float
    speed_mps: float
    time_gap_s: float


def by_style(values: np.ndarray) -> np.ndarray:
    """Mean over time and drivers, one value a style; ``values`` has shape (ticks, drivers)."""
    return values.mean(axis=0).reshape(len(STYLES), EACH).mean(axis=1)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    n = len(STYLES) * EACH
    own = [(i, 50.0, 10.0) for i in range(n)]
    free = styled_traffic({}, own)
    lateral, speed = [], []
    free.run(80.0, lambda t: (lateral.append(t.y.copy()), speed.append(t.speed.copy())))
    sdlp = np.array(lateral)[WARM_UP_TICKS:].std(axis=0)[None]

    def lead(road: int) -> Script:
        """10 m/s, slowly swinging by 0.5 m/s."""

        def at(t: float) -> tuple[int, float, float]:
            phase = 2 * np.pi * t / 40.0
            return road, 80.0 + 10.0 * t + 10.0 / np.pi * np.sin(phase), 10.0 + 0.5 * np.cos(phase)

        return at

    following = styled_traffic(
        {n + i: lead(i) for i in range(n)}, [*own, *((i, 80.0, 10.0) for i in range(n))]
    )
    gaps = []
    following.run(
        80.0, lambda t: gaps.append((t.x[n:] - t.x[:n] - LENGTH) / np.maximum(t.speed[:n], 0.1))
    )
    rows = (by_style(sdlp), by_style(np.array(speed)[WARM_UP_TICKS:]), by_style(np.array(gaps)))
    return {style: Outcome(*(float(r[i]) for r in rows)) for i, style in enumerate(STYLES)}


@pytest.mark.slow
def test_normal_drivers_hold_the_lane_as_people_do(outcomes: dict[str, Outcome]):
    assert outcomes["normal"].sdlp_m == pytest.approx(0.19, abs=0.03)


@pytest.mark.slow
def test_alcohol_adds_the_published_wander(outcomes: dict[str, Outcome]):
    """+7 cm at 0.10 and more at the preset's 0.12 g/100 ml."""
    more = outcomes["drunk"].sdlp_m - outcomes["normal"].sdlp_m
    assert 0.05 <= more <= 0.13


@pytest.mark.slow
def test_free_speed_follows_the_style(outcomes: dict[str, Outcome]):
    normal = outcomes["normal"].speed_mps
    assert 1.05 <= outcomes["aggressive"].speed_mps / normal <= 1.15
    assert 1.03 <= outcomes["drunk"].speed_mps / normal <= 1.10
    assert outcomes["cautious"].speed_mps <= LIMIT_MPS


@pytest.mark.slow
def test_time_gap_follows_the_style(outcomes: dict[str, Outcome]):
    normal = outcomes["normal"].time_gap_s
    assert 0.60 <= outcomes["aggressive"].time_gap_s / normal <= 0.75
    assert 1.8 <= outcomes["cautious"].time_gap_s <= 2.2
