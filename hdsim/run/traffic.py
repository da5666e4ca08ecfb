"""Where NPCs begin, and their life cycle: near the ego's route, renewed out of its sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core import seeds
from hdsim.core.errors import InputError
from hdsim.core.state import Bools, Floats, Ints, Roster, State
from hdsim.road.lanes import LaneGraph
from hdsim.scenario.schema import NearRoute, Respawn
from hdsim.scenario.task import ScenarioTask

_SPACING_M = 15.0  # candidate poses along a lane, and the least distance between two vehicles
_FROM_WALKER_M = 5.0  # no NPC begins anew nearer than this to somebody on foot
_JUNCTION_CLEARANCE_M = 8.0  # nobody begins within this distance of a junction's edge


@dataclass(frozen=True, slots=True)
class Places:
    """Candidate beginnings, shape (c,) each [m], right-handed frame."""

    x: Floats
    y: Floats
    z: Floats

    def at(self, k: int) -> tuple[float, float, float]:
        """The ``k``-th of them."""
        return float(self.x[k]), float(self.y[k]), float(self.z[k])


@dataclass(frozen=True, slots=True)
class Poses(Places):
    """Candidate beginnings on the lane graph."""

    yaw: Floats
    lane: Ints
    s: Floats


def candidate_poses(graph: LaneGraph) -> Poses:
    """Poses every 15 m along the lanes outside junctions."""
    rows = [
        (lane, float(s))
        for lane in np.flatnonzero(graph.junction < 0)
        for s in np.arange(
            _JUNCTION_CLEARANCE_M, graph.length[lane] - _JUNCTION_CLEARANCE_M, _SPACING_M
        )
    ]
    lane = np.array([r[0] for r in rows], dtype=np.int64)
    s = np.array([r[1] for r in rows])
    x, y, yaw = graph.at(lane, s)
    nearest = graph.first[lane] + np.round(
        s / graph.length[lane] * (graph.first[lane + 1] - graph.first[lane] - 1)
    ).astype(np.int64)
    return Poses(x, y, graph.z[nearest], yaw, lane, s)


def distance_to_path(x: Floats, y: Floats, path_x: Floats, path_y: Floats) -> Floats:
    """Distance from each point to the nearest path point [m], shape of ``x``."""
    step = max(1, len(path_x) // 400)
    gap = np.hypot(x[:, None] - path_x[None, ::step], y[:, None] - path_y[None, ::step])
    return np.asarray(gap.min(axis=1))


def choose_poses(
    poses: Places,
    allowed: Bools,
    names: tuple[str, ...],
    seed: int,
    taken: tuple[Floats, Floats],
    spacing_m: float = _SPACING_M,
) -> Ints:
    """One candidate per name, keyed by name, no two nearer than so many metres; -1 for none left.

    Each name ranks the candidates by its own keyed draws and takes the first free one, in order of
    names.
    """
    free = allowed.copy()
    for x, y in zip(*taken, strict=True):
        free &= np.hypot(poses.x - x, poses.y - y) >= spacing_m
    chosen = np.full(len(names), -1, dtype=np.int64)
    index = np.arange(len(poses.x))
    for row, name in enumerate(names):
        if not free.any():
            break
        rank = seeds.uniform(seeds.key(seed, name, "begin"), index)
        pick = int(np.argmin(np.where(free, rank, np.inf)))
        chosen[row] = pick
        free &= np.hypot(poses.x - poses.x[pick], poses.y - poses.y[pick]) >= spacing_m
    return chosen


@dataclass(frozen=True, slots=True)
class Area:
    """Where traffic may begin: near the ego's route.

    Attributes:
        task: The scenario, which says how near.
        path: Points (x, y) of the route, or the ego's start when it roams [m].
        start: Where the ego begins, (x, y) [m].
        roams: Whether the ego has no route.
    """

    task: ScenarioTask
    path: tuple[Floats, Floats]
    start: tuple[float, float]
    roams: bool

    def away(self, places: Places) -> Floats:
        """Distance of each place from the path [m], shape (c,)."""
        return distance_to_path(places.x, places.y, *self.path)

    def choose(
        self,
        places: Places,
        names: tuple[str, ...],
        key: str,
        spacing_m: float = _SPACING_M,
        free: Bools | None = None,
    ) -> Ints:
        """A place within the area for each name, not on the ego.

        Args:
            places: Candidates.
            names: Who needs one.
            key: Key of the scenario that asks for that many, for the error.
            spacing_m: Least distance between two of them and to the ego [m].
            free: Candidates that are not taken; all when left out.

        Raises:
            InputError: If there is no room for that many.
        """
        area = self.task.traffic.area
        away = self.away(places)
        taken = np.array([self.start[0]]), np.array([self.start[1]])
        reach = area.near_route_m if isinstance(area, NearRoute) else float(np.inf)
        while True:
            allowed = (away <= reach) if free is None else (away <= reach) & free
            chosen = choose_poses(places, allowed, names, self.task.seed, taken, spacing_m)
            if (chosen >= 0).all():
                return chosen
            if not self.roams or reach > away.max():
                raise InputError(
                    self.task.source,
                    key,
                    len(names),
                    f"at most {int((chosen >= 0).sum())}: traffic.area has room for no more",
                )
            reach *= 1.25  # a roaming ego has no route yet: as far around its start as it takes


class Renewal:
    """Decides each second which NPCs begin anew, and where.

    Args:
        roster: Who takes part.
        graph: The lane graph.
        poses: Candidate beginnings.
        life: When and where.
        seed: The scenario's seed.
    """

    def __init__(
        self, roster: Roster, graph: LaneGraph, poses: Poses, life: Respawn, seed: int
    ) -> None:
        self._roster, self._graph, self._poses, self._life = roster, graph, poses, life
        self._keys = seeds.keys(seed, roster.names, "renew")
        self._is_npc = np.ones(len(roster), dtype=bool)
        self._is_npc[roster.ego] = False
        self._is_npc[roster.walkers] = False
        self._spacing_m = np.full(len(roster), _SPACING_M)
        self._spacing_m[roster.walkers] = _FROM_WALKER_M
        self._stood_s = np.zeros(len(roster))
        self._wrecked_at = np.full(len(roster), np.inf)
        self._count = np.zeros(len(roster), dtype=np.int64)

    def wrecked(self, row: int, time: float) -> None:
        """Notes a crash of an NPC; it is cleared away ``wreck_s`` later."""
        if self._is_npc[row]:
            self._wrecked_at[row] = min(self._wrecked_at[row], time)

    def due(
        self, state: State, path: tuple[Floats, Floats], since_s: float
    ) -> list[tuple[int, int]]:
        """``(row, candidate)`` of each NPC to begin anew now.

        Args:
            state: The world.
            path: The ego's route ahead, points (x, y); new beginnings lie near it.
            since_s: Time since the last call [s].
        """
        life, ego = self._life, self._roster.ego
        far = np.hypot(state.x - state.x[ego], state.y - state.y[ego])
        still = np.abs(state.speed) < 0.2
        self._stood_s = np.where(still & state.present, self._stood_s + since_s, 0.0)
        wreck = state.time - self._wrecked_at >= life.wreck_s
        stuck = (self._stood_s >= life.stuck_s) if life.stuck_s > 0 else np.zeros_like(wreck)
        lost = (far > life.leave_m) & (distance_to_path(state.x, state.y, *path) > life.arrive_m[1])
        out_of_sight = far > life.arrive_m[0]
        gridlocked = (state.lane >= 0) & (self._graph.junction[np.maximum(state.lane, 0)] >= 0)
        due = self._is_npc & state.present
        due &= wreck | lost | (stuck & (out_of_sight | gridlocked))
        if not due.any():
            return []
        poses = self._poses
        from_ego = np.hypot(poses.x - state.x[ego], poses.y - state.y[ego])
        allowed = (from_ego >= life.arrive_m[0]) & (
            distance_to_path(poses.x, poses.y, *path) <= life.arrive_m[1]
        )
        allowed &= from_ego <= 2.0 * life.arrive_m[1]
        here = state.present
        crowd = np.hypot(
            poses.x[:, None] - state.x[None, here], poses.y[:, None] - state.y[None, here]
        )
        allowed &= (crowd >= self._spacing_m[here]).all(axis=1)
        renewed = []
        for row in np.flatnonzero(due):
            if not allowed.any():
                break
            draw = seeds.combine(self._keys[row], np.uint64(self._count[row]))
            rank = seeds.uniform(draw, np.arange(len(poses.x)))
            pick = int(np.argmin(np.where(allowed, rank, np.inf)))
            allowed &= np.hypot(poses.x - poses.x[pick], poses.y - poses.y[pick]) >= _SPACING_M
            self._count[row] += 1
            self._stood_s[row] = 0.0
            self._wrecked_at[row] = np.inf
            renewed.append((int(row), pick))
        return renewed
