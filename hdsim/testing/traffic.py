"""A closed loop without a server: drivers with perfect perception on kinematic bicycles.

For tests of the driving model. Every actor is a driver unless it is given a script.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from hdsim.control.model import DrivingModel
from hdsim.control.router import Router
from hdsim.control.scene import height
from hdsim.core.command import Decisions
from hdsim.core.percept import Observation, Percepts
from hdsim.core.state import Floats, Roster, SignalState, State, wrap_angle
from hdsim.perception.observe import Observer
from hdsim.road.lanes import LaneGraph
from hdsim.road.routes import Route

# A script gives (lane, s, speed) of an actor at a time.
Script = Callable[[float], tuple[int, float, float]]
Signals = Callable[[float], NDArray[np.uint8]]

LENGTH, WIDTH, WHEELBASE = 4.6, 1.9, 2.8


def neutral(observation: Observation) -> Percepts:
    """The observation as the percept of a driver who sees everything as it is."""
    o = observation
    return Percepts(time=o.time, own=o.own, objects=o.objects, signal=o.signal, paths=o.paths)


class Traffic:
    """Cars on a lane graph, each driven by the model (or a script).

    Args:
        graph: The lane graph.
        starts: Lane, distance along it [m] and speed [m/s] of each car.
        scripts: Cars (by index) that follow a script instead.
        signals: Signal states by time; all green when left out.
        routes: Routes to a goal by actor name (``"car-00"``).
        seed: Seed of the roaming routes.
        step_s: Time step [s].
        steer_lag: Time constant of the steering actuator [s]; 0 for none.
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
    ) -> None:
        n = len(starts)
        self.graph, self._step, self._lag = graph, step_s, steer_lag
        self._scripts = dict(scripts or {})
        self._signals: Signals = signals or (
            lambda _: np.full(len(graph.signals), SignalState.GREEN, dtype=np.uint8)
        )
        self.roster = Roster(
            names=tuple(f"car-{i:02d}" for i in range(n)),
            styles=("normal",) * n,
            length=np.full(n, LENGTH),
            width=np.full(n, WIDTH),
            wheelbase=np.full(n, WHEELBASE),
            drivers=np.array([i for i in range(n) if i not in self._scripts], dtype=np.int64),
        )
        lanes, s, speed = (np.array(column) for column in zip(*starts, strict=True))
        self.x, self.y, self.yaw = graph.at(lanes, s)
        self.speed: Floats = speed.astype(np.float64)
        self.accel, self.steer, self.yaw_rate = np.zeros(n), np.zeros(n), np.zeros(n)
        self.frame = 0
        self.observer = Observer(self.roster, graph)
        self.router = Router(graph, self.roster, seed, routes)
        self.model = DrivingModel(graph, self.roster, step_s=step_s)
        self.percepts: Percepts | None = None
        self.decisions: Decisions | None = None
        self._follow_scripts()

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self.frame * self._step

    def state(self) -> State:
        """The world now."""
        lane, s, d, lane_yaw = self.graph.locate(self.x, self.y, self.yaw)
        return State(
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

    def tick(self) -> Decisions:
        """Perceive, decide, move by one step."""
        state = self.state()
        paths = self.router.paths(state)
        self.percepts = neutral(self.observer.observe(state, paths))
        decisions = self.model.decide(self.percepts)
        self.router.heed(self.model.requests())
        self._move(decisions)
        self.decisions = decisions
        self.frame += 1
        self._follow_scripts()
        return decisions

    def run(self, seconds: float, each: Callable[[Traffic], None] | None = None) -> None:
        """Tick for some time, calling ``each`` after every step."""
        for _ in range(round(seconds / self._step)):
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
        level = np.abs(z[a] - z[b]) < 3.0
        return [(int(i), int(j)) for i, j in zip(a[level], b[level], strict=True) if i < j]

    def _move(self, decisions: Decisions) -> None:
        """Kinematic bicycle about the centre, semi-implicit Euler."""
        rows, dt = self.roster.drivers, self._step
        keep = np.exp(-dt / self._lag) if self._lag > 0.0 else 0.0
        self.steer[rows] = keep * self.steer[rows] + (1.0 - keep) * decisions.steer
        before = self.speed[rows]
        self.speed[rows] = np.maximum(before + decisions.accel * dt, 0.0)
        self.accel[rows] = (self.speed[rows] - before) / dt
        v = self.speed[rows]
        slip = np.arctan(0.5 * np.tan(self.steer[rows]))
        self.yaw_rate[rows] = v * np.sin(slip) / (0.5 * WHEELBASE)
        course = self.yaw[rows] + slip + 0.5 * dt * self.yaw_rate[rows]
        self.x[rows] += v * dt * np.cos(course)
        self.y[rows] += v * dt * np.sin(course)
        self.yaw[rows] = wrap_angle(self.yaw[rows] + dt * self.yaw_rate[rows])

    def _follow_scripts(self) -> None:
        for i, script in self._scripts.items():
            lane, s, speed = script(self.time)
            pose = self.graph.at(lane, s)
            self.x[i], self.y[i], self.yaw[i] = (float(v) for v in pose)
            self.accel[i] = (speed - self.speed[i]) / self._step if self.frame else 0.0
            self.speed[i] = speed
