"""References of an OpenDRIVE file: what they name is there."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from hdsim.road.checks.findings import Finding, error, warning, whole

Lanes = dict[int, tuple[set[int], set[int]]]
"""By road the lane ids of its first and its last section."""


def check_references(root: Any) -> Iterator[Finding]:
    """Ids are unique, and links, connections, controllers and signal references lead somewhere."""
    roads = yield from _ids(root, "road")
    junctions = yield from _ids(root, "junction")
    ends: Lanes = {}
    for road_id, road in roads.items():
        sections = road.findall("lanes/laneSection")
        if sections:
            ends[road_id] = (_lane_ids(sections[0]), _lane_ids(sections[-1]))
    for road_id, road in roads.items():
        yield from _links(road_id, road, roads, junctions, ends)
    for junction_id, junction in junctions.items():
        yield from _connections(junction_id, junction, roads, ends)
    yield from _signals(root)


def _ids(root: Any, tag: str) -> Generator[Finding, None, dict[int, Any]]:
    """Findings about ids; returns the elements by id."""
    found: dict[int, Any] = {}
    for element in root.iterfind(tag):
        number = whole(element.get("id"), 0)
        if number is None:
            expected = "a whole number, which is what the client reads"
            yield error(element, f"{tag}: id", element.get("id"), expected)
        elif number in found:
            expected = f"each id once (first in line {found[number].sourceline})"
            yield error(element, f"{tag}: id", number, expected)
        else:
            found[number] = element
    return found


def _lane_ids(section: Any) -> set[int]:
    ids = (whole(lane.get("id")) for lane in section.iterfind("*/lane"))
    return {i for i in ids if i is not None}


def _links(
    road_id: int, road: Any, roads: dict[int, Any], junctions: dict[int, Any], ends: Lanes
) -> Iterator[Finding]:
    name = f"road {road_id}"
    junction = whole(road.get("junction", "-1"))
    if junction is None or (junction != -1 and junction not in junctions):
        yield error(road, f"{name}: junction", road.get("junction"), "-1 or the id of a junction")
    beyond: dict[str, set[int] | None] = {"predecessor": None, "successor": None}
    for side in beyond:
        link = road.find(f"link/{side}")
        if link is None:
            continue
        kind, target = link.get("elementType"), whole(link.get("elementId"))
        if kind not in ("road", "junction"):
            yield error(link, f"{name}: {side} elementType", kind, "'road' or 'junction'")
        elif target not in (roads if kind == "road" else junctions):
            yield error(link, f"{name}: {side}", link.get("elementId"), f"the id of a {kind}")
        elif kind == "road":
            contact = link.get("contactPoint")
            if contact not in ("start", "end"):
                yield error(link, f"{name}: {side} contactPoint", contact, "'start' or 'end'")
            elif target in ends:
                beyond[side] = ends[target][contact == "end"]
    sections = road.findall("lanes/laneSection")
    ids = [_lane_ids(s) for s in sections]
    for k, section in enumerate(sections):
        around = {
            "predecessor": ids[k - 1] if k else beyond["predecessor"],
            "successor": ids[k + 1] if k + 1 < len(ids) else beyond["successor"],
        }
        for lane in section.iterfind("*/lane"):
            yield from _lane_links(name, lane, around)


def _lane_links(name: str, lane: Any, around: dict[str, set[int] | None]) -> Iterator[Finding]:
    for side, known in around.items():
        for link in lane.iterfind(f"link/{side}"):
            target = whole(link.get("id"))
            key = f"{name}: lane {lane.get('id')}: {side}"
            if target is None:
                yield error(link, key, link.get("id"), "a lane id")
            elif known is not None and target not in known:
                report = error if lane.get("type") == "driving" else warning
                yield report(link, key, target, f"a lane of the road there: {_listed(known)}")


def _connections(
    junction_id: int, junction: Any, roads: dict[int, Any], ends: Lanes
) -> Iterator[Finding]:
    name = f"junction {junction_id}"
    for connection in junction.iterfind("connection"):
        incoming = whole(connection.get("incomingRoad"))
        connecting = whole(connection.get("connectingRoad") or connection.get("linkedRoad"))
        for key, road in (("incomingRoad", incoming), ("connectingRoad", connecting)):
            if road not in roads:
                yield error(connection, f"{name}: {key}", connection.get(key), "the id of a road")
        if incoming not in ends or connecting not in ends:
            continue
        contact = connection.get("contactPoint")
        if contact not in ("start", "end"):
            yield error(connection, f"{name}: contactPoint", contact, "'start' or 'end'")
            continue
        known_from = set.union(*ends[incoming])
        known_to = ends[connecting][contact == "end"]
        for link in connection.iterfind("laneLink"):
            for key, known in (("from", known_from), ("to", known_to)):
                target = whole(link.get(key))
                if target is not None and target not in known:
                    expected = f"a lane of the road there: {_listed(known)}"
                    yield error(link, f"{name}: laneLink {key}", target, expected)


def _signals(root: Any) -> Iterator[Finding]:
    signals: dict[str, Any] = {}
    for signal in root.iterfind("road/signals/signal"):
        name = signal.get("id") or ""
        if not name:
            yield error(signal, "signal: id", None, "an id")
        elif name in signals:
            expected = f"each id once (first in line {signals[name].sourceline})"
            yield error(signal, "signal: id", name, expected)
        signals[name] = signal
        if not signal.get("type"):
            yield warning(signal, f"signal {name}: type", None, "a type")
    for mark in root.iterfind("road/signals/signalReference"):
        if mark.get("id") not in signals:
            yield error(mark, "signalReference: id", mark.get("id"), "the id of a signal")
    controllers: set[str] = set()
    for controller in root.iterfind("controller"):
        controllers.add(controller.get("id") or "")
        for control in controller.iterfind("control"):
            if control.get("signalId") not in signals:
                key = f"controller {controller.get('id')}: signalId"
                yield error(control, key, control.get("signalId"), "the id of a signal")
    for use in root.iterfind("junction/controller"):
        if use.get("id") not in controllers:
            key = f"junction {use.getparent().get('id')}: controller"
            yield error(use, key, use.get("id"), "the id of a controller")


def _listed(ids: set[int]) -> str:
    return ", ".join(str(i) for i in sorted(ids)) or "none"
