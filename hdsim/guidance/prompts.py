"""Prompts: templates of ``prompts/`` with the catalogue written from the code's own JSON Schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jinja2

from hdsim.core.data import data_dir
from hdsim.driver.profile import DriverProfile, Personality
from hdsim.guidance import checks
from hdsim.guidance.authenticate import Tags
from hdsim.guidance.cache import Message
from hdsim.guidance.compact import Size, shown
from hdsim.guidance.examples import Example, alike, alike_anywhere, likest
from hdsim.guidance.schedule import Policies
from hdsim.guidance.traits import TraitsAnswer, in_levels
from hdsim.guidance.traits import examples as trait_examples
from hdsim.perception.catalogue import Layer, operation_adapter

_PARTS = ("Selector", "Constant", "Ramp", "Episodic", "Gain")
_COMMON = ("op", "select", "course", "gain", "source", "cause")
_NOTHING = "Nothing changes."
_ORDINARY = Personality().model_dump()
# Of an earlier answer a small model is told no more than this many characters.
_TOLD_COMPACT = 300


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_dir("prompts")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # plain text; strangers' words go through tojson, which escapes < and >
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # In the order in which an answer is to be written.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment


@cache
def prompt_hash() -> str:
    """SHA-256 over every template: the version of the prompts."""
    digest = hashlib.sha256()
    folder = data_dir("prompts")
    for path in sorted(folder.rglob("*.j2")):
        name = path.relative_to(folder).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Prompt:
    """One stage's question, before it is known by which tags it is asked.

    Attributes:
        template: Which of ``prompts/``.
        data: What strangers wrote, and what was made of it: goes nowhere but into the data section.
        facts: Everything else that the template names; of our own making.
        layer: Whose program is asked for, if one is.
    """

    template: str
    data: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    layer: Layer | None = None

    def messages(
        self, tags: Tags | None, repair: Repair | None = None, size: Size = "full"
    ) -> list[Message]:
        """The conversation.

        Args:
            tags: Of the call; ``None`` asks without authentication.
            repair: What was wrong with an earlier answer.
            size: Which templates; ``compact`` ones leave out of the data what is empty.
        """
        data = dict(self.data)
        if repair and repair.answer:
            told = repair.answer if size == "full" else repair.answer[:_TOLD_COMPACT]
            data |= {"earlier_answer": told, "what_was_wrong": repair.problem}
        folder = "" if size == "full" else f"{size}/"
        data = data if size == "full" else _without_empty(data)
        values = {"examples": (), **self.facts, "data": data, "repair": repair, "tags": tags}
        return [
            {
                "role": role,
                "content": _environment().get_template(folder + name).render(values).strip(),
            }
            for role, name in (("system", "system.j2"), ("user", self.template))
        ]


@dataclass(frozen=True, slots=True)
class Repair:
    """Why a question is asked once more.

    Attributes:
        problem: What was wrong.
        answer: The earlier answer, empty where it was refused as not authentic.
    """

    problem: str
    answer: str = ""


def driver_data(profile: DriverProfile, state: Mapping[str, float]) -> dict[str, Any]:
    """What a prompt says about the driver: words, traits and the states at the start."""
    distraction = profile.attention.distraction
    return {
        "description": profile.description,
        "personality": profile.personality.model_dump(),
        "fatigue": state.get("fatigue", 0.0),
        "alcohol": state.get("alcohol", 0.0),
        "distraction": distraction.model_dump() if distraction else None,
    }


def describe(profile: DriverProfile, state: Mapping[str, float]) -> Prompt:
    """Asks for B_desc."""
    return Prompt("describe.j2", {"driver": driver_data(profile, state)})


def policies(profile: DriverProfile, state: Mapping[str, float], description: str) -> Prompt:
    """Asks for p1, p2, p3."""
    driver = driver_data(profile, state)
    words = f"{profile.description} {description}"
    return Prompt(
        "policies.j2",
        {"driver": driver, "description": description},
        {"examples": [_policies_shown(*pair) for pair in alike_anywhere(words)]},
    )


def traits(profile: DriverProfile) -> Prompt:
    """Asks for the traits of a driver who has words only."""
    known = trait_examples()
    order = likest(tuple(words for words, _ in known), profile.description, len(known))
    properties = TraitsAnswer.model_json_schema()["properties"]
    return Prompt(
        "traits.j2",
        {"driver": {"description": profile.description}},
        {
            "traits": [
                {"name": k, "text": _parameter(p, required=True)} for k, p in properties.items()
            ],
            "examples": [
                {
                    "words": known[i][0],
                    "traits": known[i][1],
                    "answer": json.dumps(in_levels(known[i][1])),
                }
                for i in order
            ],
        },
    )


def program(
    layer: Layer, description: str, policies: Policies, situation: Mapping[str, Any]
) -> Prompt:
    """Asks for one layer's operations in a situation (state values, or which episode)."""
    policy = getattr(policies, layer)
    return Prompt(
        "program.j2",
        {"description": description, "policy": policy, "situation": dict(situation)},
        {
            "layer": layer,
            "max_operations": checks.MAX_OPERATIONS,
            "catalogue": catalogue(),
            "parts": parts(),
            "examples": [_shown(layer, e) for e in alike(layer, f"{description} {policy}")],
            "limits": {
                "bias": checks.BIAS,
                "off_road": checks.MAX_OFF_ROAD_SHARE,
                "miss": checks.MAX_MISS_PROBABILITY,
                "red": checks.MAX_MISREAD_PROBABILITY["red"],
            },
        },
        layer,
    )


@cache
def _definitions() -> dict[str, Any]:
    return dict(operation_adapter.json_schema()["$defs"])


@cache
def catalogue() -> tuple[dict[str, Any], ...]:
    """Every operation: name, first sentence-paragraph of its docstring, parameters in words."""
    found = [d for d in _definitions().values() if "op" in d.get("properties", {})]
    return tuple(
        _entry(d["properties"]["op"]["const"], d, leave_out=_COMMON)
        for d in sorted(found, key=lambda d: str(d["properties"]["op"]["const"]))
    )


@cache
def parts() -> tuple[dict[str, Any], ...]:
    """Selector, courses and gain, as ``catalogue``."""
    return tuple(_entry(name, _definitions()[name]) for name in _PARTS)


def _entry(name: str, schema: Mapping[str, Any], leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    summary = " ".join(schema.get("description", "").split("\n\n")[0].split())
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    parameters = [
        {"name": key, "text": _parameter(p, key in required)}
        for key, p in properties.items()
        if key not in leave_out
    ]
    return {"name": name, "summary": summary, "parameters": parameters}


def _parameter(schema: Mapping[str, Any], required: bool) -> str:
    words = []
    if "const" in schema:
        words.append(f"always {json.dumps(schema['const'])}")
    elif "enum" in schema:
        words.append(" | ".join(schema["enum"]))
    elif schema.get("type") == "array":
        words.append("[number, number]")
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        words.append(f"{low:g} to {high:g}")
    elif low is not None:
        words.append(f"at least {low:g}")
    if required:
        words.append("required")
    elif "const" not in schema:
        words.append(f"default {json.dumps(schema.get('default'))}")
    text = ", ".join(words)
    return f"{text}. {schema['description']}" if "description" in schema else text


def _shown(layer: Layer, example: Example) -> dict[str, Any]:
    return {
        "layer": layer,
        "policy": example.policy,
        "operations": example.operations,
        "words": example.policy,
        "answer": shown(example),
    }


def _policies_shown(layer: Layer, example: Example) -> dict[str, Any]:
    policies = dict.fromkeys(Policies.model_fields, _NOTHING) | {layer: example.policy}
    return {"words": example.style, "answer": json.dumps(policies)}


def _without_empty(value: Any) -> Any:
    """A driver's data without what is nothing or as in an ordinary driver."""
    if not isinstance(value, Mapping):
        return value
    inner = {k: _without_empty(v) for k, v in value.items() if v != _ORDINARY.get(k)}
    return {k: v for k, v in inner.items() if v not in (None, "", 0.0, {})}
