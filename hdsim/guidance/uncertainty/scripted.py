"""Synthetic answers: a script that knows the library and makes errors by a known process.

It tests the method where right and wrong answers both occur. It is no language model and nothing
that is measured on it is a finding about one.

Each pair has a difficulty u, uniform in [0, 1]. An answer to it is the right program, of which

* each operation is forgotten with probability 0.5 u,
* its relation is another one with probability 0.35 u,
* its effects are multiplied by exp(0.9 u z), z standard normal,

and to which with probability 0.4 u an operation of another pair of the layer is added. With
probability 0.15 a pair is *misunderstood*: every answer is made from one and the same other pair,
confidently (u / 3), until the withheld detail is told, which mends half of them. The detail makes
u half as large. Tokens are 22 an operation and 8 around them; the mean log-probability is
-(0.15 + 0.5 u + 0.15 |z|), of a misunderstood pair as for its u / 3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdsim.core import seeds
from hdsim.guidance.checks import BadAnswer, check_plausible
from hdsim.guidance.examples import Example, load_examples
from hdsim.guidance.uncertainty.evidence import Context
from hdsim.guidance.uncertainty.recording import Answer, Pair, Recording
from hdsim.perception.catalogue import Layer, Operation, operation_adapter
from hdsim.perception.parameters import KINDS

NAME = "scripted, errors by a known process (synthetic)"
_RELATIONS = ("any", "lead", "rear", "beside", "oncoming", "crossing")
_ONE_SIZE_ONLY = ("attend",)  # an overlooked object is no matter of degree


@dataclass(frozen=True, slots=True)
class _Draws:
    """Keyed draws of one answer; each has a name, so that none shifts another."""

    key: np.uint64

    def uniform(self, *name: object) -> float:
        return float(seeds.uniform(seeds.combine(self.key, seeds.key(0, *name)), 0))

    def normal(self, *name: object) -> float:
        return float(seeds.normal(seeds.combine(self.key, seeds.key(0, *name)), 0))


def scripted(seed: int = 1, samples: tuple[int, int] = (4, 2), rounds: int = 3) -> Recording:
    """Answers to every pair of the library.

    Args:
        seed: Of all draws.
        samples: How many answers without and with the withheld detail.
        rounds: How often each pair is asked for, each time with another difficulty.
    """
    pairs = [
        _pair(layer, i, round_, seed, samples)
        for round_ in range(rounds)
        for layer, examples in load_examples().items()
        for i in range(len(examples))
    ]
    about = {"seed": seed, "samples": list(samples), "rounds": rounds, "process": __doc__}
    return Recording(model=NAME, synthetic=True, about=about, pairs=tuple(pairs))


def _pair(layer: Layer, i: int, round_: int, seed: int, samples: tuple[int, int]) -> Pair:
    examples = load_examples()[layer]
    name = f"{layer}/{i}/{round_}"
    draws = _Draws(seeds.key(seed, name))
    difficulty = draws.uniform("difficulty")
    other = examples[(i + 1 + int(draws.uniform("other") * (len(examples) - 1))) % len(examples)]
    misunderstood = draws.uniform("misunderstood") < 0.15
    mended = draws.uniform("mended") < 0.5
    answers = []
    steps: list[tuple[Context, int]] = [("policy", k) for k in range(samples[0])]
    steps += [("detail", k) for k in range(samples[1])]
    for context, index in steps:
        told = context == "detail"
        lost = misunderstood and not (told and mended)
        u = difficulty / (2.0 if told else 1.0) / (3.0 if lost else 1.0)
        own = _Draws(seeds.key(seed, name, context, index))
        made = _answer(other if lost else examples[i], other, u, own)
        tokens = 8 + 22 * len(made)
        logprob = -tokens * (0.15 + 0.5 * u + 0.15 * abs(own.normal("logprob")))
        answers.append(
            Answer(
                context=context,
                index=index,
                text=json.dumps({"operations": made}),
                logprob=round(logprob, 3),
                tokens=tokens,
            )
        )
    right = examples[i]
    return Pair(
        name=name,
        layer=layer,
        style=right.style,
        policy=right.policy,
        right=right.operations,
        answers=tuple(answers),
    )


def _answer(right: Example, other: Example, u: float, draws: _Draws) -> list[dict[str, Any]]:
    made = []
    for k, operation in enumerate(right.program):
        if draws.uniform("forgotten", k) < 0.5 * u:
            continue
        made.append(_changed(operation, u, draws, k))
    if other.program and draws.uniform("added") < 0.4 * u:
        made.append(_written(other.program[0]))
    try:
        check_plausible(tuple(operation_adapter.validate_python(o) for o in made))
    except BadAnswer:  # a script that goes too far says the right thing instead
        return [_written(o) for o in right.program]
    return made


def _changed(operation: Operation, u: float, draws: _Draws, k: int) -> dict[str, Any]:
    data = operation.model_dump(mode="json")
    if draws.uniform("relation", k) < 0.35 * u:
        choice = int(draws.uniform("which", k) * len(_RELATIONS))
        data["select"]["relation"] = _RELATIONS[choice]
    if operation.op not in _ONE_SIZE_ONLY:
        factor = float(np.exp(0.9 * u * draws.normal("size", k)))
        for p in KINDS[operation.op].scaled:
            value = p.neutral + factor * (float(data[p.name]) - p.neutral)
            data[p.name] = round(value, 3)
    try:
        return _written(operation_adapter.validate_python(data))
    except ValueError:  # out of the catalogue's bounds: the size stays
        data = {**operation.model_dump(mode="json"), "select": data["select"]}
        return _written(operation_adapter.validate_python(data))


def _written(operation: Operation) -> dict[str, Any]:
    return operation.model_dump(mode="json", exclude={"source", "cause"}, exclude_none=True)
