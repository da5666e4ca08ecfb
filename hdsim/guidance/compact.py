"""A narrower form of answers for small models, with short prompts to match.

A model of a few hundred million parameters knows no human factors: it can tell which of a few
worked examples a driver is like, and put their pieces together. So the form that its decoder is
held to lets it write no other numbers than those of the worked examples, and short texts only.
What it answers is read and checked as every answer is.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

from hdsim.guidance import checks
from hdsim.guidance.examples import Example, load_examples
from hdsim.guidance.traits import LEVELS
from hdsim.perception.catalogue import Layer

Size = Literal["full", "compact"]
MAX_TEXT_CHARS = 160
MAX_OPERATIONS = 3


@cache
def answer_schema(form: type[BaseModel], layer: Layer | None = None) -> dict[str, Any]:
    """JSON Schema of an answer in the narrow form.

    Args:
        form: The answer's form, or an envelope around it.
        layer: Whose operations, where it is a program.
    """
    schema = form.model_json_schema()
    if "answers" in schema["properties"]:
        # Two answers invite a small model to say everything twice.
        schema["properties"]["answers"] = schema["properties"]["answers"]["anyOf"][0]
    if layer:
        program = _program(layer)
        if "answers" not in schema["properties"]:
            return program
        kept = {k: v for k, v in schema["$defs"].items() if k.startswith("_")}
        schema["$defs"] = {**kept, checks.ProgramAnswer.__name__: program}
    narrowed: dict[str, Any] = _narrowed(schema)
    return narrowed


def plain(example: Example) -> list[dict[str, Any]]:
    """An example's operations as the narrow form writes them: without sources, ``op`` first."""
    shown = [{k: v for k, v in o.items() if k != "source"} for o in example.operations]
    return [{"op": o["op"], **o} for o in shown[:MAX_OPERATIONS]]


def shown(example: Example) -> str:
    """The answer that an example stands for, letter by letter as the decoder would let it pass."""
    return json.dumps({"operations": plain(example)}, separators=(",", ":"), ensure_ascii=False)


def _program(layer: Layer) -> dict[str, Any]:
    """Whole operations only: a number that is right for one kind of object is not for all."""
    known = {json.dumps(o): o for example in load_examples()[layer] for o in plain(example)}
    items = {"enum": [known[text] for text in sorted(known)]}
    return _object({"operations": {"type": "array", "maxItems": MAX_OPERATIONS, "items": items}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _narrowed(node: Any) -> Any:
    """A schema with every text cut short and every trait at one of its levels."""
    if isinstance(node, list):
        return [_narrowed(n) for n in node]
    if not isinstance(node, dict):
        return node
    made = {k: _narrowed(v) for k, v in node.items()}
    if made.get("type") == "string" and "enum" not in made and "const" not in made:
        made["maxLength"] = min(made.get("maxLength", MAX_TEXT_CHARS), MAX_TEXT_CHARS)
    for name, levels in LEVELS.items():
        if made.get("type") == "object" and name in made["properties"]:
            made["properties"][name] = {"enum": [*levels]}
    return made
