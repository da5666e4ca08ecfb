"""Writes the parts of the documentation that the code knows best.

``python docs/generate.py`` renews everything between ``<!-- generated: NAME -->`` and
``<!-- end -->`` in the pages beside it; with ``--check`` it only says which pages are stale.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from hdsim.driver import show
from hdsim.driver.hierarchy import GROUPS, LAYER_OF, RULES, Quantity, load_hierarchy
from hdsim.driver.profile import ProfileFile
from hdsim.events.thresholds import Thresholds
from hdsim.perception.catalogue import Course, Gain, Operation, Selector
from hdsim.perception.parameters import KINDS
from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.furniture import road_furniture
from hdsim.road.signs import SIGN_CATALOGUES, SignKind, sign_kind
from hdsim.road.spawn import spawn_points
from hdsim.scenario.schema import Scenario
from hdsim.server.actors.attributes import Attribute, AttributeType
from hdsim.server.calls import coverage
from hdsim.server.physics import performance
from hdsim.server.sensors.catalogue import SENSORS, WITHOUT_EFFECT, is_camera

DOCS = Path(__file__).resolve().parent
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_COMMON = ("op", "select", "course", "gain", "source", "cause")
Schema = dict[str, Any]


def keys(model: type[BaseModel]) -> str:
    """A table of all keys below a model."""
    schema = model.model_json_schema(by_alias=True)
    rows = list(_rows(schema, schema.get("$defs", {}), ""))
    return _table(("key", "value", "default", "meaning"), rows)


def _rows(schema: Schema, defs: Schema, prefix: str) -> Iterator[Sequence[str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        objects = [o for o in _alternatives(field, defs) if "properties" in o]
        plain = [o for o in _alternatives(field, defs) if "properties" not in o]
        default = "required" if name in required else _shown(field.get("default"))
        meaning = field.get("description") or (plain[0].get("description", "") if plain else "")
        if plain or default == "required":
            values = _words(plain) if plain else "one of the groups below"
            if plain and objects:
                values += ", or the keys below"
            yield f"`{key}`", values, default, meaning or _first_line(objects)
        for one in objects:
            yield from _rows(one, defs, f"{key}.")


def _first_line(schemas: Sequence[Schema]) -> str:
    return schemas[0].get("description", "").split("\n")[0] if len(schemas) == 1 else ""


def _alternatives(schema: Schema, defs: Schema) -> list[Schema]:
    """Every schema that may stand here, references and null taken away."""
    if "$ref" in schema:
        return _alternatives(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
    for many in ("anyOf", "oneOf"):
        if many in schema:
            return [a for one in schema[many] for a in _alternatives(one, defs)]
    return [] if schema.get("type") == "null" else [schema]


def _words(schemas: Sequence[Schema]) -> str:
    return " or ".join(dict.fromkeys(_word(s) for s in schemas))


def _word(schema: Schema) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " \\| ".join(f"`{v}`" for v in schema["enum"])
    kind = schema.get("type", "any value")
    if kind == "array":
        if "prefixItems" in schema:
            return f"{len(schema['prefixItems'])} numbers"
        return f"list of {_word(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"name: {_word(inner)}" if isinstance(inner, dict) else "mapping"
    name = {"string": "text", "boolean": "`true` \\| `false`", "integer": "integer"}.get(kind, kind)
    bounds = _bounds(schema)
    return bounds if kind == "number" and bounds else f"{name} {bounds}".strip()


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low:.15g} to {high:.15g}"
    words = (
        ("minimum", "from {:.15g}"),
        ("exclusiveMinimum", "above {:.15g}"),
        ("maximum", "up to {:.15g}"),
        ("exclusiveMaximum", "below {:.15g}"),
    )
    return ", ".join(text.format(schema[key]) for key, text in words if key in schema)


def _shown(default: Any) -> str:
    if default is None or default in ("", {}, []):
        return ""
    if isinstance(default, dict):
        return "{" + ", ".join(f"{k}: {_shown(v)}" for k, v in default.items()) + "}"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"{default:.6g}"
    if isinstance(default, (list, tuple)):
        return "[" + ", ".join(_shown(v).strip("`") for v in default) + "]"
    return f"`{default}`" if isinstance(default, str) else str(default)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def operations() -> str:
    """Every operation of the catalogue with its parameters."""
    return "\n".join(_operation(kind) for kind in get_args(get_args(Operation)[0]))


def _operation(model: type[BaseModel]) -> str:
    name = model.model_fields["op"].default
    scaled = {p.name: p for p in KINDS[name].scaled}
    schema = model.model_json_schema()
    rows = []
    for key, field in schema["properties"].items():
        if key in _COMMON:
            continue
        parameter = scaled.get(key)
        neutral = f"{parameter.neutral:g}" if parameter else ""
        at_once = parameter is None or parameter.rate_per_s == float("inf")
        rate = "" if parameter is None or at_once else f"{parameter.rate_per_s:g}"
        words = _words(_alternatives(field, schema.get("$defs", {})))
        default = "required" if key in schema.get("required", ()) else _shown(field.get("default"))
        said = re.sub(r"\s*Neutral: [\d.]+[.;]?", "", field.get("description", "")).strip()
        rows.append((f"`{key}`", words, default, neutral, rate, said[:1].upper() + said[1:]))
    head = ("parameter", "range", "default", "neutral", "fastest change per s", "")
    return f"### `{name}`\n\n{_told(model)}\n\n{_table(head, rows)}"


def _told(model: type[BaseModel]) -> str:
    """A docstring as Markdown."""
    return cleandoc(model.__doc__ or "").replace("``", "`")


def common_parts() -> str:
    """Selector, time courses and gain."""
    parts: list[tuple[str, type[BaseModel]]] = [("`select`", Selector)]
    courses = get_args(get_args(Course)[0])
    parts += [(f"`course: {c.model_fields['course'].default}`", c) for c in courses]
    parts.append(("`gain`", Gain))
    return "\n".join(f"### {title}\n\n{_told(model)}\n\n{keys(model)}" for title, model in parts)


def server_coverage() -> str:
    """What the embedded server does with every call, command and stream of the client."""
    groups = {
        **coverage.calls(),
        "Batch commands": coverage.commands(),
        "Streams and sensors": coverage.streams(),
    }
    rows = [row for group in groups.values() for row in group]
    counts = Counter(row.status for row in rows)
    summary = ", ".join(f"{counts[status]} {status.value}" for status in coverage.Status)
    parts = [f"{len(rows)} entries: {summary}.\n"]
    for title, group in groups.items():
        lines = [(f"`{r.name}`", r.status.value, r.note, _test_link(r.test)) for r in group]
        parts.append(f"## {title}\n\n{_table(('name', '', 'what', 'shown by'), lines)}")
    return "\n".join(parts)


def _test_link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[`{name}`](../tests/{file}.py)"


def physics_performance() -> str:
    """Published sprints and stops beside those of the realistic physics."""
    sprints = [
        (s.car, f"0 to {_round_speed(s.to)}", f"{s.seconds:.1f} s",
         *_beside(performance.sprint(s.model, s.to, s.rollout, s.kerb), s.seconds, "s"), s.source)
        for s in performance.SPRINTS
    ]  # fmt: skip
    stops = [
        (s.car, f"{_round_speed(s.of)} to 0", f"{s.metres:.1f} m",
         *_beside(performance.stop(s.model, s.of), s.metres, "m"), s.source)
        for s in performance.STOPS
    ]  # fmt: skip
    return _table(("car", "", "published", "model", "off by", "source"), sprints + stops)


def physics_rules() -> str:
    """What rules ask of the other classes, and what the realistic physics make of it."""
    rows = []
    for r in performance.RULES:
        unit = "s" if r.sprints else "m"
        speed = _round_speed(r.speed)
        found = (performance.sprint if r.sprints else performance.stop)(r.model, r.speed)
        rows.append((
            r.model, r.what, f"0 to {speed}" if r.sprints else f"{speed} to 0",
            f"{r.at_most:.1f} {unit}", f"{found:.1f} {unit}", r.source,
        ))  # fmt: skip
    return _table(("model here", "rule for", "", "at most", "model", "rule"), rows)


def _beside(found: float, published: float, unit: str) -> tuple[str, str]:
    return f"{found:.1f} {unit}", f"{100.0 * (found / published - 1.0):+.0f} %"


def _round_speed(speed: float) -> str:
    kmh, mph = speed / performance.KMH, speed / performance.MPH
    return f"{kmh:.0f} km/h" if abs(kmh - round(kmh)) < 1e-6 else f"{mph:.0f} mph"


def sensors() -> str:
    """Sensors of the embedded server: how far each is served."""
    rows = [(f"`{s.name}`", s.served, s.note, f"`{s.test}`") for s in SENSORS.values()]
    return _table(("sensor", "", "", "contract test"), rows)


def sensor_attributes() -> str:
    """Attributes of the sensors that the embedded server computes."""
    return "\n".join(
        f"### `{s.name}`\n\n{_attributes(s.attributes)}"
        for s in SENSORS.values()
        if s.settings is not None and not is_camera(s.name)
    )


def _attributes(attributes: Sequence[Attribute]) -> str:
    rows = [
        (f"`{a.name}`", f"`{a.value}`", _limits(a))
        for a in attributes
        if a.name not in WITHOUT_EFFECT
    ]
    idle = ", ".join(f"`{a.name}`" for a in attributes if a.name in WITHOUT_EFFECT)
    table = _table(("attribute", "default", "from ... to"), rows)
    return f"{table}\nAccepted without effect: {idle}.\n"


def _limits(a: Attribute) -> str:
    numeric = a.type in (AttributeType.INT, AttributeType.FLOAT)
    return f"{a.low:.10g} ... {a.high:.10g}" if numeric else ""


def builtin_maps() -> str:
    """The built-in maps with their sizes."""
    rows = []
    for name, text in BUILTIN_MAPS.items():
        graph = lane_graph(name, text())
        furniture = road_furniture(text(), graph)
        kinds = [sign.kind for sign in furniture.signs]
        rows.append(
            (
                f"`{name}`",
                f"{float(graph.length.sum()) / 1000.0:.1f}",
                str(len({int(j) for j in graph.junction if j >= 0})),
                str(len(graph.signals)),
                *(str(kinds.count(kind)) for kind in SignKind),
                str(len(furniture.crosswalks)),
                str(len(spawn_points(graph))),
            )
        )
    head = ("map", "lanes [km]", "junctions", "signals", *_words_of(SignKind), "crosswalks")
    return _table((*head, "spawn points"), rows)


def _words_of(kinds: Iterable[SignKind]) -> list[str]:
    return [f"{kind.value.replace('_', ' ')} signs" for kind in kinds]


def sign_types() -> str:
    """Which OpenDRIVE signal types are which sign."""
    rows = [
        (str(sign_kind(t)).replace("_", " "), f"`{t.upper()}`", catalogue)
        for catalogue, types in SIGN_CATALOGUES.items()
        for t in types
    ]
    return _table(("sign", "type", "catalogue"), sorted(rows))


def driver_edges() -> str:
    """Every edge of the driver hierarchy, by the group of its target."""
    parts = [f"{show.standing()}\n"]
    hierarchy = load_hierarchy()
    for group in GROUPS:
        quantities = hierarchy.of_group(group)
        rows = [(f"`{q.name}`", *_quantity(q)) for q in quantities]
        head = ("quantity", "normal", "bounds", "unit", "", "source")
        parts.append(f"### {group.capitalize()} ({LAYER_OF[group]})\n\n{_table(head, rows)}")
        edges = [(q, e) for q in quantities for e in q.edges]
        rows = [
            (f"`{e.of}`", f"`{q.name}`", e.direction, e.text(q.rule), _cell(e.source))
            for q, e in edges
        ]
        if rows:
            parts.append(_table(("from", "to", "", "equation", "source"), rows))
    return "\n".join(parts)


def _quantity(q: Quantity) -> Sequence[str]:
    composed = "" if q.rule == "given" else f" {RULES[q.rule].capitalize()}."
    return (
        f"{q.normal:g}", "{:g} to {:g}".format(*q.bounds), q.unit, f"{q.meaning}{composed}",
        _cell(q.source),
    )  # fmt: skip


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def driver_tasks() -> str:
    """Secondary tasks: glances and loads."""
    rows = [
        (
            task.kind,
            f"`{name}`",
            "on the road" if task.glance_median_s is None
            else f"{task.glance_median_s:g} ({task.glance_sigma:g})",
            "" if task.glance_median_s is None else f"{task.on_road_s:g}",
            "one glance" if task.one_glance else f"{task.episode_s:g}",
            f"{task.cognitive_load:g}",
            f"{task.manual_load:g}",
            _cell(task.source),
        )
        for name, task in load_hierarchy().tasks.items()
    ]  # fmt: skip
    head = ("kind", "task", "glance, median s (log SD)", "between, s", "episode, s")
    return _table((*head, "cognitive load", "manual load", "source"), rows)


def _study(name: str) -> tuple[str, list[dict[str, Any]]]:
    """When and how a study was run, in words, and its rows; nothing where it was not."""
    path = DOCS / "science" / f"{name}.json"
    if not path.is_file():
        return "Not run on this build yet.\n", []
    result = json.loads(path.read_text(encoding="utf-8"))
    return f"`{result['command']}` on {result['date']}{result.get('note', '')}.\n", result["rows"]


def study_driver_science() -> str:
    """Simulated outcomes beside published ones."""
    told, rows = _study("driver-science")
    verdicts = Counter(row["verdict"] for row in rows)
    parts = [told]
    if rows:
        parts.append(f"{verdicts['pass']} pass, {verdicts['MISS']} miss.\n")
    for experiment in dict.fromkeys(row["experiment"] for row in rows):
        lines = [
            (
                row["outcome"] + (" *(validation)*" if row["validation"] else ""),
                f"{row['value']:.3g}" + (f" {row['unit']}" if row["unit"] != "1" else ""),
                f"{row['low']:.3g} to {row['high']:.3g}",
                str(row["n"]),
                row["published"],
                f"{row['source']} [{row['mark']}]" if row["source"] else "",
                f"**{row['verdict']}**" if row["verdict"] == "MISS" else row["verdict"],
            )
            for row in rows
            if row["experiment"] == experiment
        ]
        head = (experiment, "simulated", "95 %", "n", "published", "source", "")
        parts.append(_table(head, lines))
    return "\n".join(parts)


def study_styles() -> str:
    """F1 of styles, by arm and classifier."""
    told, rows = _study("styles")
    if not rows:
        return told
    lines = []
    for row in (row for row in rows if row["classifier"] == "mean"):
        same = [r for r in rows if (r["arm"], r["style"]) == (row["arm"], row["style"])]
        each = ", ".join(f"{r['f1_pct']:.0f}" for r in same if r["classifier"] != "mean")
        error = row["percept_error"]
        lines.append(
            (
                row["arm"], row["style"], f"{row['f1_pct']:.1f}",
                f"{row['low']:.1f} to {row['high']:.1f}", each, f"{row['train']} / {row['test']}",
                "" if row["aim_pct"] is None else f"{row['aim_pct']:g}",
                "" if error is None else f"{100.0 * error:.1f} %",
                f"**{row['verdict']}**" if row["verdict"] == "MISS" else row["verdict"],
            )
        )  # fmt: skip
    head = ("arm", "style", "F1 %", "95 %", "forest, SVM, kNN", "train / test", "aim")
    return told + "\n" + _table((*head, "percept error", ""), lines)


def study_ego() -> str:
    """Scores of stylised drivers as ego."""
    told, rows = _study("ego")
    if not rows:
        return told
    lines = [
        (
            row["profile"], f"{row['driving_score']:.1f}", f"{row['drop']:.1f}",
            f"{row['low']:.1f} to {row['high']:.1f}", f"{row['route_completion_pct']:.1f}",
            str(row["n"]), f"{row['paper_drop']:.1f}", row["verdict"],
        )
        for row in rows
    ]  # fmt: skip
    head = ("ego", "score", "drop", "95 %", "completion %", "drives", "the paper's drop", "")
    return told + "\n" + _table(head, lines)


PARTS = {
    "study-driver-science": study_driver_science,
    "study-styles": study_styles,
    "study-ego": study_ego,
    "driver-edges": driver_edges,
    "driver-tasks": driver_tasks,
    "builtin-maps": builtin_maps,
    "sign-types": sign_types,
    "physics-performance": physics_performance,
    "physics-rules": physics_rules,
    "sensors": sensors,
    "sensor-attributes": sensor_attributes,
    "scenario-keys": lambda: keys(Scenario),
    "profile-keys": lambda: keys(ProfileFile),
    "detector-keys": lambda: keys(Thresholds),
    "operations": operations,
    "operation-parts": common_parts,
    "server-coverage": server_coverage,
}


def renewed(text: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(lambda m: f"{m[1]}\n{PARTS[m[2]]()}\n{m[3]}", text)


def main(arguments: Sequence[str]) -> int:
    """Renews or checks all pages; the exit code."""
    stale = [
        page
        for page in sorted(DOCS.glob("*.md"))
        if renewed(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")
    ]
    for page in stale:
        if "--check" in arguments:
            print(f"{page.name} is stale: run python docs/generate.py")
        else:
            page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
            print(f"{page.name} renewed")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
