"""Leaderboard route files: XML of versions 1 and 2.x to routes in the right-handed frame.

Version 1 lists ``<waypoint x y z yaw pitch roll/>`` in each ``<route id town>``; 2.x lists
``<waypoints><position x y z/></waypoints>``. Coordinates are CARLA's (left-handed, metres,
degrees). The traffic scenarios of 2.x files are not read.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from hdsim.core.errors import InputError
from hdsim.scenario.weather import WeatherFields

Point = tuple[float, float, float, float | None]


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One route of a file.

    Attributes:
        id: As in the file.
        town: CARLA map name as in the file.
        points: ``(x, y, z, yaw)`` [m, rad], right-handed frame; yaw ``None`` where the file gives
            none (2.x).
        weather: At the start of the route; ``None`` when the file gives none.
    """

    id: str
    town: str
    points: tuple[Point, ...]
    weather: WeatherFields | None


def find_route_file(name: str, beside: Path, where: str, key: str) -> Path:
    """The route file ``name``: from ``beside``, HDSIM_ROUTES, HDSIM_MAPS/../routes, Leaderboard.

    Args:
        name: Path or file name.
        beside: Folder of the scenario file.
        where: File and line for the message.
        key: Key for the message.

    Raises:
        InputError: If it is in none of these places; the message lists them.
    """
    places = [beside / name]
    places += [Path(folder) / name for folder in _folders("HDSIM_ROUTES")]
    places += [Path(folder).parent / "routes" / name for folder in _folders("HDSIM_MAPS")]
    if root := os.environ.get("LEADERBOARD_ROOT"):
        places.append(Path(root) / "data" / name)
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(str(p) for p in places)
    raise InputError(where, key, name, f"a route file; looked for {looked} (set HDSIM_ROUTES?)")


def _folders(variable: str) -> list[str]:
    return [f for f in os.environ.get(variable, "").split(os.pathsep) if f]


def read_routes(path: Path) -> dict[str, RouteSpec]:
    """All routes of a file, by id, in file order.

    Raises:
        InputError: If it is no route file; names file, line and what is wrong.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}:{error.lineno}", expected=f"valid XML: {error.msg}") from error
    except OSError as error:
        raise InputError(str(path), expected=f"a readable file ({error})") from error
    if root.tag != "routes":
        raise InputError(_where(path, root), expected=f"<routes>, found <{root.tag}>")
    routes: dict[str, RouteSpec] = {}
    for node in root.iterfind("route"):
        spec = _route(path, node)
        if spec.id in routes:
            raise InputError(_where(path, node), "id", spec.id, "a route id once")
        routes[spec.id] = spec
    if not routes:
        raise InputError(_where(path, root), expected="at least one <route>")
    return routes


def _where(path: Path, node: Any) -> str:
    return f"{path}:{node.sourceline}"


def _route(path: Path, node: Any) -> RouteSpec:
    for name in ("id", "town"):
        if not node.get(name):
            raise InputError(_where(path, node), f"<route {name}>", expected="to be given")
    points = [_point(path, p) for p in (*node.iterfind("waypoint"), *node.iterfind("*/position"))]
    if len(points) < 2:
        raise InputError(
            _where(path, node),
            f"<route id={node.get('id')!r}>",
            expected=f"two points or more, found {len(points)}",
        )
    return RouteSpec(node.get("id"), node.get("town"), tuple(points), _weather(path, node))


def _point(path: Path, node: Any) -> Point:
    yaw = None if node.get("yaw") is None else -math.radians(_number(path, node, "yaw"))
    z = _number(path, node, "z") if node.get("z") is not None else 0.0
    return _number(path, node, "x"), -_number(path, node, "y"), z, yaw


def _number(path: Path, node: Any, name: str) -> float:
    text = node.get(name)
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(_where(path, node), f"<{node.tag} {name}>", text, "a finite number")
    return value


def _weather(path: Path, route: Any) -> WeatherFields | None:
    """The first ``<weather>`` below the route (2.x may list several along it)."""
    node = next(route.iter("weather"), None)
    if node is None:
        return None
    known = WeatherFields.model_fields
    fields = {name: _number(path, node, name) for name in node.attrib if name in known}
    try:
        return WeatherFields(**fields)
    except ValueError as error:
        raise InputError(_where(path, node), "<weather>", expected=f"weather: {error}") from error
