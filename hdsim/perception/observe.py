"""State to observation: what there is to see from each driver's seat."""

from __future__ import annotations

import numpy as np

from hdsim.core.percept import CLEAR, Ambient, Objects, Observation, OwnState, Paths, SignalAhead
from hdsim.core.state import Ints, Roster, State
from hdsim.perception.ahead import own_pose, signal_ahead
from hdsim.perception.candidates import candidates, fill_slots, gather
from hdsim.perception.light import discernible
from hdsim.perception.relation import relations
from hdsim.perception.sight import visible
from hdsim.road.lanes import LaneGraph

# Objects per driver (K). Where there are walkers, who are many and near, vehicles need room beside
# them.
SLOTS, SLOTS_WITH_WALKERS = 16, 32
# Candidates whose line of sight is worked out, per slot. With fewer actors than this within
# range, an object that cannot be seen has no influence on which others get a slot.
CANDIDATES_PER_SLOT = 2


class Observer:
    """Turns states into observations; holds only what follows from roster and map.

    Args:
        roster: Who takes part.
        graph: Lanes and signals of the map.
        slots: Objects per driver (K); as many as usual when left out.
        ambient: Weather and light.
    """

    def __init__(
        self,
        roster: Roster,
        graph: LaneGraph,
        slots: int | None = None,
        ambient: Ambient = CLEAR,
    ) -> None:
        self.roster, self.graph = roster, graph
        usual = SLOTS_WITH_WALKERS if len(roster.walkers) else SLOTS
        self.slots = usual if slots is None else slots
        self._ambient = ambient
        most = min(len(roster), CANDIDATES_PER_SLOT * self.slots)
        self._near: Ints = np.full((len(roster.drivers), most), -1, dtype=np.int64)
        drivers = roster.drivers
        self._size = roster.length[drivers], roster.width[drivers], roster.wheelbase[drivers]
        self._sees_limit = np.ones(len(drivers))

    def observe(self, state: State, paths: Paths) -> Observation:
        """What each driver could see at this frame.

        Slots hold the most relevant other actors within 150 m, seen ones first. Actors that are
        hidden keep a slot, with ``seen`` False, so that perception can remember them.
        """
        own = self._own(state, paths)
        return Observation(
            time=state.time,
            own=own,
            objects=self._objects(state, own, paths),
            signal=self._signal(state, own, paths),
            paths=paths,
            ambient=self._ambient,
        )

    def _own(self, state: State, paths: Paths) -> OwnState:
        r = self.roster.drivers
        x, y, yaw = state.x[r], state.y[r], state.yaw[r]
        d, heading_error = own_pose(x, y, yaw, paths.x, paths.y, paths.yaw, paths.s)
        length, width, wheelbase = self._size
        return OwnState(
            x=x,
            y=y,
            yaw=yaw,
            speed=state.speed[r],
            yaw_rate=state.yaw_rate[r],
            accel=state.accel[r],
            d=d,
            heading_error=heading_error,
            limit_factor=self._sees_limit,
            length=length,
            width=width,
            wheelbase=wheelbase,
        )

    def _objects(self, state: State, own: OwnState, paths: Paths) -> Objects:
        roster, graph = self.roster, self.graph
        x, y, lane = state.x, state.y, state.lane
        length, width = roster.length, roster.width
        c, s = np.cos(state.yaw), np.sin(state.yaw)
        near = candidates(
            x, y, c, s, lane, state.present, roster.drivers, paths.lane,
            len(graph), self._near,
        )  # fmt: skip
        self._near = near
        # Without weather, whoever is seen beyond the number of slots gets none.
        clear = self._ambient.is_clear
        enough = self.slots if clear else near.shape[1]
        sight = visible(near, own.x, own.y, x, y, c, s, length, width, enough)
        if not clear:
            r = roster.drivers
            sight &= discernible(
                self._ambient, near, own.x, own.y, c[r], s[r], x, y, c, s, length, width
            )
        rows, seen = fill_slots(near, sight, self.slots)
        relation = relations(
            rows, seen, x, y, c, s, width, lane, own.width,
            paths.x, paths.y, paths.yaw, paths.s, paths.lane,
            graph.conflicts.start, graph.conflicts.other,
        )  # fmt: skip
        values, on = gather(
            rows, x, y, state.yaw, state.speed, state.accel, length, width, lane, state.s, state.d
        )
        at_x, at_y, yaw, speed, accel, at_length, at_width, at_s, at_d = values
        return Objects(
            rows, seen, relation, at_x, at_y, yaw, speed, accel, at_length, at_width, on, at_s, at_d
        )

    def _signal(self, state: State, own: OwnState, paths: Paths) -> SignalAhead:
        graph = self.graph
        return SignalAhead(
            *signal_ahead(
                paths.s, paths.lane, paths.lane_s, own.length, graph.signal, graph.stop_s,
                state.signals,
            )
        )  # fmt: skip
