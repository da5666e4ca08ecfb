"""When those involved in a failure were most wrong about each other, and how, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hdsim.record.run import Run

_TELLING_M = 0.5  # beliefs nearer to the truth are not worth a panel
_TELLING_MPS = 0.5
_STANDS_MPS = 0.3


@dataclass(frozen=True)
class Misbelief:
    """A moment at which a driver took another involved vehicle for somewhere else.

    Attributes:
        tick: When.
        percept: The row of the run's percepts, ``schema.PERCEPTS``.
        error_m: From where the object was to where it was believed [m]; infinite if the driver
            had it in sight and did not register it.
    """

    tick: int
    percept: Mapping[str, Any]
    error_m: float


def percepts_of_involved(
    run: Run, record: Mapping[str, Any], ticks: tuple[int, int]
) -> list[dict[str, Any]]:
    """What the drivers involved in a failure believed of the others involved."""
    table = run.percepts(record["scenario"], ticks)
    names = pa.array([a["name"] for a in record["actors"]], pa.string())
    mask = pc.and_(
        pc.is_in(table["driver"].cast("string"), value_set=names),
        pc.is_in(table["object"].cast("string"), value_set=names),
    )
    rows: list[dict[str, Any]] = table.filter(mask).to_pylist()
    return rows


def greatest_misbelief(percepts: Sequence[Mapping[str, Any]]) -> Misbelief | None:
    """The percept farthest from the truth, the latest of equals; None if all were about right.

    Objects out of sight are passed over: there is no truth in the log to hold them against.
    """
    greatest: Misbelief | None = None
    for row in percepts:
        if not row["seen"]:
            continue
        error = np.inf
        if row["registered"]:
            error = np.hypot(row["believed_x_m"] - row["x_m"], row["believed_y_m"] - row["y_m"])
        found = Misbelief(row["tick"], row, float(error))
        if error >= _TELLING_M and (
            greatest is None or (found.error_m, found.tick) >= (greatest.error_m, greatest.tick)
        ):
            greatest = found
    return greatest


def in_words(found: Misbelief, before_s: float, x: float, y: float, yaw: float) -> str:
    """One line for people.

    Args:
        found: What was believed.
        before_s: Time from then to the failure [s].
        x: Where the driver was then [m].
        y: As x.
        yaw: Where it headed [rad]; on, back, left and right are the driver's.
    """
    row = found.percept
    when = f"{before_s:.1f} s before: {row['driver']}"
    what = "the ego" if row["object"] == "ego" else row["object"]
    if not row["registered"]:
        away = np.hypot(row["x_m"] - x, row["y_m"] - y)
        return f"{when} had {what} in sight, {away:.0f} m away, and did not register it"
    sight = np.array([row["x_m"] - x, row["y_m"] - y])
    sight /= max(float(np.hypot(*sight)), 1e-9)
    ahead = sight @ np.array([np.cos(yaw), np.sin(yaw)]) >= 0.0
    error = np.array([row["believed_x_m"] - row["x_m"], row["believed_y_m"] - row["y_m"]])
    along, left = float(error @ sight), float(sight[0] * error[1] - sight[1] * error[0])
    if abs(along) >= abs(left):
        farther = "farther on" if ahead else "farther back"
        where = f"{_metres(along)} m {farther if along > 0 else 'nearer'}"
    else:
        where = f"{_metres(left)} m too far {'left' if (left > 0) == ahead else 'right'}"
    return f"{when} believed {what} {where}{_speeds(row)}"


def _metres(distance: float) -> str:
    return f"{abs(distance):.0f}" if abs(distance) >= 10 else f"{abs(distance):.1f}"


def _speeds(row: Mapping[str, Any]) -> str:
    """The believed speed beside the true one, if they differ enough to tell."""
    was, believed = row["speed_mps"], row["believed_speed_mps"]
    if abs(was - believed) < _TELLING_MPS:
        return ""
    told = "standing" if believed < _STANDS_MPS else f"rolling at {believed:.1f} m/s"
    return f", {told} (it {'stood' if was < _STANDS_MPS else f'did {was:.1f} m/s'})"
