"""The built-in map ``roundabout``: a roundabout with four arms inside a ring of streets.

::

     ,------T------,     One lane everywhere, right-hand traffic, 50 km/h (30 round the island),
     |      |      |     sidewalks along all streets and around the roundabout, crosswalks over its
     T------O------T     arms and at the T-junctions. The ring closes the map: traffic never leaves
     |      |      |     it.
     `------T------'

Traffic that enters the roundabout yields to traffic in it; the southern arm has a stop sign. Where
an arm meets the ring it gives way too: at a stop sign in the east and west, at a yield sign in the
north and south.
"""

from __future__ import annotations

import math
from functools import cache

from scenariogeneration import xodr

from hdsim.road.builtin.geometry import Pose, Stretch
from hdsim.road.builtin.network import Movement, Network, Port, Street, Strip

LIMIT_KMH, ISLAND_KMH = 50, 30
# From the middle to the ring's middle line, and the radius of its corners [m].
RING_M, CORNER_M = 200.0, 40.0
# The lane around the island: outer radius and width as for a roundabout of 40 m across (Merkblatt
# fuer die Anlage von Kreisverkehren 2006, 6.5 m at 40 m).
OUTER_RADIUS_M, _CIRCLE_LANE_M = 20.0, 6.5
_LANE_M, _SIDEWALK_M = 3.5, 2.5
# Where the arms begin, and where the lane around the island meets their connecting roads: these
# give entries and exits a radius of 15 m and more. From a T-junction's middle to its streets.
_ARM_FROM_M, _HALF_SECTOR, _REACH_M = 36.0, math.radians(33.0), 14.0
# A car length before the yield line, as the same guideline has it; and behind a T-junction [m].
_CROSSWALK_BACK_M = 6.0

_WALK = Strip(_SIDEWALK_M, xodr.LaneType.sidewalk)
_HALF_STREET = (Strip(_LANE_M), _WALK)
_CIRCLE = (Strip(_CIRCLE_LANE_M), _WALK)


@cache
def roundabout() -> str:
    """OpenDRIVE 1.4 text of the map; the same on every call and machine."""
    network = Network("roundabout")
    arms = [_arm(network, 1 + k, k * math.pi / 2.0) for k in range(4)]
    _circle(network, arms)
    _ring(network, arms)
    return network.text()


def _arm(network: Network, road: int, out: float) -> Street:
    """From the roundabout outwards; its crosswalks."""
    start = Pose(0.0, 0.0, out).moved(_ARM_FROM_M)
    shape = (Stretch(RING_M - _REACH_M - _ARM_FROM_M),)
    street = Street(road, start, shape, _HALF_STREET, _HALF_STREET, LIMIT_KMH)
    network.crosswalk(street, _CROSSWALK_BACK_M)
    network.crosswalk(street, street.length - _CROSSWALK_BACK_M)
    return network.street(street)


def _circle(network: Network, arms: list[Street]) -> None:
    """The lane around the island, anticlockwise, in a piece between each arm and the next."""
    inner = OUTER_RADIUS_M - _CIRCLE_LANE_M
    sector = math.pi / 2.0 - 2.0 * _HALF_SECTOR
    pieces = []
    for k in range(4):
        begin = k * math.pi / 2.0 + _HALF_SECTOR
        start = Pose(inner * math.cos(begin), inner * math.sin(begin), begin + math.pi / 2.0)
        shape = (Stretch(inner * sector, 1.0 / inner),)
        piece = network.street(Street(10 + k, start, shape, _CIRCLE, (), ISLAND_KMH))
        network.limit_sign(f"1{k}4", Port(piece, True), ISLAND_KMH, back=piece.length - 1.0)
        pieces.append(piece)
    for k, arm in enumerate(arms):
        before, after = Port(pieces[k - 1], True), Port(pieces[k], False)
        outside = Port(arm, False)
        movements: list[Movement] = [
            ((before, 1), (after, 1)),
            ((outside, 1), (after, 1)),
            ((before, 1), (outside, 1)),
        ]
        _, entry, _ = network.join(100 + k, movements, walks=(1, 2))
        sign = ("206", "Sign_Stop") if k == 3 else ("205", "Sign_Yield")
        network.sign(f"1{k}0", outside, *sign, [entry])
        # Late enough not to count for the whole arm.
        network.limit_sign(f"1{k}1", outside, ISLAND_KMH, back=25.0)
        network.limit_sign(f"1{k}2", Port(arm, True), LIMIT_KMH, back=arm.length - 3.0)


def _ring(network: Network, arms: list[Street]) -> None:
    """Streets from each arm's end to the next, anticlockwise, and the T-junctions."""
    straight = RING_M - _REACH_M - CORNER_M
    corner = Stretch(CORNER_M * math.pi / 2.0, 1.0 / CORNER_M)
    shape = (Stretch(straight), corner, Stretch(straight))
    streets = []
    for k in range(4):
        out = Pose(0.0, 0.0, k * math.pi / 2.0)
        start = out.moved(RING_M, _REACH_M, math.pi / 2.0)
        street = Street(20 + k, start, shape, _HALF_STREET, _HALF_STREET, LIMIT_KMH)
        network.crosswalk(street, _CROSSWALK_BACK_M)
        streets.append(network.street(street))
    for k, arm in enumerate(arms):
        stem, left, right = Port(arm, True), Port(streets[k], False), Port(streets[k - 1], True)
        movements: list[Movement] = [
            ((right, 1), (left, 1)),  # anticlockwise along the ring, its outer side on the right
            ((stem, 1), (right, 1)),
            ((left, 1), (stem, 1)),
            ((left, 1), (right, 1)),
            ((stem, 1), (left, 1)),
            ((right, 1), (stem, 1)),
        ]
        roads = network.join(110 + k, movements, walks=(0, 1, 2))
        sign = ("206", "Sign_Stop") if k % 2 == 0 else ("205", "Sign_Yield")
        network.sign(f"11{k}0", stem, *sign, [roads[1], roads[4]])
        for n, (port, street) in enumerate(
            ((Port(arm, False), arm), (Port(streets[k], True), streets[k]),
             (Port(streets[k - 1], False), streets[k - 1]))
        ):  # fmt: skip
            network.limit_sign(f"11{k}{1 + n}", port, LIMIT_KMH, back=street.length - 3.0)
