"""The closed loop without a server: HDSim's drivers on kinematic bicycles, in one process.

What `loop.py` does with a CARLA world, this does with arrays alone: the same ``Drivers``, the same
schedules, no sockets. Hundreds of independent replications fit side by side on one lane graph, as
long as they lie farther apart than drivers see; so an experiment is a few thousand ticks of one
loop. It has no walls, no grip limit and no contact: cars that meet pass through each other, and who
measures has to look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from hdsim.control.scene import height
from hdsim.core.clock import DEFAULT_STEP_S, Clock
from hdsim.core.command import Decisions
from hdsim.core.percept import CLEAR, Ambient
from hdsim.core.state import Floats, Ints, Roster, SignalState, State, wrap_angle
from hdsim.guidance.schedule import Schedule
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route
from hdsim.run.drivers import Drivers, Thought

LENGTH, WIDTH, WHEELBASE = 4.6, 1.9, 2.8  # of every car [m]
# Vehicles that differ by more than this in height are on different levels of the road [m].
_LEVEL_M = 3.0

# Where the cars of a script are now: lanes, distances along them [m] and speeds [m/s].
Script = Callable[["KinematicLoop"], tuple[Ints, Floats, Floats]]
# State of every signal at a time [s], uint8.
Signals = Callable[[float], NDArray[np.uint8]]


class KinematicLoop:
    """Cars on a lane graph, each driven by an HDSim driver or led along a lane by a script.

    Args:
        graph: The lane graph.
        names: Stable name of each car, shape (n,); noise is keyed by them.
        styles: Profile of each car's driver, ``""`` for one that is scripted.
        lane: Where each car begins: lane, shape (n,).
        s: Distance along it [m].
        speed: [m/s].
        schedules: Compiled guidance by profile name.
        seed: Of noise and roaming routes.
        scripts: ``(rows, script)`` of the cars without a driver.
        signals: Signal states by time; all green when left out.
        routes: Routes to a goal by name; the other drivers roam.
        step_s: Time step [s].
        steer_lag: Time constant of the steering [s]; 0 for none.
        pedal_lag: Time constant with which a wanted acceleration is reached [s]; 0 for none.
        ambient: Weather and light.
    """

    def __init__(
        self,
        graph: LaneGraph,
        names: Sequence[str],
        styles: Sequence[str],
        lane: Ints,
        s: Floats,
        speed: Floats,
        schedules: Mapping[str, Schedule],
        seed: int = 0,
        scripts: Sequence[tuple[Ints, Script]] = (),
        signals: Signals | None = None,
        routes: Mapping[str, Route] | None = None,
        step_s: float = DEFAULT_STEP_S,
        steer_lag: float = 0.1,
        pedal_lag: float = 0.0,
        ambient: Ambient = CLEAR,
    ) -> None:
        n = len(names)
        self.graph, self.step_s = graph, step_s
        self._steer_lag, self._pedal_lag = steer_lag, pedal_lag
        self.scripts = tuple(scripts)
        all_green = np.full(len(graph.signals), SignalState.GREEN, dtype=np.uint8)
        self._signals: Signals = signals or (lambda _: all_green)
        self.roster = Roster(
            names=tuple(names),
            styles=tuple(styles),
            length=np.full(n, LENGTH),
            width=np.full(n, WIDTH),
            wheelbase=np.full(n, WHEELBASE),
            drivers=np.flatnonzero([bool(style) for style in styles]),
        )
        self.x, self.y, self.yaw = graph.at(lane, s)
        self.speed: Floats = np.array(speed, dtype=np.float64)
        self.accel, self.steer, self.yaw_rate = np.zeros(n), np.zeros(n), np.zeros(n)
        self.frame = 0
        self.drivers = Drivers(
            self.roster, graph, schedules, Clock(step_s), seed, routes, ambient=ambient
        )
        self.thought: Thought | None = None
        self._state: State | None = None
        self._follow_scripts()

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.frame * self.step_s

    def state(self) -> State:
        """The world now."""
        if self._state is not None:
            return self._state
        lane, s, d, lane_yaw = self.graph.locate(self.x, self.y, self.yaw)
        self._state = State(
            frame=self.frame,
            time=self.time,
            x=self.x.copy(),
            y=self.y.copy(),
            yaw=self.yaw.copy(),
            vx=self.speed * np.cos(self.yaw),
            vy=self.speed * np.sin(self.yaw),
            speed=self.speed.copy(),
            accel=self.accel.copy(),
            yaw_rate=self.yaw_rate.copy(),
            present=np.ones(len(self.x), dtype=np.bool_),
            lane=lane,
            s=s,
            d=d,
            lane_yaw=lane_yaw,
            signals=self._signals(self.time),
        )
        return self._state

    def tick(self) -> Thought:
        """Think on the state as it is, then move by one step."""
        self.thought = self.drivers.think(self.state())
        self._move(self.thought.decisions)
        self.frame += 1
        self._state = None
        self._follow_scripts()
        return self.thought

    def run(self, seconds: float, each: Callable[[Self], object] | None = None) -> None:
        """Tick for some time, calling ``each`` after every step."""
        for _ in range(round(seconds / self.step_s)):
            self.tick()
            if each:
                each(self)

    def overlaps(self) -> list[tuple[int, int]]:
        """Pairs of cars whose boxes overlap now, on one level of the road."""
        half = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (LENGTH / 2, WIDTH / 2)
        c, s = np.cos(self.yaw)[:, None], np.sin(self.yaw)[:, None]
        corners = np.stack(
            [
                self.x[:, None] + half[:, 0] * c - half[:, 1] * s,
                self.y[:, None] + half[:, 0] * s + half[:, 1] * c,
            ],
            axis=-1,
        )
        boxes = np.atleast_1d(np.asarray(shapely.polygons(corners)))
        a, b = shapely.STRtree(boxes).query(boxes, predicate="intersects")
        state = self.state()
        z = height(self.graph, np.maximum(state.lane, 0), state.s)
        level = np.abs(z[a] - z[b]) < _LEVEL_M
        return [(int(i), int(j)) for i, j in zip(a[level], b[level], strict=True) if i < j]

    def _move(self, decisions: Decisions) -> None:
        """Kinematic bicycle about the centre, semi-implicit Euler."""
        rows, dt = self.roster.drivers, self.step_s
        keep = np.exp(-dt / self._steer_lag) if self._steer_lag > 0.0 else 0.0
        self.steer[rows] = keep * self.steer[rows] + (1.0 - keep) * decisions.steer
        hold = np.exp(-dt / self._pedal_lag) if self._pedal_lag > 0.0 else 0.0
        wanted = hold * self.accel[rows] + (1.0 - hold) * decisions.accel
        before = self.speed[rows]
        self.speed[rows] = np.maximum(before + wanted * dt, 0.0)
        self.accel[rows] = (self.speed[rows] - before) / dt
        v = self.speed[rows]
        slip = np.arctan(0.5 * np.tan(self.steer[rows]))
        self.yaw_rate[rows] = v * np.sin(slip) / (0.5 * WHEELBASE)
        course = self.yaw[rows] + slip + 0.5 * dt * self.yaw_rate[rows]
        self.x[rows] += v * dt * np.cos(course)
        self.y[rows] += v * dt * np.sin(course)
        self.yaw[rows] = wrap_angle(self.yaw[rows] + dt * self.yaw_rate[rows])

    def _follow_scripts(self) -> None:
        for rows, script in self.scripts:
            lane, s, speed = script(self)
            self.x[rows], self.y[rows], self.yaw[rows] = self.graph.at(lane, s)
            changed = (speed - self.speed[rows]) / self.step_s
            self.accel[rows] = changed if self.frame else 0.0
            self.speed[rows] = speed
