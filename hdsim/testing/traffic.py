"""Drivers with perfect perception in the loop without a server, for tests of the driving model.

Every actor is a ``neutral`` driver unless it is given a script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np

from hdsim.control.protocol import Control
from hdsim.control.router import Router
from hdsim.core.command import Decisions
from hdsim.core.percept import Percepts
from hdsim.core.state import Floats, Ints
from hdsim.driver.load import load_profile
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.schedule import Schedule
from hdsim.perception.observe import Observer
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.run import kinematic
from hdsim.run.kinematic import LENGTH, WHEELBASE, WIDTH, KinematicLoop, Signals

__all__ = ["LENGTH", "WHEELBASE", "WIDTH", "Script", "Signals", "Traffic", "schedule_of"]

# A script gives (lane, s, speed) of an actor at a time.
Script = Callable[[float], tuple[int, float, float]]


@cache
def schedule_of(profile: str) -> Schedule:
    """The schedule of a preset from the offline tables."""
    return compile_schedule(load_profile(profile))


class Traffic(KinematicLoop):
    """Cars on a lane graph, each driven by the model (or a script).

    Args:
        graph: The lane graph.
        starts: Lane, distance along it [m] and speed [m/s] of each car.
        scripts: Cars (by index) that follow a script instead.
        signals: Signal states by time; all green when left out.
        routes: Routes to a goal by actor name (``"car-00"``).
        seed: Seed of the roaming routes and of noise.
        step_s: Time step [s].
        steer_lag: Time constant of the steering actuator [s]; 0 for none.
        styles: Profile of each car; ``neutral`` for all when left out.
    """

    def __init__(
        self,
        graph: LaneGraph,
        starts: Sequence[tuple[int, float, float]],
        scripts: Mapping[int, Script] | None = None,
        signals: Signals | None = None,
        routes: Mapping[str, Route] | None = None,
        seed: int = 0,
        step_s: float = 0.05,
        steer_lag: float = 0.1,
        styles: Sequence[str] | None = None,
    ) -> None:
        n, scripted = len(starts), dict(scripts or {})
        driven = [("neutral" if styles is None else styles[i]) for i in range(n)]
        styles = ["" if i in scripted else style for i, style in enumerate(driven)]
        lane, s, speed = (np.array(column) for column in zip(*starts, strict=True))
        super().__init__(
            graph,
            [f"car-{i:02d}" for i in range(n)],
            styles,
            lane,
            s,
            speed,
            {name: schedule_of(name) for name in set(styles) - {""}},
            seed=seed,
            scripts=[(np.array([*scripted]), _together([*scripted.values()]))] if scripted else (),
            signals=signals,
            routes=routes,
            step_s=step_s,
            steer_lag=steer_lag,
        )

    @property
    def router(self) -> Router:
        """The drivers' router."""
        return self.drivers.router

    @property
    def model(self) -> Control:
        """The driving model."""
        return self.drivers.model

    @property
    def observer(self) -> Observer:
        """What turns states into observations."""
        return self.drivers.observer

    @property
    def percepts(self) -> Percepts | None:
        """What the drivers saw at the last tick."""
        return self.thought.percepts if self.thought else None

    @property
    def decisions(self) -> Decisions | None:
        """What they decided at the last tick."""
        return self.thought.decisions if self.thought else None


def _together(scripts: Sequence[Script]) -> kinematic.Script:
    """Several cars' scripts as one."""

    def at(loop: KinematicLoop) -> tuple[Ints, Floats, Floats]:
        lane, s, speed = zip(*(script(loop.time) for script in scripts), strict=True)
        return np.array(lane), np.array(s, dtype=np.float64), np.array(speed, dtype=np.float64)

    return at
