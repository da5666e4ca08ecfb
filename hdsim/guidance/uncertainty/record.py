"""Records what a model answers to questions whose right answers the example library holds.

Leave-one-out: each style of the library is asked for with the three other examples most alike to
it. The catalogue is left out of the prompt and sources out of the answers: both are long, and a
small model on a small machine spends minutes on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from hdsim.guidance import checks, prompts
from hdsim.guidance.ask import sampling
from hdsim.guidance.cache import Question
from hdsim.guidance.endpoint import PARAMETERS, Chat
from hdsim.guidance.examples import Example, alike, load_examples
from hdsim.guidance.prompts import Prompt
from hdsim.guidance.schedule import Policies
from hdsim.guidance.uncertainty.evidence import Context
from hdsim.guidance.uncertainty.recording import Answer, Pair
from hdsim.perception.catalogue import Layer

SHOWN = 3
MOST_OPERATIONS = 2
MAX_TOKENS = 160


def pairs() -> list[tuple[str, Layer, Example]]:
    """The library's pairs of at most ``MOST_OPERATIONS``, a layer after the other in turn."""
    by_layer = [
        [(f"{layer}/{i}", layer, example) for i, example in enumerate(examples)]
        for layer, examples in load_examples().items()
    ]
    return [
        pair
        for together in zip_longest(*by_layer)
        for pair in together
        if pair and len(pair[2].operations) <= MOST_OPERATIONS
    ]


def prompt(layer: Layer, example: Example, context: Context) -> Prompt:
    """The question for a pair's program, with the pair left out of the examples shown."""
    policy = Policies.model_validate(
        {"personality": "", "physiology": "", "attention": ""} | {layer: example.policy}
    )
    asked = prompts.program(layer, "A driver.", policy, {})
    others = [e for e in alike(layer, example.policy, SHOWN + 1) if e is not example][:SHOWN]
    shown = [{"layer": layer, "policy": e.policy, "operations": _without_source(e)} for e in others]
    facts = {
        "examples": shown,
        "catalogue": (),
        "parts": (),
        "max_operations": MOST_OPERATIONS,
    }
    data = dict(asked.data)
    if context == "detail":
        data["driver"] = {"description": example.style}
    return replace(asked, data=data, facts={**asked.facts, **facts})


def record(
    chat: Chat,
    model: str,
    name: str,
    layer: Layer,
    example: Example,
    samples: tuple[int, int],
) -> Pair:
    """Asks for one pair.

    Args:
        chat: Whom to ask.
        model: The model's name there.
        name: Of the pair.
        layer: Of the pair.
        example: The pair.
        samples: How many answers without and with the withheld detail.

    Raises:
        InfrastructureError, Unanswered: As ``Chat.reply``.
    """
    answers = []
    for context, index in _steps(samples):
        messages = prompt(layer, example, context).messages(None)
        asked = {**PARAMETERS, **sampling(index), "max_tokens": MAX_TOKENS}
        reply = chat.reply(Question(model, asked, messages, _schema()), messages)
        logprob = None if reply.logprob is None else round(reply.logprob, 3)
        answers.append(
            Answer(
                context=context,
                index=index,
                text=reply.text,
                logprob=logprob,
                tokens=reply.tokens,
            )
        )
    return Pair(
        name=name,
        layer=layer,
        style=example.style,
        policy=example.policy,
        right=example.operations,
        answers=tuple(answers),
    )


def about(samples: tuple[int, int]) -> dict[str, Any]:
    """How ``record`` asks, for the record."""
    return {
        "prompt_sha256": prompts.prompt_hash(),
        "examples_shown": SHOWN,
        "catalogue_shown": False,
        "authenticated": False,
        "max_operations": MOST_OPERATIONS,
        "samples": list(samples),
        "parameters": {**PARAMETERS, **sampling(1), "seed": "index", "max_tokens": MAX_TOKENS},
    }


def _steps(samples: tuple[int, int]) -> Iterator[tuple[Context, int]]:
    for i in range(samples[0]):
        yield "policy", i
    for i in range(samples[1]):
        yield "detail", i


def _without_source(example: Example) -> list[dict[str, Any]]:
    return [{k: v for k, v in o.items() if k != "source"} for o in example.operations]


def _schema() -> dict[str, Any]:
    schema = deepcopy(checks.answer_schema(checks.ProgramAnswer))
    schema["properties"]["operations"]["maxItems"] = MOST_OPERATIONS
    for definition in schema["$defs"].values():
        properties = definition.get("properties", {})
        properties.pop("source", None)
        properties.pop("cause", None)
        # A small model leaves out what may be left out, and an operation without its name is none.
        named = [name for name in ("op", "course") if "const" in properties.get(name, {})]
        definition["required"] = sorted({*definition.get("required", []), *named})
    return schema
