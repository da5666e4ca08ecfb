"""Numbers of an OpenDRIVE file: there, finite, and in bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdsim.road.checks.findings import Finding, error, number, warning, whole

_CUBIC = ("a", "b", "c", "d")
# What CARLA's towns reach is far below; beyond it sampling a road would take all memory.
_LONGEST_M, _WIDEST_M, _FARTHEST_M = 1e5, 1e3, 1e7

# Attributes that must be numbers, by element, and those that must be if they are there.
_REQUIRED = {
    "geometry": ("s", "x", "y", "hdg", "length"),
    "arc": ("curvature",),
    "spiral": ("curvStart", "curvEnd"),
    "poly3": _CUBIC,
    "paramPoly3": ("aU", "bU", "cU", "dU", "aV", "bV", "cV", "dV"),
    "elevation": ("s", *_CUBIC),
    "superelevation": ("s", *_CUBIC),
    "laneOffset": ("s", *_CUBIC),
    "laneSection": ("s",),
    "width": ("sOffset", *_CUBIC),
    "border": ("sOffset", *_CUBIC),
    "roadMark": ("sOffset",),
    "signal": ("s", "t"),
    "signalReference": ("s", "t"),
    "object": ("s", "t"),
    "cornerLocal": ("u", "v"),
    "cornerRoad": ("s", "t"),
}
_OPTIONAL = {
    "signal": ("zOffset", "hOffset", "roll", "pitch", "height", "width", "value"),
    "object": ("zOffset", "hdg", "roll", "pitch", "length", "width", "height", "radius"),
    "cornerLocal": ("z", "height"),
    "cornerRoad": ("dz", "height"),
    "roadMark": ("width",),
    "speed": ("sOffset",),
    "type": ("s",),
}
_INTEGERS = {
    "lane": ("id",),
    "laneLink": ("from", "to"),
    "validity": ("fromLane", "toLane"),
}
_SHAPES = ("line", "arc", "spiral", "poly3", "paramPoly3")


def check_values(root: Any) -> Iterator[Finding]:
    """Numbers everywhere, then each road's geometry and lane sections."""
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        yield from _numbers(element)
    for road in root.iterfind("road"):
        yield from _road(road)


def _numbers(element: Any) -> Iterator[Finding]:
    tag = element.tag
    for key in _REQUIRED.get(tag, ()):
        value = number(element.get(key))
        if value is None:
            yield error(element, f"{tag}: {key}", element.get(key), "a number")
        elif abs(value) > _FARTHEST_M:
            yield error(element, f"{tag}: {key}", element.get(key), f"at most {_FARTHEST_M:g}")
    for key in _OPTIONAL.get(tag, ()):
        text = element.get(key)
        if text and number(text) is None:
            yield error(element, f"{tag}: {key}", text, "a number")
    for key in _INTEGERS.get(tag, ()):
        if whole(element.get(key)) is None:
            yield error(element, f"{tag}: {key}", element.get(key), "a whole number")


def _road(road: Any) -> Iterator[Finding]:
    name = f"road {road.get('id')}"
    length = number(road.get("length"))
    if length is None or not 0.0 < length <= _LONGEST_M:
        expected = f"metres above 0, at most {_LONGEST_M:g}"
        yield error(road, f"{name}: length", road.get("length"), expected)
        return
    plan = road.find("planView")
    pieces = [] if plan is None else plan.findall("geometry")
    if not pieces:
        yield error(road, name, None, "a planView with at least one geometry")
    total, last = 0.0, -1.0
    for piece in pieces:
        shapes = [child.tag for child in piece if child.tag in _SHAPES]
        if len(shapes) != 1:
            expected = f"one of {', '.join(_SHAPES)} in it"
            yield error(piece, f"{name}: geometry", ", ".join(shapes) or None, expected)
        if piece.find("arc") is not None and number(piece.find("arc").get("curvature")) == 0.0:
            yield error(piece, f"{name}: arc curvature", 0.0, "another number (0 is a line)")
        s, span = number(piece.get("s")), number(piece.get("length"))
        if s is None or span is None:
            continue
        if span <= 0.0:
            yield error(piece, f"{name}: geometry length", piece.get("length"), "metres above 0")
        if s <= last:
            yield error(piece, f"{name}: geometry s", s, "a larger s than the one before")
        total, last = max(total, s + span), s
    if pieces and abs(total - length) > max(0.1, 0.001 * length):
        yield warning(
            road, f"{name}: length", road.get("length"), f"that of its geometries, {total:.3f}"
        )
    if pieces and number(pieces[0].get("s")) not in (None, 0.0):
        yield error(pieces[0], f"{name}: geometry s", pieces[0].get("s"), "0 for the first")
    yield from _sections(road, name, length)


def _sections(road: Any, name: str, length: float) -> Iterator[Finding]:
    sections = road.findall("lanes/laneSection")
    if not sections:
        yield error(road, name, None, "lanes with at least one laneSection")
    last = -1.0
    for section in sections:
        s = number(section.get("s"))
        if s is not None and not max(last, -1e-6) < s < length:
            expected = f"ascending numbers from 0 to below the road's length {length:.3f}"
            yield error(section, f"{name}: laneSection s", section.get("s"), expected)
        last = last if s is None else s
        if section.find("center/lane[@id='0']") is None:
            yield error(section, f"{name}: laneSection", None, "a center lane of id 0")
        yield from _lanes(section, name)
    if sections and number(sections[0].get("s")) not in (None, 0.0):
        yield error(sections[0], f"{name}: laneSection s", sections[0].get("s"), "0 for the first")


def _lanes(section: Any, name: str) -> Iterator[Finding]:
    for side, sign in (("left", 1), ("center", 0), ("right", -1)):
        seen: set[int] = set()
        for lane in section.iterfind(f"{side}/lane"):
            number_ = whole(lane.get("id"))
            if number_ is None:
                continue  # found among the numbers
            if number_ in seen:
                yield error(lane, f"{name}: lane id", number_, "each lane of a section once")
            if (number_ > 0) - (number_ < 0) != sign:
                kind = {1: "above 0", 0: "0", -1: "below 0"}[sign]
                yield error(lane, f"{name}: lane id", number_, f"an id {kind} on the {side} side")
            seen.add(number_)
            if sign:
                yield from _width(lane, f"{name}: lane {number_}")
        if seen and sign and {abs(i) for i in seen} != set(range(1, len(seen) + 1)):
            expected = "1, 2, 3 ... from the middle outwards, without gaps"
            yield error(section, f"{name}: {side} lane ids", sorted(seen), expected)


def _width(lane: Any, name: str) -> Iterator[Finding]:
    records = lane.findall("width") or lane.findall("border")
    if not records:
        report = error if lane.get("type") == "driving" else warning
        yield report(lane, name, None, "a width")
    for record in records:
        a = number(record.get("a"))
        if a is not None and not (-_WIDEST_M <= a <= _WIDEST_M):
            yield error(record, f"{name}: width a", record.get("a"), f"at most {_WIDEST_M:g}")
    first = number(records[0].get("sOffset")) if records else None
    if first is not None and first != 0.0:
        report = error if lane.get("type") == "driving" else warning
        yield report(records[0], f"{name}: width sOffset", records[0].get("sOffset"), "0 first")
