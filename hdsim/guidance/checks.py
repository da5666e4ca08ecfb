"""What a model's answer must pass before it may drive: form, bounds, plausibility.

No answer can leave the catalogue's operations and bounds. The limits below refuse, inside those
bounds, programs that no driver on the road has: seeing nothing at all, or nearly every light
wrongly. They have no published source; each says what it keeps out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import exp, prod
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hdsim.core.errors import HdsimError
from hdsim.perception.catalogue import (
    Attend,
    Constant,
    Episodic,
    LookAway,
    MisreadSignal,
    Operation,
    PerceptionProgram,
    Scan,
)

MAX_ANSWER_CHARS = 50_000
MAX_OPERATIONS = 8
# [P] Share of time off the road: texting truckers reach 4.6 of 6 s during an episode (Olson et
# al. 2009); over a whole drive nobody does.
MAX_OFF_ROAD_SHARE = 0.6
MAX_OFF_ROAD_SHARE_ALWAYS = 0.8
MAX_GLANCE_MEDIAN_S = 4.0  # [P] microsleeps of 0.5 to 4 s are the longest looks away
# [P] Bias of one relation's distance or closing speed by all operations together.
BIAS = (0.5, 2.0)
MAX_MISS_PROBABILITY = 0.7
MAX_MISREAD_PROBABILITY = {"red": 0.2, "yellow": 0.8, "green": 0.5}
MIN_RANGE_M = 20.0
# [P] Two layers contradict each other where a lasting factor of one lies above 1 by more than this
# and the other's below: less is a style that makes up for a state in part.
MAX_AT_ODDS = 0.2
_RELATIONS = ("lead", "rear", "beside", "oncoming", "crossing")

Answer = TypeVar("Answer", bound=BaseModel)
Sentence = Annotated[str, Field(min_length=1, max_length=1200)]


class BadAnswer(HdsimError):
    """A model's answer that cannot be used; the text says why, to the model and in the record."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DescriptionAnswer(_Answer):
    """B_desc."""

    description: Annotated[str, Field(min_length=1, max_length=600)]


class PoliciesAnswer(_Answer):
    """p1, p2, p3."""

    personality: Sentence
    physiology: Sentence
    attention: Sentence


class ProgramAnswer(_Answer):
    """The operations of one layer."""

    operations: tuple[Operation, ...] = Field(max_length=MAX_OPERATIONS)


def read_object(text: str) -> dict[str, Any]:
    """The JSON object in an answer's text.

    A code fence or words around it are allowed; of several objects the first counts.

    Raises:
        BadAnswer: If there is none, or it has a key twice.
    """
    if len(text) > MAX_ANSWER_CHARS:
        raise BadAnswer(f"the answer has {len(text)} characters, at most {MAX_ANSWER_CHARS}")
    start = text.find("{")
    if start < 0:
        raise BadAnswer("the answer holds no JSON object")
    decoder = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_once)
    try:
        data, _ = decoder.raw_decode(text[start:])
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"the answer is not valid JSON: {error}") from None
    return dict(data)


def read_answer(model: type[Answer], text: str) -> Answer:
    """An answer's text as a checked value.

    Raises:
        BadAnswer: If there is no JSON object, or it is not what was asked for.
    """
    try:
        return model.model_validate(read_object(text))
    except ValidationError as error:
        raise BadAnswer(_complaints(error)) from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a key is there twice")
    return data


def _complaints(error: ValidationError) -> str:
    details = error.errors(include_url=False)
    # A key may be of the model's making: no more of it is told than names a place.
    places = (".".join(str(part)[:40] for part in d["loc"]) or "answer" for d in details[:8])
    lines = [f"{place}: {d['msg'][:200]}" for place, d in zip(places, details, strict=False)]
    return "; ".join(lines)


def check_plausible(operations: tuple[Operation, ...]) -> None:
    """Refuse a program that no driver on the road has.

    Raises:
        BadAnswer: Naming every limit that is broken.
    """
    problems = [p for i, o in enumerate(operations) for p in _problems(f"operations.{i}", o)]
    problems += _excesses(operations)
    problems += _contradictions(operations)
    counts = Counter((o.op, o.select.relation) for o in operations)
    problems += [
        f"{op} for {relation} {n} times, at most 2" for (op, relation), n in counts.items() if n > 2
    ]
    if problems:
        raise BadAnswer("; ".join(problems))


def check_together(programs: Sequence[PerceptionProgram]) -> None:
    """Refuse a program that does not go with those of the other layers.

    Args:
        programs: In force together, at most one of each layer; the last is on trial.

    Raises:
        BadAnswer: Naming the other layers and every limit that they break together.
    """
    operations = tuple(o for program in programs for o in program.operations)
    problems = _excesses(operations) + _at_odds(programs)
    if problems:
        others = " and ".join(program.layer for program in programs[:-1])
        raise BadAnswer(f"together with {others}: " + "; ".join(problems))


def _at_odds(programs: Sequence[PerceptionProgram]) -> list[str]:
    """Layers of which one makes the same thing seem more, all the time, and another less."""
    ours = _lasting(programs[-1])
    found = []
    for other in programs[:-1]:
        for (op, relation), theirs in _lasting(other).items():
            factors = (theirs, ours.get((op, relation), 1.0))
            if min(factors) < 1.0 - MAX_AT_ODDS and max(factors) > 1.0 + MAX_AT_ODDS:
                found.append(
                    f"{op} for {relation} by {factors[1]:g} contradicts the {theirs:g} "
                    f"of {other.layer}"
                )
    return found


def _lasting(program: PerceptionProgram) -> dict[tuple[str, str], float]:
    """Factors of the operations that hold all the time, by operation and relation."""
    found: dict[tuple[str, str], float] = {}
    for o in program.operations:
        factor = getattr(o, "factor", 1.0)
        if factor != 1.0 and isinstance(o.course, Constant) and o.gain is None:
            key = (o.op, o.select.relation)
            found[key] = found.get(key, 1.0) * factor
    return found


def _problems(where: str, o: Operation) -> list[str]:
    found = []
    near, far = o.select.range_m
    right, left = o.select.sector_deg
    if not 0.0 <= near < far <= 300.0:
        found.append(f"{where}.select.range_m: expected 0 <= nearest < farthest <= 300")
    if not -180.0 <= right < left <= 180.0:
        found.append(f"{where}.select.sector_deg: expected -180 <= right < left <= 180")
    if isinstance(o, Attend) and o.range_m < MIN_RANGE_M:
        found.append(f"{where}.range_m: expected {MIN_RANGE_M:g} or more")
    if isinstance(o, LookAway):
        if o.glance_median_s > MAX_GLANCE_MEDIAN_S:
            found.append(f"{where}.glance_median_s: expected at most {MAX_GLANCE_MEDIAN_S:g}")
        short = isinstance(o.course, Episodic) and o.course.duration_median_s <= 5.0
        if not short and _glance_share(o) > MAX_OFF_ROAD_SHARE_ALWAYS:
            found.append(f"{where}.on_road_s: expected looks at the road between the glances")
    if isinstance(o, Scan) and o.inside_s > MAX_GLANCE_MEDIAN_S:
        found.append(f"{where}.inside_s: expected at most {MAX_GLANCE_MEDIAN_S:g}")
    return found


def _contradictions(operations: tuple[Operation, ...]) -> list[str]:
    """The same kind of object made to seem both more and less, at the same time."""
    sides: dict[tuple[str, str, str], set[bool]] = {}
    for o in operations:
        factor = getattr(o, "factor", 1.0)
        if factor != 1.0:
            when = f"{o.select.model_dump_json()} {o.course.model_dump_json()} {o.gain}"
            sides.setdefault((o.op, o.select.relation, when), set()).add(factor > 1.0)
    return [
        f"{op} for {relation} above and below 1 at once contradict each other"
        for (op, relation, _), both in sides.items()
        if len(both) > 1
    ]


def _excesses(operations: tuple[Operation, ...]) -> list[str]:
    """What is too much of all operations taken together, in one program or in several."""
    return _biases(operations) + _off_road(operations) + _missed(operations) + _misread(operations)


def _missed(operations: tuple[Operation, ...]) -> list[str]:
    found = []
    for relation in _RELATIONS:
        missed = _either(
            o.miss_probability
            for o in operations
            if isinstance(o, Attend) and o.select.relation in ("any", relation)
        )
        if missed > MAX_MISS_PROBABILITY:
            found.append(
                f"{relation} objects are missed with {missed:.2f}, "
                f"expected at most {MAX_MISS_PROBABILITY:g}"
            )
    return found


def _misread(operations: tuple[Operation, ...]) -> list[str]:
    found = []
    for actual, most in MAX_MISREAD_PROBABILITY.items():
        misread = _either(
            o.probability for o in operations if isinstance(o, MisreadSignal) and o.actual == actual
        )
        if misread > most:
            found.append(f"{actual} is misread with {misread:.2f}, expected at most {most:g}")
    return found


def _either(chances: Iterable[float]) -> float:
    """Chance that at least one of independent things happens."""
    return round(1.0 - prod(1.0 - chance for chance in chances), 9)


def _off_road(operations: tuple[Operation, ...]) -> list[str]:
    share = 1.0 - prod(1.0 - _off_road_share(o) for o in operations)
    if share <= MAX_OFF_ROAD_SHARE:
        return []
    return [f"eyes off the road {share:.0%} of the time, at most {MAX_OFF_ROAD_SHARE:.0%}"]


def _biases(operations: tuple[Operation, ...]) -> list[str]:
    found = []
    for kind in ("scale_distance", "scale_closing_speed"):
        for relation in _RELATIONS:
            bias = prod(
                o.factor
                for o in operations
                if o.op == kind and o.select.relation in ("any", relation)
            )
            if not BIAS[0] <= round(bias, 9) <= BIAS[1]:
                found.append(
                    f"{kind} for {relation} multiplies to {bias:.2f}, "
                    f"expected {BIAS[0]:g} to {BIAS[1]:g}"
                )
    return found


def _glance_share(o: LookAway) -> float:
    mean = o.glance_median_s * exp(o.glance_sigma**2 / 2.0)
    return mean / (mean + o.on_road_s)


def _off_road_share(o: Operation) -> float:
    """Long-run share of time off the road by one operation; full strength and state gains."""
    if isinstance(o, Scan):  # away from junctions, where the share inside is largest
        mirrors = o.inner_mirror + o.left_mirror + o.right_mirror
        return o.inside / (1.0 + mirrors + o.inside)
    if not isinstance(o, LookAway):
        return 0.0
    if not isinstance(o.course, Episodic):
        return _glance_share(o)
    mean = o.course.duration_median_s * exp(o.course.duration_sigma**2 / 2.0)
    glance = o.glance_median_s * exp(o.glance_sigma**2 / 2.0)
    # A glance that has begun is finished, so that an episode holds at least one. Episodes and
    # their ends are independent (M/G/inf).
    return 1.0 - exp(-o.course.rate_per_s * max(glance, mean * _glance_share(o)))


@cache
def answer_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of an answer."""
    return model.model_json_schema()
