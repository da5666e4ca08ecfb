r"""The built-in map ``motorway``: a closed ring of 7.4 km with two interchanges.

::

       ,-----<=====<==+==<=====<-----,      Three lanes a direction, 120 km/h: two straights of
      /     ramps     |     ramps     \     1.8 km, two bends with a radius of 600 m. On each
     |                |                |    straight, both ways, an exit and an entry with 250 m
     |                | country road   |    and 300 m of lane beside the motorway.
      \     ramps     |     ramps     /
       `----->=====>==+==>=====>-----'

Anticlockwise traffic drives on the outer carriageway, clockwise traffic on the inner one. A country
road (70 km/h, one lane a direction) crosses both straights on bridges and joins all ramps, so
everywhere leads everywhere: at its ends traffic turns back over the ramps. Traffic from a ramp
yields to the country road, and where an entry lane ends to the motorway.
"""

from __future__ import annotations

import math
from functools import cache

from scenariogeneration import xodr

from hdsim.road.builtin.geometry import Pose, Stretch, biarc
from hdsim.road.builtin.network import Movement, Network, Port, Street, Strip

# Radius 600 m at 120 km/h is 1.9 m/s^2 to the side. Germany's motorway guidelines ask for 720 m at
# 120 km/h, with the bends banked (RAA 2008, Table 14); these are level and tighter, which keeps the
# map small: a proposal.
RADIUS_M = 600.0
STRAIGHT_M = 1800.0
LIMIT_KMH, COUNTRY_KMH, OFF_RAMP_KMH, ON_RAMP_KMH = 120, 70, 60, 80
# RAA 2008: lanes of 3.75 m, exit lanes of 250 m. The entry lane is 50 m longer than theirs.
_LANE_M, _SHOULDER_M, _HALF_MEDIAN_M = 3.75, 2.5, 2.0
_RAMP_LANE_M, _COUNTRY_LANE_M = 4.5, 3.5
_LANES = 3
# Room between the motorway's outer lane and a ramp where the two part [m].
_GORE_M = 6.0
# Junctions of a straight, by where they begin and end from its middle [m]: an exit lane opens,
# leaves, an entry lane arrives, ends.
_OPENS, _LEAVES = (-760.0, -700.0), (-450.0, -410.0)
_ARRIVES, _ENDS = (410.0, 450.0), (750.0, 810.0)
# The country road lies so high, and meets the ramps so far from the motorway's middle [m].
_BRIDGE_M, _TERMINAL_M, _REACH_M = 6.5, 120.0, 16.0

_HARD_SHOULDER = Strip(_SHOULDER_M, xodr.LaneType.shoulder)
_THROUGH = (*[Strip(_LANE_M)] * _LANES, _HARD_SHOULDER)
_WIDENED = (*[Strip(_LANE_M)] * (_LANES + 1), _HARD_SHOULDER)
_RAMP = (Strip(_RAMP_LANE_M),)
_COUNTRY = (Strip(_COUNTRY_LANE_M), Strip(1.5, xodr.LaneType.shoulder))


@cache
def motorway() -> str:
    """OpenDRIVE 1.4 text of the map; the same on every call and machine."""
    network = Network("motorway")
    ramps: dict[tuple[int, bool], tuple[Street, Street]] = {}
    for inner in (False, True):
        frames = _frame(0, inner), _frame(1, inner)
        bends = [_bend(network, 1 + 2 * inner + k, frames[k], inner) for k in (0, 1)]
        for k in (0, 1):
            ramps[k, inner] = _interchange(
                network, 1 + 2 * inner + k, frames[k], before=bends[1 - k], after=bends[k]
            )
    _country_road(network, ramps)
    return network.text()


def _frame(turn: int, inner: bool) -> Pose:
    """Middle of a straight, heading as the traffic of one carriageway does.

    The south straight is the first; ``turn`` 1 is the north one, half a turn about the origin.
    """
    south = Pose(0.0, -RADIUS_M, math.pi if inner else 0.0)
    return south if turn == 0 else Pose(-south.x, -south.y, south.heading + math.pi)


def _bend(network: Network, road: int, frame: Pose, inner: bool) -> Street:
    """From the last junction of one straight, half round, to the first of the other."""
    radius = RADIUS_M + (-_HALF_MEDIAN_M if inner else _HALF_MEDIAN_M)
    half = STRAIGHT_M / 2.0
    shape = (
        Stretch(half - _ENDS[1]),
        Stretch(math.pi * radius, (-1.0 if inner else 1.0) / radius),
        Stretch(half + _OPENS[0]),
    )
    start = frame.moved(_ENDS[1], -_HALF_MEDIAN_M)
    return network.street(Street(road, start, shape, _THROUGH, (), LIMIT_KMH))


def _interchange(
    network: Network, number: int, frame: Pose, before: Street, after: Street
) -> tuple[Street, Street]:
    """One carriageway between two bends with its exit and entry; the ramps off and on."""

    def ahead(road: int, from_: float, to: float, lanes: tuple[Strip, ...]) -> Street:
        start = frame.moved(from_, -_HALF_MEDIAN_M)
        shape = (Stretch(to - from_),)
        return network.street(Street(10 * number + road, start, shape, lanes, (), LIMIT_KMH))

    def ramp(road: int, kmh: int, start: Pose, end: Pose, z: tuple[float, float]) -> Street:
        shape = tuple(biarc(start, end))
        return network.street(Street(10 * number + road, start, shape, _RAMP, (), kmh, z))

    exit_ = ahead(0, _OPENS[1], _LEAVES[0], _WIDENED)
    between = ahead(1, _LEAVES[1], _ARRIVES[0], _THROUGH)
    entry = ahead(2, _ARRIVES[1], _ENDS[0], _WIDENED)
    terminal = frame.moved(0.0, -_TERMINAL_M)
    gore = -_HALF_MEDIAN_M - _LANES * _LANE_M - _GORE_M
    off = ramp(
        3, OFF_RAMP_KMH, frame.moved(_LEAVES[1], gore), terminal.moved(-_REACH_M), (0.0, _BRIDGE_M)
    )
    on = ramp(
        4, ON_RAMP_KMH, terminal.moved(_REACH_M), frame.moved(_ARRIVES[0], gore), (_BRIDGE_M, 0.0)
    )

    through = [(k, k) for k in range(1, _LANES + 1)]

    def join(k: int, come: Street, go: Street, more: list[Movement]) -> list[int]:
        arrive, leave = Port(come, True), Port(go, False)
        straight = [((arrive, a), (leave, b)) for a, b in through]
        return network.join(100 + 10 * number + k, straight + more)

    outer = _LANES + 1
    join(0, before, exit_, [((Port(before, True), _LANES), (Port(exit_, False), outer))])
    join(1, exit_, between, [((Port(exit_, True), outer), (Port(off, False), 1))])
    join(2, between, entry, [((Port(on, True), 1), (Port(entry, False), outer))])
    merging = join(3, entry, after, [((Port(entry, True), outer), (Port(after, False), _LANES))])

    name = f"{100 + 10 * number}"
    network.sign(f"{name}0", Port(entry, True), "205", "Sign_Yield", merging[-1:], back=20.0)
    limits = ((before, LIMIT_KMH), (entry, LIMIT_KMH), (off, OFF_RAMP_KMH), (on, ON_RAMP_KMH))
    for k, (street, kmh) in enumerate(limits):
        back = street.length - 5.0
        network.limit_sign(f"{name}{1 + k}", Port(street, True), kmh, back)
    return off, on


def _country_road(network: Network, ramps: dict[tuple[int, bool], tuple[Street, Street]]) -> None:
    """Northwards along x = 0, over the south straight, through the ring, over the north one."""
    near, far = RADIUS_M - _TERMINAL_M, RADIUS_M + _TERMINAL_M
    streets = []
    for k, (from_, to) in enumerate(((-far, -near), (-near, near), (near, far))):
        start = Pose(0.0, from_ + _REACH_M, math.pi / 2.0)
        shape = (Stretch(to - from_ - 2.0 * _REACH_M),)
        level = (_BRIDGE_M, _BRIDGE_M)
        street = Street(90 + k, start, shape, _COUNTRY, _COUNTRY, COUNTRY_KMH, level)
        streets.append(network.street(street))
    south, middle, north = streets
    terminals = (
        (0, False, [Port(south, False)]),
        (0, True, [Port(south, True), Port(middle, False)]),
        (1, True, [Port(middle, True), Port(north, False)]),
        (1, False, [Port(north, True)]),
    )
    for k, (straight, inner, arms) in enumerate(terminals):
        off, on = ramps[straight, inner]
        arrive, leave = [Port(off, True), *arms], [*arms, Port(on, False)]
        movements = [((a, 1), (b, 1)) for a in arrive for b in leave if a is not b]
        roads = network.join(180 + k, movements)
        from_ramp = [r for r, ((a, _), _) in zip(roads, movements, strict=True) if a.street is off]
        network.sign(f"{180 + k}0", Port(off, True), "205", "Sign_Yield", from_ramp)
        for n, arm in enumerate(arms):
            far_end = Port(arm.street, not arm.at_end)
            back = arm.street.length - 5.0
            network.limit_sign(f"{180 + k}{1 + n}", far_end, COUNTRY_KMH, back)
