"""Roads with any lanes, joined by connecting roads in junctions, written as OpenDRIVE.

Right-hand traffic. Roads are ``scenariogeneration`` values; what the package does not write
(signs that several roads refer to) is added to its XML.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from scenariogeneration import xodr

from hdsim.road.builtin.geometry import Pose, Stretch, biarc, end_of, length_of, plan_view
from hdsim.road.builtin.streets import add_post, add_reference

# How far a crosswalk reaches onto the sidewalks at its ends [m].
_ONTO_SIDEWALK_M = 1.0


@dataclass(frozen=True, slots=True)
class Strip:
    """One lane of a road.

    Attributes:
        width: [m].
        kind: OpenDRIVE lane type.
    """

    width: float
    kind: xodr.LaneType = xodr.LaneType.driving


@dataclass(frozen=True, slots=True)
class Street:
    """A road between junctions.

    Attributes:
        id: Road id.
        start: Where its reference line begins.
        shape: Its reference line.
        right: Lanes to the right of the reference line, from the inside out.
        left: Lanes to its left, from the inside out, for the other direction.
        limit_kmh: Speed limit.
        z: Height at start and end [m].
    """

    id: int
    start: Pose
    shape: tuple[Stretch, ...]
    right: tuple[Strip, ...]
    left: tuple[Strip, ...]
    limit_kmh: int
    z: tuple[float, float] = (0.0, 0.0)

    @property
    def length(self) -> float:
        """[m]."""
        return length_of(self.shape)


@dataclass(frozen=True, slots=True)
class Port:
    """One end of a street, where a junction is.

    Attributes:
        street: The street.
        at_end: Whether it is the street's end (else its start).
    """

    street: Street
    at_end: bool

    def lane(self, number: int, leaving: bool) -> int:
        """OpenDRIVE id of the ``number``-th lane from the middle (1-based) that leaves or arrives.

        Args:
            number: 1 is the innermost lane.
            leaving: Whether traffic on it leaves the junction (else it arrives).
        """
        return number if self.at_end == leaving else -number

    def strip(self, lane: int) -> Strip:
        """The lane of an OpenDRIVE id."""
        side = self.street.left if lane > 0 else self.street.right
        return side[abs(lane) - 1]

    def edge(self, lane: int) -> Pose:
        """Inner edge of a lane here, heading as its traffic does."""
        street = self.street
        here = end_of(street.start, street.shape) if self.at_end else street.start
        side = street.left if lane > 0 else street.right
        inner = sum(strip.width for strip in side[: abs(lane) - 1])
        left = inner if lane > 0 else -inner
        return here.moved(0.0, left, math.pi if lane > 0 else 0.0)

    @property
    def z(self) -> float:
        """Height [m]."""
        return self.street.z[1 if self.at_end else 0]

    @property
    def contact(self) -> xodr.ContactPoint:
        """Which end of the street it is, in OpenDRIVE's words."""
        return xodr.ContactPoint.end if self.at_end else xodr.ContactPoint.start


Movement = tuple[tuple[Port, int], tuple[Port, int]]
"""Where traffic comes from and goes to, each as port and lane number (1 inner)."""


class Network:
    """A map in the making: streets first, then junctions, then what stands beside them."""

    def __init__(self, name: str) -> None:
        self._open_drive = xodr.OpenDrive(
            name, revMajor="1", revMinor="4",
            geo_reference="+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
        )  # fmt: skip
        self._roads: dict[int, xodr.Road] = {}
        self._ends: list[tuple[Port, int]] = []
        self._signs: list[tuple[str, Port, str, str, float, float]] = []
        self._references: list[tuple[int, str]] = []
        self._crosswalks: list[tuple[Street, float, float]] = []

    def street(self, street: Street) -> Street:
        """Add a street; returns it."""
        middle = xodr.Lane(a=0.0)
        two_way = bool(street.left)
        middle.add_roadmark(_mark(xodr.RoadMarkType.solid, change=False))
        section = xodr.LaneSection(0, middle)
        for strips, add in (
            (street.right, section.add_right_lane),
            (street.left, section.add_left_lane),
        ):
            for k, strip in enumerate(strips):
                lane = xodr.Lane(lane_type=strip.kind, a=strip.width)
                beside = k + 1 < len(strips) and strips[k + 1].kind == strip.kind
                kind = xodr.RoadMarkType.broken if beside else xodr.RoadMarkType.solid
                lane.add_roadmark(_mark(kind, change=beside))
                add(lane)
        kind = xodr.RoadType.rural if two_way else xodr.RoadType.motorway
        self._roads[street.id] = self._road(street, section, kind, junction=-1)
        return street

    def join(
        self, junction: int, movements: Sequence[Movement],
        walks: Sequence[int] = (), limit_kmh: int | None = None,
    ) -> list[int]:  # fmt: skip
        """Add a junction.

        Args:
            junction: Its id; connecting roads get 100 times it plus a count.
            movements: Its lanes.
            walks: Movements with a sidewalk to their right, by place in the list; the lanes
                beside both their lanes must be sidewalks.
            limit_kmh: Speed limit; that of the street a movement comes from when left out.

        Returns:
            Ids of the connecting roads, in the order of the movements.
        """
        built = xodr.Junction(f"junction {junction}", junction)
        ids = []
        ports: dict[tuple[int, bool], Port] = {}
        for k, ((come, from_number), (go, to_number)) in enumerate(movements):
            road = 100 * junction + k
            lanes = (come.lane(from_number, False), go.lane(to_number, True))
            self._connect(road, junction, come, go, lanes, k in walks, limit_kmh)
            connection = xodr.Connection(come.street.id, road, xodr.ContactPoint.start)
            connection.add_lanelink(lanes[0], -1)
            if k in walks:
                connection.add_lanelink(lanes[0] + _outwards(lanes[0]), -2)
            built.add_connection(connection)
            ids.append(road)
            for port in (come, go):
                ports[port.street.id, port.at_end] = port
        self._ends += [(port, junction) for port in ports.values()]
        self._open_drive.add_junction(built)
        return ids

    def sign(
        self, name: str, port: Port, kind: str, model: str, applies_to: Sequence[int],
        back: float = 1.0,
    ) -> None:  # fmt: skip
        """Stand a sign for traffic that arrives at a junction.

        Args:
            name: Signal id.
            port: Where the traffic comes from.
            kind: Signal type.
            model: Signal name.
            applies_to: Ids of the connecting roads it is for.
            back: Distance before the junction [m].
        """
        self._signs.append((name, port, kind, model, back, -1.0))
        self._references += [(road, name) for road in applies_to]

    def limit_sign(self, name: str, port: Port, kmh: int, back: float = 2.0) -> None:
        """Stand a speed sign (type 274) for traffic that arrives at a junction.

        CARLA's vehicles know no limit but those of signs (30 km/h before the first).

        Args:
            name: Signal id.
            port: The junction end of the street.
            kmh: The limit.
            back: Distance before the junction [m]; nearly the street's length puts it behind the
                junction before.
        """
        self._signs.append((name, port, "274", f"Speed_{kmh}", back, float(kmh)))

    def crosswalk(self, street: Street, s: float, width: float = 3.0) -> None:
        """Add a crosswalk over all lanes of a street, from sidewalk to sidewalk."""
        self._crosswalks.append((street, s, width))

    def text(self) -> str:
        """OpenDRIVE 1.4 text; the same on every call and machine."""
        for port, junction in self._ends:
            road = self._roads[port.street.id]
            add = road.add_successor if port.at_end else road.add_predecessor
            add(xodr.ElementType.junction, junction)
        for road in self._roads.values():
            self._open_drive.add_road(road)
        root = self._open_drive.get_element()
        header = root.find("header")
        header.set("date", "2020-01-01T00:00:00")  # the text must not change from day to day
        roads = {int(r.get("id", "")): r for r in root.iterfind("road")}
        for k, (street, s, width) in enumerate(self._crosswalks):
            _add_crosswalk(roads[street.id], f"{9000 + k}", street, s, width)
        for name, port, kind, model, back, value in self._signs:
            self._post(roads, name, port, kind, model, back, value)
        for road_id, name in self._references:
            add_reference(roads[road_id], name)
        for junction in root.findall("junction"):
            root.remove(junction)
            root.append(junction)
        ET.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")

    def _road(
        self, street: Street, section: xodr.LaneSection, kind: xodr.RoadType, junction: int
    ) -> xodr.Road:
        lanes = xodr.Lanes()
        lanes.add_lanesection(section)
        plan = plan_view(street.start, street.shape)
        built = xodr.Road(street.id, plan, lanes, road_type=junction, name=f"Road {street.id}")
        built.add_type(kind, speed=street.limit_kmh, speed_unit="km/h")
        low, high = street.z
        length, rise = street.length, high - low
        # From level to level, so that neighbours meet without a kink.
        built.add_elevation(0, low, 0, 3 * rise / length**2, -2 * rise / length**3)
        return built

    def _connect(
        self, road: int, junction: int, come: Port, go: Port, lanes: tuple[int, int],
        walk: bool, limit_kmh: int | None,
    ) -> None:  # fmt: skip
        """A connecting road whose reference line is the left edge of its lane."""
        start, end = come.edge(lanes[0]), go.edge(lanes[1])
        shape = tuple(biarc(start, end))
        limit = come.street.limit_kmh if limit_kmh is None else limit_kmh
        street = Street(road, start, shape, (), (), limit, (come.z, go.z))
        section = xodr.LaneSection(0, xodr.Lane(a=0.0))
        for beside in (0, 1) if walk else (0,):
            ids = [lane + beside * _outwards(lane) for lane in lanes]
            strips = come.strip(ids[0]), go.strip(ids[1])
            section.add_right_lane(_widening(strips[0], strips[1].width, street.length, ids))
        kind = xodr.RoadType.rural if come.street.left or go.street.left else xodr.RoadType.motorway
        built = self._road(street, section, kind, junction)
        built.add_predecessor(xodr.ElementType.road, come.street.id, come.contact)
        built.add_successor(xodr.ElementType.road, go.street.id, go.contact)
        self._roads[road] = built

    @staticmethod
    def _post(
        roads: dict[int, ET.Element], name: str, port: Port, kind: str, model: str,
        back: float, value: float,
    ) -> None:  # fmt: skip
        strips = port.street.right if port.at_end else port.street.left
        driving = [k + 1 for k, s in enumerate(strips) if s.kind is xodr.LaneType.driving]
        ends = [port.lane(k, leaving=False) for k in (driving[0], driving[-1])]
        validity = (min(ends), max(ends)) if value > 0.0 else (0, 0)
        add_post(
            roads[port.street.id], name, port.at_end, kind, model, validity, back,
            half_width=sum(s.width for s in strips), value=value,
            subtype=f"{value:.0f}" if value > 0.0 else "-1",
        )  # fmt: skip


def _outwards(lane: int) -> int:
    return 1 if lane > 0 else -1


def _mark(kind: xodr.RoadMarkType, change: bool) -> xodr.RoadMark:
    allowed = xodr.LaneChange.both if change else xodr.LaneChange.none
    return xodr.RoadMark(kind, 0.12, laneChange=allowed)


def _widening(strip: Strip, to: float, length: float, links: Sequence[int]) -> xodr.Lane:
    """A lane whose width changes smoothly, level at both ends, with its links."""
    more = to - strip.width
    lane = xodr.Lane(
        lane_type=strip.kind, a=strip.width, c=3 * more / length**2, d=-2 * more / length**3
    )
    lane.add_roadmark(_mark(xodr.RoadMarkType.none, change=False))
    lane.add_link("predecessor", links[0])
    lane.add_link("successor", links[1])
    return lane


def _add_crosswalk(road: ET.Element, name: str, street: Street, s: float, width: float) -> None:
    """Written as CARLA's towns do: corners local to an object that lies across the road."""
    objects = road.find("objects")
    objects = ET.SubElement(road, "objects") if objects is None else objects
    sides = [
        sum(p.width for p in strips if p.kind is xodr.LaneType.driving) + _ONTO_SIDEWALK_M
        for strips in (street.left, street.right)
    ]
    length, t = sum(sides), (sides[0] - sides[1]) / 2.0
    item = ET.SubElement(
        objects, "object",
        {
            "id": name, "name": "SimpleCrosswalk", "type": "crosswalk",
            "s": f"{s:.6f}", "t": f"{t:.6f}", "zOffset": "0.0", "hdg": f"{math.pi / 2.0:.9f}",
            "roll": "0.0", "pitch": "0.0", "orientation": "none",
            "length": f"{length:.6f}", "width": f"{width:.6f}",
        },
    )  # fmt: skip
    outline = ET.SubElement(item, "outline")
    u, v = length / 2.0, width / 2.0
    for corner in ((-u, -v), (u, -v), (u, v), (-u, v), (-u, -v)):
        ET.SubElement(
            outline, "cornerLocal", {"u": f"{corner[0]:.6f}", "v": f"{corner[1]:.6f}", "z": "0.0"}
        )
