"""``physics.md``: published performance of cars beside the realistic physics."""

from __future__ import annotations

from hdsim.server.physics import performance
from writers.markdown import table


def physics_performance() -> str:
    """Published sprints and stops beside those of the realistic physics."""
    sprints = [
        (s.car, f"0 to {_round_speed(s.to)}", f"{s.seconds:.1f} s",
         *_beside(performance.sprint(s.model, s.to, s.rollout, s.kerb), s.seconds, "s"), s.source)
        for s in performance.SPRINTS
    ]  # fmt: skip
    stops = [
        (s.car, f"{_round_speed(s.of)} to 0", f"{s.metres:.1f} m",
         *_beside(performance.stop(s.model, s.of), s.metres, "m"), s.source)
        for s in performance.STOPS
    ]  # fmt: skip
    return table(("car", "", "published", "model", "off by", "source"), sprints + stops)


def physics_rules() -> str:
    """What rules ask of the other classes, and what the realistic physics make of it."""
    rows = []
    for r in performance.RULES:
        unit = "s" if r.sprints else "m"
        speed = _round_speed(r.speed)
        found = (performance.sprint if r.sprints else performance.stop)(r.model, r.speed)
        rows.append((
            r.model, r.what, f"0 to {speed}" if r.sprints else f"{speed} to 0",
            f"{r.at_most:.1f} {unit}", f"{found:.1f} {unit}", r.source,
        ))  # fmt: skip
    return table(("model here", "rule for", "", "at most", "model", "rule"), rows)


def _beside(found: float, published: float, unit: str) -> tuple[str, str]:
    return f"{found:.1f} {unit}", f"{100.0 * (found / published - 1.0):+.0f} %"


def _round_speed(speed: float) -> str:
    kmh, mph = speed / performance.KMH, speed / performance.MPH
    return f"{kmh:.0f} km/h" if abs(kmh - round(kmh)) < 1e-6 else f"{mph:.0f} mph"
