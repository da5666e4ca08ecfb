"""What led to a mishap: who did what and believed what in the last seconds, as text."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdsim.core.command import Reason
from hdsim.core.percept import Relation
from hdsim.core.state import SignalState, State
from hdsim.events.event import Event
from hdsim.events.verdict import Verdict
from hdsim.run.drivers import Thought
from hdsim.run.stage import Stage

_KEPT_S = 8.0
# How long before the mishap each line is from [s].
_MOMENTS_S = (6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0)


class Recent:
    """The last seconds of states and thoughts, by reference.

    Args:
        step_s: Length of a tick [s].
    """

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._kept: deque[tuple[int, State, Thought]] = deque(maxlen=round(_KEPT_S / step_s) + 1)

    def append(self, tick: int, state: State, thought: Thought) -> None:
        """Takes in one tick."""
        self._kept.append((tick, state, thought))

    def back(self, seconds: float) -> tuple[int, State, Thought] | None:
        """The tick so long ago, if it is kept."""
        i = len(self._kept) - 1 - round(seconds / self._step_s)
        return self._kept[i] if i >= 0 else None


@dataclass(frozen=True, slots=True)
class Context:
    """A mishap and what led to it.

    Attributes:
        title: What happened, to whom, where.
        lines: What went before.
    """

    title: str
    lines: Sequence[str] = ()

    def text(self, town: str) -> str:
        """As it is printed."""
        return "\n".join([f"{town} {self.title}", *(f"    {line}" for line in self.lines)])

    @classmethod
    def collision(
        cls, stage: Stage, event: Event, verdict: Verdict, recent: Recent, detail: bool
    ) -> Context:
        """A collision; ``detail`` adds the seconds before."""
        who = {"ego_at_fault": event.a, "npc_at_fault": event.b}.get(str(verdict.fault))
        names = stage.roster.names
        first = (
            f"tick {event.tick} collision {names[event.a]} {names[event.b]} "
            f"at ({event.details['x_m']:.0f}, {event.details['y_m']:.0f}), "
            f"{event.details['relative_speed_mps']:.1f} m/s: {verdict.because or 'unclear'} by "
            f"{names[who] if who is not None else 'both'}"
        )
        facts = [f"{f.time - event.time:+.2f} s {f.actor}: {f.text}" for f in verdict.evidence]
        if not detail:
            return cls(first, facts)
        story = [
            *_story(stage, recent, event.a, event.b),
            *_story(stage, recent, event.b, event.a),
        ]
        return cls(first, facts + story)

    @classmethod
    def red_light(cls, stage: Stage, event: Event, recent: Recent) -> Context:
        """A red light run."""
        who = stage.roster.names[event.a]
        first = f"tick {event.tick} red light {event.details['signal']} run by {who}"
        return cls(first, _story(stage, recent, event.a, -1))

    @classmethod
    def off_road(cls, stage: Stage, row: int, recent: Recent) -> Context:
        """Somebody off the road or going the wrong way."""
        first = f"tick {_tick(recent)} off the road: {stage.roster.names[row]}"
        return cls(first, _story(stage, recent, row, -1))

    @classmethod
    def stuck(cls, stage: Stage, row: int, recent: Recent) -> Context:
        """Somebody who has stood for long."""
        first = f"tick {_tick(recent)} stuck: {stage.roster.names[row]}"
        return cls(first, _story(stage, recent, row, -1)[-1:])


def _tick(recent: Recent) -> int:
    last = recent.back(0.0)
    return last[0] if last else -1


def _story(stage: Stage, recent: Recent, row: int, other: int) -> list[str]:
    found = np.flatnonzero(stage.roster.drivers == row)
    if not len(found):
        return []
    d = int(found[0])
    lines = [stage.roster.names[row]]
    for seconds in _MOMENTS_S:
        then = recent.back(seconds)
        if then is not None:
            lines.append(f"  {-seconds:5.1f} {_moment(stage, then[1], then[2], d, row, other)}")
    return lines


def _moment(stage: Stage, state: State, thought: Thought, d: int, row: int, other: int) -> str:
    graph, decided, own = stage.graph, thought.decisions, thought.percepts.own
    lane, paths, signal = int(state.lane[row]), thought.percepts.paths, thought.percepts.signal
    inside = "j" if lane >= 0 and graph.junction[lane] >= 0 else ""
    ahead = [int(i) for i in paths.lane[d][np.flatnonzero(np.diff(paths.lane[d], prepend=-2))]]
    lead = int(decided.lead[d])
    text = (
        f"({state.x[row]:.1f}, {state.y[row]:.1f}) "
        f"lane {lane}{inside} {state.s[row]:.0f}/{graph.length[lane]:.0f} d {state.d[row]:+.2f} "
        f"v {state.speed[row]:.1f} (takes {own.speed[d]:.1f}) a {state.accel[row]:+.1f} "
        f"wants {decided.accel[d]:+.1f} {Reason(int(decided.reason[d])).name}"
        f"{' ' + stage.roster.names[lead] if lead >= 0 else ''} "
        f"change {int(decided.change[d]):+d} way {ahead[:4]}"
    )
    if signal.index[d] >= 0:
        text += (
            f" signal {SignalState(int(signal.state[d])).name}/"
            f"{SignalState(int(thought.observation.signal.state[d])).name}"
            f" in {signal.distance[d]:.0f}"
        )
    return text if other < 0 else f"{text} | other {_about(thought, d, other)}"


def _about(thought: Thought, d: int, other: int) -> str:
    """Where the other is and where it is believed to be: ahead, left, speed in the own frame."""
    own, parts = thought.observation.own, []
    c, s = np.cos(own.yaw[d]), np.sin(own.yaw[d])
    for name, scene in (("is", thought.observation), ("believed", thought.percepts)):
        obj = scene.objects
        slots = np.flatnonzero((obj.row[d] == other) & obj.seen[d])
        if not len(slots):
            parts.append(f"{name} unseen")
            continue
        k = int(slots[0])
        dx, dy = obj.x[d, k] - own.x[d], obj.y[d, k] - own.y[d]
        parts.append(
            f"{name} ({dx * c + dy * s:.1f}, {dy * c - dx * s:+.1f}) v {obj.speed[d, k]:.1f} "
            f"lane {int(obj.lane[d, k])} {Relation(int(obj.relation[d, k])).name}"
        )
    return ", ".join(parts)
