"""Scenario file to batch: the product of the matrix, one task per combination and route."""

from __future__ import annotations

import copy
import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hdsim.core.errors import InputError, did_you_mean
from hdsim.core.yaml_input import Document, load_yaml, validate
from hdsim.scenario.leaderboard import RouteSpec, find_route_file, read_routes
from hdsim.scenario.schema import LeaderboardSource, RoamSource, Scenario
from hdsim.scenario.task import RoamRoute, RouteTask, ScenarioTask, SpawnRoute, WaypointRoute
from hdsim.scenario.weather import Weather, WeatherFields

# Short names of matrix axes.
AXES = {"mix": "traffic.mix", "route": "ego.route"}
# Axes that every task id shows anyway.
_IN_EVERY_ID = ("traffic.mix", "ego.route", "seed", "map")
_LABEL_CHARS = 80


@dataclass(frozen=True, slots=True)
class Batch:
    """What a scenario file asks for.

    Attributes:
        name: Name of the file's scenario.
        source: The file.
        tasks: In order: routes within seeds within the other axes, as the matrix lists them.
        document: The file itself, for messages about values that other rooms check.
    """

    name: str
    source: str
    tasks: tuple[ScenarioTask, ...]
    document: Document

    def only(self, part: str) -> Batch:
        """The tasks whose id contains ``part``.

        Raises:
            InputError: If there is none.
        """
        tasks = tuple(task for task in self.tasks if part in task.id)
        if not tasks:
            ids = [task.id for task in self.tasks]
            raise InputError(
                "--only", value=part, expected="a part of a scenario's id, such as " + ids[0]
            )
        return replace(self, tasks=tasks)


def load_scenario(path: str | Path) -> Scenario:
    """The checked scenario file, matrix not applied."""
    return validate(Scenario, load_yaml(path))


def expand(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Batch:
    """All tasks of a scenario file.

    Args:
        path: The file.
        overrides: Dotted keys with values that replace the file's, such as flags of the command
            line: ``{"traffic.vehicles": 10}``. Replacing a key also removes its matrix axis.

    Raises:
        InputError: If anything in the file, or in a route file it names, is wrong.
    """
    document = load_yaml(path)
    if overrides:
        document = _overridden(document, overrides)
    return expand_document(document, Path(path).resolve().parent)


def expand_document(document: Document, beside: Path) -> Batch:
    """As ``expand``, from a loaded document; relative route files are looked for in ``beside``."""
    scenario = validate(Scenario, document)
    axes = _axes(document, scenario)
    tasks: list[ScenarioTask] = []
    files: dict[Path, dict[str, RouteSpec]] = {}
    for choice in itertools.product(*(range(len(values)) for _, values in axes.values())):
        combined, labels = _combine(document, axes, choice)
        one = validate(Scenario, combined)
        for route, label, weather in _routes(one, combined, beside, files):
            task = _task(one, document.source, route, label, weather, labels)
            beside_file = beside / one.map
            if one.map.endswith(".xodr") and beside_file.is_file():
                task = task.model_copy(update={"map": str(beside_file)})
            tasks.append(task)
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise document.error("matrix", None, f"different scenarios, {task.id} comes up twice")
        seen.add(task.id)
    return Batch(scenario.name, document.source, tuple(tasks), document)


Axes = dict[str, tuple[str, list[Any]]]


def _axes(document: Document, scenario: Scenario) -> Axes:
    """Dotted key of each axis to (its name in the matrix, its values)."""
    axes: Axes = {}
    for name, values in scenario.matrix.items():
        key = AXES.get(name, name)
        top = key.split(".", 1)[0]
        known = [f.alias or n for n, f in Scenario.model_fields.items()]
        if top not in known or top in ("matrix", "schema", "name"):
            hint = did_you_mean(name, [*AXES, *known])
            raise document.error(f"matrix.{name}", None, f"a key of the scenario{hint}")
        if key in axes:
            raise document.error(f"matrix.{name}", None, f"{key} as one axis only")
        axes[key] = (name, values)
    return axes


def _combine(
    document: Document, axes: Axes, choice: Sequence[int]
) -> tuple[Document, dict[str, str]]:
    """The document with one value of each axis put in, and labels of those values."""
    data = copy.deepcopy(dict(document.data))
    data.pop("matrix", None)
    lines = {k: v for k, v in document.lines.items() if not k.startswith("matrix")}
    labels: dict[str, str] = {}
    for (key, (name, values)), i in zip(axes.items(), choice, strict=True):
        value = values[i]
        if key == "ego.route" and isinstance(value, (str, int)):
            key, value = "ego.route.ids", [value]
        _put(data, key, value, document)
        place = f"matrix.{name}[{i}]"
        for old in [k for k in lines if k.startswith((f"{key}.", f"{key}["))]:
            del lines[old]
        lines[key] = document.lines.get(place, document.lines.get(f"matrix.{name}", 1))
        for inner, line in document.lines.items():
            if inner.startswith((f"{place}.", f"{place}[")):
                lines[key + inner[len(place) :]] = line
        if key not in _IN_EVERY_ID and not key.startswith("ego.route"):
            labels[key] = slug(value)
    return Document(document.source, data, lines), labels


def _put(data: dict[str, Any], key: str, value: Any, document: Document) -> None:
    *parents, last = key.split(".")
    for i, part in enumerate(parents):
        inner = data.setdefault(part, {})
        if not isinstance(inner, dict):
            place = ".".join(parents[: i + 1])
            raise document.error(place, inner, f"a mapping, so that {key} can be set")
        data = inner
    data[last] = value


def _overridden(document: Document, overrides: Mapping[str, Any]) -> Document:
    if not isinstance(document.data, Mapping):
        raise document.error("", document.data, "a mapping of keys to values")
    data = copy.deepcopy(dict(document.data))
    for key, value in overrides.items():
        full = AXES.get(key, key)
        _put(data, full, value, document)
        matrix = data.get("matrix")
        if isinstance(matrix, dict):
            data["matrix"] = {k: v for k, v in matrix.items() if AXES.get(k, k) != full}
    return Document(document.source, data, document.lines)


def _routes(
    scenario: Scenario, document: Document, beside: Path, files: dict[Path, dict[str, RouteSpec]]
) -> Iterator[tuple[RouteTask, str, WeatherFields | None]]:
    source = scenario.ego.route
    if isinstance(source, RoamSource):
        yield RoamRoute(duration_s=source.roam), f"roam{source.roam:g}", None
        return
    if not isinstance(source, LeaderboardSource):
        if source.start == source.goal:
            raise document.error("ego.route.to", source.goal, "another spawn point than 'from'")
        route = SpawnRoute(start=source.start, goal=source.goal)
        yield route, f"p{source.start}-{source.goal}", None
        return
    key = "ego.route.leaderboard"
    path = find_route_file(source.leaderboard, beside, document.where(key), key)
    if path not in files:
        files[path] = read_routes(path)
    for spec in _selected(source, files[path], scenario.map, document):
        route_task = WaypointRoute(id=spec.id, file=path.name, points=spec.points)
        yield route_task, f"r{slug(spec.id):>02}", spec.weather


def _selected(
    source: LeaderboardSource, specs: dict[str, RouteSpec], wanted_map: str, document: Document
) -> list[RouteSpec]:
    """The routes that the ids ask for; all of them must be on the scenario's map."""
    here = _town(wanted_map)
    if source.ids == "all":
        fitting = [spec for spec in specs.values() if _town(spec.town) == here]
        if not fitting:
            towns = ", ".join(sorted({spec.town for spec in specs.values()}))
            raise document.error("map", wanted_map, f"a town of {source.leaderboard}: {towns}")
        return fitting
    chosen = []
    for i, route_id in enumerate(source.ids):
        place = f"ego.route.ids[{i}]"
        spec = specs.get(route_id)
        if spec is None:
            known = ", ".join(specs)
            raise document.error(place, route_id, f"a route of {source.leaderboard}: {known}")
        if _town(spec.town) != here:
            raise document.error(place, route_id, f"a route on {wanted_map}, it is on {spec.town}")
        chosen.append(spec)
    if not chosen:
        raise document.error("ego.route.ids", None, "at least one route id, or all")
    return chosen


def _town(name: str) -> str:
    """Map name for comparison: file ending, folder and the layered maps' _Opt left away."""
    return Path(name).name.removesuffix(".xodr").removesuffix("_Opt").lower()


def _task(
    scenario: Scenario,
    source: str,
    route: RouteTask,
    route_label: str,
    weather: WeatherFields | None,
    labels: Mapping[str, str],
) -> ScenarioTask:
    mix = slug(scenario.traffic.mix)
    if scenario.traffic.driven_by == "traffic_manager":
        mix += "-tm"
    mix = _short(mix)
    chosen: Weather = scenario.weather or weather or "ClearNoon"
    parts = (_town(scenario.map), route_label, mix, *labels.values(), f"s{scenario.seed}")
    return ScenarioTask(
        id="/".join(parts),
        name=scenario.name,
        source=source,
        map=scenario.map,
        agent=scenario.ego.agent,
        blueprint=scenario.ego.blueprint,
        route=route,
        route_label=route_label,
        traffic=scenario.traffic,
        mix_label=mix,
        weather=chosen,
        step_s=scenario.step_s,
        end=scenario.end,
        seed=scenario.seed,
        detectors=scenario.detectors,
        guidance=scenario.guidance,
        driving_model=scenario.driving_model,
    )


def _short(label: str) -> str:
    """A label of at most 80 characters; what is cut off a longer one goes into a hash."""
    if len(label) <= _LABEL_CHARS:
        return label
    digest = hashlib.sha256(label.encode()).hexdigest()[:8]
    return f"{label[: _LABEL_CHARS - 9]}-{digest}"


def slug(value: Any) -> str:
    """A value as part of an id: ``{"drunk": 10, "normal": 20}`` is ``drunk10-normal20``."""
    if isinstance(value, Mapping):
        return "-".join(f"{slug(k)}{slug(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return "-".join(slug(v) for v in value)
    if isinstance(value, float):
        value = f"{value:g}"
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", str(value)).strip("-") or "-"
