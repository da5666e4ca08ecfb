"""How far the ego came, and what ended its drive."""

from __future__ import annotations

import numpy as np

from hdsim.core.state import Roster, State
from hdsim.events.event import Event, Kind
from hdsim.events.thresholds import Thresholds
from hdsim.road.routes import Route

# Arrival: more than 99 % of the route, and within 10 m of its end (scenario_runner,
# RouteCompletionTest).
_ARRIVED_SHARE = 0.99
_ARRIVED_M = 10.0


class Progress:
    """The ego along its route, and the conditions that end a drive.

    Arrival, route deviation, blocked (standing, or taken out of the world), time-out. Without a
    route the drive ends well when its time is over.

    Args:
        roster: Who takes part.
        route: The ego's route; ``None`` when it roams.
        thresholds: See ``Thresholds``.
        timeout_s: Time allowed [s].

    Attributes:
        distance_m: Driven by the ego [m].
        progress_m: Along the route [m], never falling.
        outside_m: Part of the progress that the ego made outside its lanes [m].
        ended: What ended the drive; ``None`` while it goes on.
    """

    def __init__(
        self, roster: Roster, route: Route | None, thresholds: Thresholds, timeout_s: float
    ) -> None:
        self._ego, self._route, self._limits = roster.ego, route, thresholds
        self._timeout_s = timeout_s
        self._before: tuple[float, float] | None = None
        self._moving_at: tuple[int, float] | None = None
        self.distance_m = self.progress_m = self.outside_m = 0.0
        self.ended: Kind | None = None

    @property
    def route_completion_pct(self) -> float | None:
        """Share of the route [%]; ``None`` without a route."""
        if self._route is None:
            return None
        if self.ended is Kind.ARRIVED:
            return 100.0
        return 100.0 * min(1.0, self.progress_m / self._route.length)

    @property
    def outside_share(self) -> float:
        """Share of the completed route made outside the lanes, 0 to 1."""
        return self.outside_m / self.progress_m if self.progress_m > 0.0 else 0.0

    def step(self, tick: int, state: State, outside: bool) -> list[Event]:
        """The event that ended the drive, if one did at this tick.

        Args:
            tick: This tick.
            state: The world.
            outside: Whether the ego is off the road or going the wrong way.
        """
        if self.ended is not None:
            return []
        ego = self._ego
        if not state.present[ego]:
            return self._end(Kind.VANISHED, tick, state, 0.0, "duration_s")
        here = (float(state.x[ego]), float(state.y[ego]))
        if self._before is not None:
            self.distance_m += float(np.hypot(*np.subtract(here, self._before)))
        self._before = here
        deviation = self._advance(here, outside)
        if deviation > self._limits.route_deviation_m:
            return self._end(Kind.ROUTE_DEVIATION, tick, state, deviation, "distance_m")
        if self._has_arrived(here):
            return self._end(Kind.ARRIVED, tick, state, state.time, "duration_s")
        stood = self._stood_s(tick, state)
        if stood >= self._limits.blocked_s:
            return self._end(Kind.BLOCKED, tick, state, stood, "duration_s")
        if state.time >= self._timeout_s:
            kind = Kind.ARRIVED if self._route is None else Kind.TIMEOUT
            return self._end(kind, tick, state, state.time, "duration_s")
        return []

    def _advance(self, here: tuple[float, float], outside: bool) -> float:
        """Moves progress forward; the distance to the route [m]."""
        route = self._route
        if route is None:
            return 0.0
        s, d = route.project(*here, self.progress_m)
        gained = max(0.0, float(s) - self.progress_m)
        self.progress_m += gained
        if outside:
            self.outside_m += gained
        near = abs(float(d))
        if near > self._limits.route_deviation_m:
            # The stretch looked at ends 50 m ahead; the whole route decides.
            near = float(np.hypot(route.x - here[0], route.y - here[1]).min())
        return near

    def _has_arrived(self, here: tuple[float, float]) -> bool:
        route = self._route
        if route is None or self.progress_m < _ARRIVED_SHARE * route.length:
            return False
        return float(np.hypot(route.x[-1] - here[0], route.y[-1] - here[1])) < _ARRIVED_M

    def _stood_s(self, tick: int, state: State) -> float:
        if self._moving_at is None or (
            abs(float(state.speed[self._ego])) >= self._limits.blocked_speed_mps
        ):
            self._moving_at = (tick, state.time)
        return state.time - self._moving_at[1]

    def _end(self, kind: Kind, tick: int, state: State, value: float, measure: str) -> list[Event]:
        self.ended = kind
        ego = self._ego
        details = {
            "progress_m": self.progress_m,
            "x_m": float(state.x[ego]),
            "y_m": float(state.y[ego]),
        }
        return [Event(kind, tick, state.time, ego, -1, tick, value, measure, details)]
