"""Two-way streets, connecting roads and their rules, as OpenDRIVE elements.

Roads and junctions are ``scenariogeneration`` values; signals, signal references and controllers
are added to its XML, because the package writes no controllers and renames a signal referred to
from more than one road.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from scenariogeneration import xodr

LANE_WIDTH_M = 3.5
LANES = 2
LIMIT_KMH = 50
HALF_WIDTH_M = LANES * LANE_WIDTH_M
# Posts of signals and signs stand this far outside the carriageway [m].
_KERB_M = 1.5


@dataclass(frozen=True, slots=True)
class Arm:
    """One street as a junction sees it.

    Attributes:
        road: Road id of the street.
        at_end: Whether the street's end (else its start) is at the junction.
        out: Heading from the junction into the street [rad].
    """

    road: int
    at_end: bool
    out: float

    def lane(self, number: int, leaving: bool) -> int:
        """OpenDRIVE lane id of the ``number``-th lane from the middle, 1-based.

        Args:
            number: 1 is the inner lane.
            leaving: Whether traffic on it leaves the junction (else it arrives).
        """
        return number if self.at_end == leaving else -number

    @property
    def contact(self) -> xodr.ContactPoint:
        """Which end of the street touches the junction."""
        return xodr.ContactPoint.end if self.at_end else xodr.ContactPoint.start


def street(
    road: int, start: tuple[float, float, float], shape: list[xodr.Line | xodr.Arc]
) -> xodr.Road:
    """A street with two lanes a direction, a double solid middle line and free lane changes.

    Args:
        road: Road id.
        start: x, y [m] and heading [rad] of its reference line.
        shape: Its geometries in order.
    """
    middle = xodr.Lane(a=0.0)
    middle.add_roadmark(
        xodr.RoadMark(
            xodr.RoadMarkType.solid_solid, 0.12, color=xodr.RoadMarkColor.yellow,
            laneChange=xodr.LaneChange.none,
        )
    )  # fmt: skip
    section = xodr.LaneSection(0, middle)
    for number in range(1, LANES + 1):
        outermost = number == LANES
        for add in (section.add_left_lane, section.add_right_lane):
            lane = xodr.Lane(a=LANE_WIDTH_M)
            lane.add_roadmark(
                xodr.RoadMark(
                    xodr.RoadMarkType.solid if outermost else xodr.RoadMarkType.broken,
                    0.12,
                    laneChange=xodr.LaneChange.none if outermost else xodr.LaneChange.both,
                )
            )
            add(lane)
    return _road(road, start, shape, section, junction=-1)


def connecting_road(
    road: int, junction: int, centre: tuple[float, float], reach: float,
    come: tuple[Arm, int], go: tuple[Arm, int],
) -> tuple[xodr.Road, xodr.Connection]:  # fmt: skip
    """A one-lane road across a junction whose arms meet at right angles.

    Its reference line is the left edge of its lane: straight, or an arc with a straight end where
    the two lanes lie differently far out.

    Args:
        road: Road id.
        junction: Junction id.
        centre: Where the arms' middle lines cross [m].
        reach: Distance from there to where the arms begin [m].
        come: Arm and lane number (1 inner) it comes from.
        go: Arm and lane number it leads to.
    """
    (arm_in, lane_in), (arm_out, lane_out) = come, go
    heading, leave = arm_in.out + math.pi, arm_out.out
    x, y = _edge_point(centre, reach, arm_in.out, heading, lane_in)
    to_x, to_y = _edge_point(centre, reach, arm_out.out, leave, lane_out)
    turn = math.remainder(leave - heading, 2.0 * math.pi)
    ahead = (to_x - x) * math.cos(heading) + (to_y - y) * math.sin(heading)
    aside = abs((to_y - y) * math.cos(heading) - (to_x - x) * math.sin(heading))
    if abs(turn) < 1e-6:
        shape: list[xodr.Line | xodr.Arc] = [xodr.Line(ahead)]
    else:
        radius = min(ahead, aside)
        arc = xodr.Arc(math.copysign(1.0 / radius, turn), length=radius * abs(turn))
        straights = (ahead - radius, aside - radius)
        before, after = ([xodr.Line(m)] if m > 1e-6 else [] for m in straights)
        shape = [*before, arc, *after]
    lane = xodr.Lane(a=LANE_WIDTH_M)
    lane.add_link("predecessor", arm_in.lane(lane_in, leaving=False))
    lane.add_link("successor", arm_out.lane(lane_out, leaving=True))
    section = xodr.LaneSection(0, xodr.Lane(a=0.0))
    section.add_right_lane(lane)
    built = _road(road, (x, y, heading), shape, section, junction)
    built.add_predecessor(xodr.ElementType.road, arm_in.road, arm_in.contact)
    built.add_successor(xodr.ElementType.road, arm_out.road, arm_out.contact)
    connection = xodr.Connection(arm_in.road, road, xodr.ContactPoint.start)
    connection.add_lanelink(arm_in.lane(lane_in, leaving=False), -1)
    return built, connection


def _edge_point(
    centre: tuple[float, float], reach: float, out: float, heading: float, lane: int
) -> tuple[float, float]:
    """Left edge of a lane, as seen along ``heading``, where an arm begins [m]."""
    aside = (lane - 1) * LANE_WIDTH_M
    return (
        centre[0] + reach * math.cos(out) + aside * math.sin(heading),
        centre[1] + reach * math.sin(out) - aside * math.cos(heading),
    )


def _road(
    road: int, start: tuple[float, float, float], shape: list[xodr.Line | xodr.Arc],
    section: xodr.LaneSection, junction: int,
) -> xodr.Road:  # fmt: skip
    plan = xodr.PlanView(*start)
    for geometry in shape:
        plan.add_geometry(geometry)
    plan.adjust_geometries()
    lanes = xodr.Lanes()
    lanes.add_lanesection(section)
    built = xodr.Road(road, plan, lanes, road_type=junction, name=f"Road {road}")
    built.add_type(xodr.RoadType.town, speed=LIMIT_KMH, speed_unit="km/h")
    built.add_elevation(0, 0, 0, 0, 0)
    return built


def add_post(
    road: ET.Element, name: str, at_end: bool, kind: str, model: str, validity: tuple[int, int],
    back: float, dynamic: bool = False, value: float = -1.0, subtype: str = "-1",
    half_width: float = HALF_WIDTH_M,
) -> None:  # fmt: skip
    """Stand a signal or sign at the right kerb of a street, for traffic towards a junction.

    Orientation and hOffset follow the files of CARLA's towns ("-" for traffic along increasing s),
    which is what CARLA places and turns its signals by; the validity says which lanes are meant.

    Args:
        road: The street's element.
        name: Signal id.
        at_end: Whether the street's end (else its start) is at the junction.
        kind: Signal type.
        model: Signal name.
        validity: First and last lane id; (0, 0) when only references count.
        back: Distance from the junction [m].
        dynamic: Whether its state changes.
        value: Number on a sign, km/h.
        subtype: Subtype.
        half_width: From the reference line to the outer edge of the lanes [m].
    """
    length = float(road.get("length", "0"))
    along = at_end
    post = ET.SubElement(
        _signals(road),
        "signal",
        {
            "name": model,
            "id": name,
            "s": f"{length - back if along else back:.6f}",
            "t": f"{(-1.0 if along else 1.0) * (half_width + _KERB_M):.6f}",
            "zOffset": "0.0",
            "hOffset": "0.0" if along else f"{math.pi:.9f}",
            "roll": "0.0",
            "pitch": "0.0",
            "orientation": "-" if along else "+",
            "dynamic": "yes" if dynamic else "no",
            "country": "OpenDRIVE",
            "type": kind,
            "subtype": subtype,
            "value": f"{value:.1f}",
            "unit": "km/h" if value > 0.0 else "",
            "text": "",
            "height": "1.0",
            "width": "0.5",
        },
    )
    ET.SubElement(post, "validity", {"fromLane": str(validity[0]), "toLane": str(validity[1])})


def add_reference(road: ET.Element, name: str) -> None:
    """Make a signal or sign apply to a connecting road, from its start."""
    mark = ET.SubElement(
        _signals(road),
        "signalReference",
        {"id": name, "s": "0.0", "t": "0.0", "orientation": "-"},
    )
    ET.SubElement(mark, "validity", {"fromLane": "-1", "toLane": "-1"})


def _signals(road: ET.Element) -> ET.Element:
    found = road.find("signals")
    return ET.SubElement(road, "signals") if found is None else found
