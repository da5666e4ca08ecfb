"""The ego's collision sensor, read at a fixed delay so that logs do not depend on thread timing."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import sqrt

import carla

from hdsim.world.session import Session

# A contact of frame f is handed out this many frames later. Sensor data reach the client on a
# thread of their own; a fixed delay much longer than theirs makes their order the frames' order.
DELAY_TICKS = 20


class ContactSensor:
    """Contacts of one vehicle.

    Args:
        session: The session.
        actor: The vehicle that carries the sensor.
        others: All actors in roster order, to name the other side of a contact.
    """

    def __init__(
        self, session: Session, actor: carla.Vehicle, others: Sequence[carla.Actor]
    ) -> None:
        self._row_of = {other.id: row for row, other in enumerate(others)}
        self._inbox: deque[tuple[int, int, float]] = deque()
        self._sensor = session.collision_sensor(actor, self._receive)

    def _receive(self, event: carla.CollisionEvent) -> None:
        push = event.normal_impulse
        size = sqrt(push.x**2 + push.y**2 + push.z**2)
        other = self._row_of.get(event.other_actor.id, -1)
        self._inbox.append((event.frame, other, size))

    def due(self, frame: int) -> list[tuple[int, float]]:
        """``(other row or -1, impulse [N s])`` of contacts that are the delay old by ``frame``."""
        out = []
        while self._inbox and self._inbox[0][0] <= frame - DELAY_TICKS:
            out.append(self._inbox.popleft())
        return [(row, push) for _, row, push in sorted(out)]
