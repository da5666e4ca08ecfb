"""The keys of a file, from the model that checks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from writers.markdown import table

Schema = dict[str, Any]


def keys(model: type[BaseModel]) -> str:
    """A table of all keys below a model."""
    schema = model.model_json_schema(by_alias=True)
    rows = list(_rows(schema, schema.get("$defs", {}), ""))
    return table(("key", "value", "default", "meaning"), rows)


def _rows(schema: Schema, defs: Schema, prefix: str) -> Iterator[Sequence[str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        objects = [o for o in alternatives(field, defs) if "properties" in o]
        plain = [o for o in alternatives(field, defs) if "properties" not in o]
        default = "required" if name in required else shown(field.get("default"))
        meaning = field.get("description") or (plain[0].get("description", "") if plain else "")
        if plain or default == "required":
            values = words(plain) if plain else "one of the groups below"
            if plain and objects:
                values += ", or the keys below"
            yield f"`{key}`", values, default, meaning or _first_line(objects)
        for one in objects:
            yield from _rows(one, defs, f"{key}.")


def _first_line(schemas: Sequence[Schema]) -> str:
    return schemas[0].get("description", "").split("\n")[0] if len(schemas) == 1 else ""


def alternatives(schema: Schema, defs: Schema) -> list[Schema]:
    """Every schema that may stand here, references and null taken away."""
    if "$ref" in schema:
        return alternatives(defs[schema["$ref"].rsplit("/", 1)[-1]], defs)
    for many in ("anyOf", "oneOf"):
        if many in schema:
            return [a for one in schema[many] for a in alternatives(one, defs)]
    return [] if schema.get("type") == "null" else [schema]


def words(schemas: Sequence[Schema]) -> str:
    """What may stand here."""
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


def shown(default: Any) -> str:
    """A default as it is written in YAML; nothing for an empty one."""
    if default is None or default in ("", {}, []):
        return ""
    if isinstance(default, dict):
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in default.items()) + "}"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, float):
        return f"{default:.6g}"
    if isinstance(default, (list, tuple)):
        return "[" + ", ".join(shown(v).strip("`") for v in default) + "]"
    return f"`{default}`" if isinstance(default, str) else str(default)
