"""YAML files from users: loaded with line numbers, checked against a pydantic model.

Every complaint names file, line, key, value and what was expected.
"""

from __future__ import annotations

import typing
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hdsim.core.errors import InputError, did_you_mean

Model = TypeVar("Model", bound=BaseModel)

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file (or text), as plain data that still knows its lines.

    Attributes:
        source: What messages call it: the path as the user gave it.
        data: Mappings, lists and scalars.
        lines: Line (from 1) of each dotted key, such as ``"traffic.mix"`` or ``"ids[2]"``.
    """

    source: str
    data: Any
    lines: Mapping[str, int] = field(default_factory=dict)

    def where(self, key: str = "") -> str:
        """``FILE:LINE`` of a key, or of the nearest key around it that the file has."""
        while key and key not in self.lines:
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        return f"{self.source}:{self.lines[key]}" if key in self.lines else self.source

    def error(self, key: str, value: object = None, expected: str = "") -> InputError:
        """An ``InputError`` that points at ``key``."""
        return InputError(self.where(key), key, value, expected)


def load_yaml(path: str | Path) -> Document:
    """Reads a YAML file.

    Raises:
        InputError: If it cannot be read, is not YAML, is empty, or has a key twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(str(path), expected="an existing file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), expected=f"a readable UTF-8 file ({error})") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Document:
    """As ``load_yaml``, from text; ``source`` names it in messages."""
    loader = yaml.SafeLoader(text)
    lines: dict[str, int] = {}
    try:
        node = loader.get_single_node()
        if node is None:
            raise InputError(source, expected="a YAML mapping, found an empty file")
        _index(loader, node, "", lines, source, set())
        data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{source}:{mark.line + 1}" if mark else source
        raise InputError(place, expected=f"valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(source, expected=f"valid YAML: {error}") from error
    finally:
        loader.dispose()
    return Document(source, data, lines)


def _index(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    key: str,
    lines: dict[str, int],
    source: str,
    open_nodes: set[int],
) -> None:
    """Notes the line of every key below ``node``; refuses duplicate keys and endless aliases."""
    lines.setdefault(key, node.start_mark.line + 1)
    if id(node) in open_nodes:
        raise InputError(f"{source}:{lines[key]}", key, expected="no alias to a node around it")
    inside = open_nodes | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            _index(loader, item, f"{key}[{i}]", lines, source, inside)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[Hashable, int] = {}
        for name_node, value in node.value:
            name = loader.construct_object(name_node, deep=True)
            line = name_node.start_mark.line + 1
            inner = f"{key}.{name}" if key else str(name)
            if name in seen:
                raise InputError(
                    f"{source}:{line}",
                    inner,
                    expected=f"a key once, it is also on line {seen[name]}",
                )
            seen[name] = line
            lines[inner] = line
            _index(loader, value, inner, lines, source, inside)


def validate(model: type[Model], document: Document) -> Model:
    """A checked instance of ``model`` from a document.

    Raises:
        InputError: For the first complaint in file order; a missing key comes last, because a
            misspelled one is often the reason.
    """
    if not isinstance(document.data, Mapping):
        raise document.error("", document.data, "a mapping of keys to values")
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        complaints = [
            (detail["type"] == "missing", _complaint(model, document, detail))
            for detail in error.errors()
        ]
    raise min(_deepest(complaints), key=lambda c: (c[0], _line_of(c[1].where)))[1]


def _deepest(complaints: list[tuple[bool, InputError]]) -> list[tuple[bool, InputError]]:
    """Without complaints about a value inside which something is wrong.

    The other members of a union complain about the whole value.
    """
    keys = [c[1].key for c in complaints]
    return [
        c
        for c in complaints
        if not any(k.startswith((f"{c[1].key}.", f"{c[1].key}[")) for k in keys)
    ]


def _line_of(where: str) -> int:
    tail = where.rpartition(":")[2]
    return int(tail) if tail.isdigit() else 0


def _complaint(model: type[BaseModel], document: Document, detail: ErrorDetails) -> InputError:
    kind = detail["type"]
    absent = kind in ("missing", "extra_forbidden")
    path, value = _resolve(document.data, detail["loc"], absent)
    key = dotted(path)
    if kind == "extra_forbidden":
        known = sorted(_keys_at(model, path[:-1]))
        hint = did_you_mean(str(path[-1]), known)
        return document.error(key, None, "a known key" + (hint or f": {', '.join(known)}"))
    if kind == "missing":
        return document.error(key, None, "to be given")
    shown = None if value is _MISSING or isinstance(value, (Mapping, list)) else value
    return document.error(key, shown, _expected(model, path, detail, value))


def _expected(
    model: type[BaseModel], path: Sequence[str | int], detail: ErrorDetails, value: object
) -> str:
    context = detail.get("ctx", {})
    if detail["type"] in ("value_error", "assertion_error"):
        return str(context.get("error", detail["msg"]))
    if detail["type"] == "literal_error":
        words = str(context.get("expected", ""))
        return words + did_you_mean(
            str(value), words.replace(" or ", ", ").strip("'").split("', '")
        )
    bounds = _bounds_at(model, path)
    if bounds and detail["type"] in (
        "greater_than_equal",
        "less_than_equal",
        "greater_than",
        "less_than",
        "float_type",
        "float_parsing",
        "int_type",
        "int_parsing",
        "finite_number",
    ):
        return bounds
    text = detail["msg"]
    for prefix in ("Input should be ", "Value error, "):
        text = text.removeprefix(prefix)
    return text


def _resolve(data: Any, location: Sequence[str | int], absent: bool) -> tuple[list[str | int], Any]:
    """The part of pydantic's location that names keys (not union members), and the value there.

    Args:
        data: The whole document.
        location: Where pydantic saw the error.
        absent: The last part is a key that the data need not have.
    """
    path: list[str | int] = []
    for i, part in enumerate(location):
        last = i == len(location) - 1
        in_map = isinstance(data, Mapping) and part in data
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if in_map or in_list:
            data = data[part]
        elif absent and last and isinstance(data, Mapping):
            data = _MISSING
        else:
            continue
        path.append(part)
    return path, data


def dotted(path: Sequence[str | int]) -> str:
    """``("matrix", "mix", 2)`` as ``matrix.mix[2]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _annotations_at(annotation: Any, path: Sequence[str | int]) -> list[Any]:
    """Every type that may stand at ``path`` below a type."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _annotations_at(args[0], path)
    if args and (origin is typing.Union or str(origin) == "<class 'types.UnionType'>"):
        return [found for arg in args for found in _annotations_at(arg, path)]
    if not path:
        return [annotation]
    head, rest = path[0], path[1:]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if head == (info.alias or name):
                return _annotations_at(info.annotation, rest)
        return []
    if origin is not None and args:  # list[x], tuple[x, ...], dict[k, v]
        return _annotations_at(args[-1] if args[-1] is not Ellipsis else args[0], rest)
    return []


def _models_at(model: type[BaseModel], path: Sequence[str | int]) -> list[type[BaseModel]]:
    found = _annotations_at(model, path)
    return [a for a in found if isinstance(a, type) and issubclass(a, BaseModel)]


def _keys_at(model: type[BaseModel], path: Sequence[str | int]) -> set[str]:
    return {
        info.alias or name for m in _models_at(model, path) for name, info in m.model_fields.items()
    }


def _bounds_at(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """The numeric bounds of the field at ``path`` in words: "0 to 1", "0 to 0.4 (g/100 ml)".

    A field states its unit as ``json_schema_extra={"unit": ...}``.
    """
    if not path:
        return ""
    for parent in _models_at(model, path[:-1]):
        for name, info in parent.model_fields.items():
            if path[-1] != (info.alias or name):
                continue
            limit = {
                bound: getattr(m, bound)
                for m in info.metadata
                for bound in ("ge", "gt", "le", "lt")
                if getattr(m, bound, None) is not None
            }
            extra = info.json_schema_extra
            unit = f" ({extra['unit']})" if isinstance(extra, dict) and "unit" in extra else ""
            words = _bounds(**limit)
            return words + unit if words else ""
    return ""


def _bounds(
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> str:
    """Bounds in words: "0 to 1", "more than 0, up to 10"."""
    if ge is not None and le is not None:
        return f"{ge:.15g} to {le:.15g}"
    low = "" if ge is None else f"{ge:.15g} or more"
    low = low if gt is None else f"more than {gt:.15g}"
    high = "" if le is None else f"up to {le:.15g}"
    high = high if lt is None else f"less than {lt:.15g}"
    return ", ".join(part for part in (low, high) if part)
