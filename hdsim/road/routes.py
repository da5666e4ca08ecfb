"""Routes: lane sequences with a dense path along their centrelines."""

from __future__ import annotations

from dataclasses import dataclass

from hdsim.core.state import Floats, Ints


@dataclass(frozen=True, slots=True)
class Route:
    """A lane sequence and the path along it.

    Attributes:
        lanes: Lane indices in order of travel. Where two neighbours of the sequence are side by
            side (a lane change), the path moves over within the shared stretch.
        x: Path points about 1 m apart [m], right-handed frame, shape (q,).
        y: As x.
        yaw: [rad].
        curvature: Left positive [1/m].
        s: Distance along the path [m], from 0.
        limit: Speed limit [m/s].
        width: Lane width [m].
        lane: Lane index at each point.
        lane_s: Distance along that lane [m].
    """

    lanes: tuple[int, ...]
    x: Floats
    y: Floats
    yaw: Floats
    curvature: Floats
    s: Floats
    limit: Floats
    width: Floats
    lane: Ints
    lane_s: Floats

    @property
    def length(self) -> float:
        """Length of the path [m]."""
        return float(self.s[-1])
