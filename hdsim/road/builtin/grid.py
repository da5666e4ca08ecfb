"""The built-in map ``grid``: a signalised town of three by three blocks.

::

    (0,3)------T------T------(3,3)     16 crossings, 130 m apart: the corners are bends, the sides
      |        |      |        |       T-junctions, the inner four crossroads. All have traffic
      T--------+------*--------T       lights but the crossroads marked *, where the streets from
      |        |      |        |       south and north give way.
      T--------+------+--------T
      |        |      |        |       Two lanes a direction, right-hand traffic, 50 km/h, flat.
    (0,0)------T------T------(3,0)     The ring has no open end: traffic never leaves the map.

At a crossroads the inner lane goes straight or left, the outer one straight or right. Lights have
two phases: opposite approaches are green together, left turns give way to oncoming traffic.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from scenariogeneration import xodr

from hdsim.road.builtin.streets import (
    LANES,
    LIMIT_KMH,
    Arm,
    add_post,
    add_reference,
    connecting_road,
    street,
)

SIZE = 4
PITCH_M = 130.0
# From a crossing's middle to where its streets begin: turns to the right get a radius of 10.75 m
# at the lane's middle, about that of a town kerb plus half a lane.
REACH_M = 16.0
# Radius of the middle line in the four bends [m].
BEND_M = 40.0
UNSIGNALISED = (2, 2)

_EAST, _NORTH, _WEST, _SOUTH = (k * math.pi / 2.0 for k in range(4))

Node = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Movement:
    """A connecting road: its id, and where it comes from."""

    road: int
    come: Arm


@cache
def grid() -> str:
    """OpenDRIVE 1.4 text of the map; the same on every call and machine."""
    network = xodr.OpenDrive(
        "grid", revMajor="1", revMinor="4",
        geo_reference="+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    )  # fmt: skip
    arms: dict[Node, list[Arm]] = {
        (i, j): [] for i in range(SIZE) for j in range(SIZE) if not _is_bend((i, j))
    }
    for built, ends in _streets():
        for node, arm in ends:
            arms[node].append(arm)
        (first, _), (last, _) = ends
        built.add_predecessor(xodr.ElementType.junction, _junction(first))
        built.add_successor(xodr.ElementType.junction, _junction(last))
        network.add_road(built)
    movements = {node: _join(network, node, arms[node]) for node in arms}

    root = network.get_element()
    header = root.find("header")
    assert header is not None
    header.set("date", "2020-01-01T00:00:00")  # the text must not change from day to day
    roads = {int(r.get("id", "")): r for r in root.iterfind("road")}
    for node, nodes_arms in arms.items():
        for k, arm in enumerate(nodes_arms):
            _limit_sign(roads, f"{_junction(node)}{k}3", arm)
        _regulate(root, roads, node, nodes_arms, movements[node])
    # Controllers come before junctions, as the schema has it.
    for junction in root.findall("junction"):
        root.remove(junction)
        root.append(junction)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _is_bend(node: Node) -> bool:
    return all(c in (0, SIZE - 1) for c in node)


def _junction(node: Node) -> int:
    return 100 + SIZE * node[1] + node[0]


def _streets() -> Iterator[tuple[xodr.Road, tuple[tuple[Node, Arm], tuple[Node, Arm]]]]:
    """Every street with the nodes at its start and end and the arms they get."""
    road = 0
    for i in range(SIZE):
        for j in range(SIZE):
            for di, dj, out in ((1, 0, _EAST), (0, 1, _NORTH)):
                a, b = (i, j), (i + di, j + dj)
                if max(b) >= SIZE or _is_bend(a) or _is_bend(b):
                    continue
                road += 1
                x, y = _edge(a, out)
                built = street(road, (x, y, out), [xodr.Line(PITCH_M - 2.0 * REACH_M)])
                yield built, ((a, Arm(road, False, out)), (b, Arm(road, True, out + math.pi)))
    last = SIZE - 1
    # Anticlockwise: each bend leads from one side of the ring to the next.
    for a, b, out in (
        ((1, 0), (0, 1), _WEST),
        ((0, last - 1), (1, last), _NORTH),
        ((last - 1, last), (last, last - 1), _EAST),
        ((last, 1), (last - 1, 0), _SOUTH),
    ):
        road += 1
        straight = xodr.Line(PITCH_M - REACH_M - BEND_M)
        bend = xodr.Arc(-1.0 / BEND_M, length=BEND_M * math.pi / 2.0)
        built = street(road, (*_edge(a, out), out), [straight, bend, straight])
        arrive = out - math.pi / 2.0
        yield built, ((a, Arm(road, False, out)), (b, Arm(road, True, arrive + math.pi)))


def _edge(node: Node, out: float) -> tuple[float, float]:
    """Where a street begins at a node [m]."""
    return (
        PITCH_M * node[0] + REACH_M * math.cos(out),
        PITCH_M * node[1] + REACH_M * math.sin(out),
    )


def _join(network: xodr.OpenDrive, node: Node, arms: list[Arm]) -> list[_Movement]:
    """Add the connecting roads and the junction of a node."""
    junction = xodr.Junction(f"junction {node[0]}{node[1]}", _junction(node))
    centre = (PITCH_M * node[0], PITCH_M * node[1])
    movements: list[_Movement] = []
    for come in arms:
        for go in arms:
            for lane in _lanes(come, go):
                road = 100 * _junction(node) + len(movements)
                built, connection = connecting_road(
                    road, _junction(node), centre, REACH_M, (come, lane), (go, lane)
                )
                network.add_road(built)
                junction.add_connection(connection)
                movements.append(_Movement(road, come))
    network.add_junction(junction)
    return movements


def _lanes(come: Arm, go: Arm) -> tuple[int, ...]:
    """Lane numbers from which a movement is made (into the lane of the same number)."""
    if come is go:
        return ()
    turn = math.remainder(go.out - come.out - math.pi, 2.0 * math.pi)
    if abs(turn) < 1e-6:
        return tuple(range(1, LANES + 1))
    return (1,) if turn > 0.0 else (LANES,)


def _limit_sign(roads: dict[int, ET.Element], name: str, arm: Arm) -> None:
    """A speed sign for traffic that has just left a junction along an arm.

    CARLA's vehicles know no limit but those of signs (30 km/h before the first).
    """
    other = Arm(arm.road, not arm.at_end, 0.0)  # towards the street's far end
    length = float(roads[arm.road].get("length", "0"))
    lanes = (other.lane(1, leaving=False), other.lane(LANES, leaving=False))
    add_post(
        roads[arm.road], name, other.at_end, "274", f"Speed_{LIMIT_KMH}", (min(lanes), max(lanes)),
        back=length - 2.0, value=LIMIT_KMH, subtype=str(LIMIT_KMH),
    )  # fmt: skip


def _regulate(
    root: ET.Element, roads: dict[int, ET.Element], node: Node, arms: list[Arm],
    movements: list[_Movement],
) -> None:  # fmt: skip
    """Traffic lights and their controllers, or give-way signs, for one junction."""
    lights = node != UNSIGNALISED
    phases: dict[int, list[str]] = {0: [], 1: []}
    for k, arm in enumerate(arms):
        phase = round(abs(math.sin(arm.out)))  # 0 east-west, 1 north-south
        if not lights and phase == 0:
            continue
        name = f"{_junction(node)}{k}{0 if lights else 1}"
        kind, model = ("1000001", "Signal_3Light_Post01") if lights else ("205", "Sign_Yield")
        add_post(roads[arm.road], name, arm.at_end, kind, model, (0, 0), back=0.5, dynamic=lights)
        for movement in movements:
            if movement.come is arm:
                add_reference(roads[movement.road], name)
        phases[phase].append(name)
    if not lights:
        return
    junction = root.find(f"junction[@id='{_junction(node)}']")
    assert junction is not None
    for phase, names in phases.items():
        controller = f"{_junction(node)}{phase}"
        element = ET.SubElement(
            root, "controller",
            {"name": f"ctrl{controller}", "id": controller, "sequence": str(phase)},
        )  # fmt: skip
        for name in names:
            ET.SubElement(element, "control", {"signalId": name, "type": ""})
        ET.SubElement(
            junction, "controller", {"id": controller, "type": "", "sequence": str(phase)}
        )
