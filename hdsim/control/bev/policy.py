"""A policy on rasters in the place of the driving model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hdsim.control.bev.draw import Raster
from hdsim.control.bev.layout import BevLayout
from hdsim.control.bev.render import BevRenderer
from hdsim.core.clock import DEFAULT_STEP_S
from hdsim.core.command import Decisions, Reason, Requests
from hdsim.core.percept import Percepts
from hdsim.core.state import Floats, Ints, Roster
from hdsim.road.lanes import LaneGraph

_STANDING_MPS = 0.15


@dataclass(frozen=True, slots=True)
class BevView:
    """What a policy is given: pictures, and what the drivers sense of themselves, shape (D, ...).

    Attributes:
        masks: Rasters, uint8, shape (D, C, H, W); see ``BevLayout``.
        speed: Own speed as believed [m/s].
        yaw_rate: [rad/s], left positive.
        speed_limit: As believed, here [m/s].
        wheelbase: [m].
    """

    masks: Raster
    speed: Floats
    yaw_rate: Floats
    speed_limit: Floats
    wheelbase: Floats


@dataclass(frozen=True, slots=True)
class BevAction:
    """What a policy answers, shape (D,) each.

    Attributes:
        accel: Wanted acceleration [m/s^2]; negative brakes.
        steer: Wanted front road-wheel angle [rad], left positive.
    """

    accel: Floats
    steer: Floats


class BevControl:
    """Lets a policy drive: a ``Control`` like the driving model.

    Args:
        graph: The lane graph.
        roster: Who takes part.
        policy: Drives all drivers at once.
        step_s: Time between frames [s].
        layout: What the rasters show.
    """

    def __init__(
        self,
        graph: LaneGraph,
        roster: Roster,
        policy: Callable[[BevView], BevAction],
        *,
        step_s: float = DEFAULT_STEP_S,
        layout: BevLayout | None = None,
    ) -> None:
        self._policy = policy
        self._drivers = len(roster.drivers)
        self.renderer = BevRenderer(graph, layout, step_s)

    def decide(self, percepts: Percepts) -> Decisions:
        """What the policy wants; it gives no reasons and indicates nothing."""
        own, paths, none = percepts.own, percepts.paths, np.zeros(self._drivers, dtype=np.int8)
        wanted = self._policy(
            BevView(
                masks=self.renderer.render(percepts),
                speed=own.speed,
                yaw_rate=own.yaw_rate,
                speed_limit=paths.limit[:, 0] * own.limit_factor,
                wheelbase=own.wheelbase,
            )
        )
        accel = np.broadcast_to(np.asarray(wanted.accel, dtype=np.float64), (self._drivers,))
        steer = np.broadcast_to(np.asarray(wanted.steer, dtype=np.float64), (self._drivers,))
        if not (np.isfinite(accel).all() and np.isfinite(steer).all()):
            raise ValueError("a policy's accelerations and angles are finite numbers")
        return Decisions(
            accel=accel.copy(),
            steer=steer.copy(),
            reason=np.full(self._drivers, Reason.FREE, dtype=np.int8),
            lead=np.full(self._drivers, -1, dtype=np.int64),
            indicator=none,
            change=none,
            hold=(own.speed < _STANDING_MPS) & (accel <= 0.0),
        )

    def requests(self) -> Requests:
        """A policy asks for no lane change; it follows the route."""
        return Requests.none(self._drivers)

    def begin_anew(self, drivers: Ints) -> None:
        """Forgets the earlier frames of drivers who have been put elsewhere."""
        self.renderer.begin_anew(drivers)
