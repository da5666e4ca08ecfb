"""What a run asks of a driving model: another one plugs in here."""

from __future__ import annotations

from typing import Protocol

from hdsim.core.clock import DEFAULT_STEP_S
from hdsim.core.command import Decisions, Requests
from hdsim.core.percept import Percepts
from hdsim.core.state import Ints, Roster
from hdsim.road.lanes import LaneGraph


class Control(Protocol):
    """A driving model for all drivers at once: percepts in, decisions out.

    ``decide()`` is called once a frame with the subjective scene of every driver; there is no other
    way to the world. What a model remembers between frames is its own affair, as long as the same
    percepts in the same order give the same decisions, bit for bit.
    """

    def decide(self, percepts: Percepts) -> Decisions:
        """What every driver does now, given what it believes."""
        ...

    def requests(self) -> Requests:
        """What the drivers ask of their route since the last frame; ``Requests.none()`` for none.

        The router grants a request or not; a granted one shows in the paths of the next frame.
        """
        ...

    def begin_anew(self, drivers: Ints) -> None:
        """Forget these drivers' past (indices, not actor rows): they have been put elsewhere."""
        ...


class ControlFactory(Protocol):
    """Builds a driving model for a scenario, as the class ``DrivingModel`` does."""

    def __call__(
        self, graph: LaneGraph, roster: Roster, *, step_s: float = DEFAULT_STEP_S
    ) -> Control:
        """A model for the drivers of ``roster`` on the lane graph, at this step [s]."""
        ...
