"""A perception program as one readable paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hdsim.perception.catalogue import (
    Accumulate,
    Attend,
    BendLane,
    Constant,
    Delay,
    Episodic,
    LookAway,
    MisreadSignal,
    Operation,
    PerceptionProgram,
    ScaleClosingSpeed,
    ScaleDistance,
    ScaleOwnSpeed,
    ScaleSize,
    ScaleSpeedLimit,
    Scan,
    Selector,
    ShiftLateral,
    UsefulField,
)

_WHO = {
    "any": "other road users",
    "lead": "the vehicle in front",
    "rear": "vehicles behind",
    "beside": "vehicles beside",
    "oncoming": "oncoming vehicles",
    "crossing": "crossing vehicles",
}
_STATES = {
    "elapsed_s": "the time driven in s",
    "fatigue": "fatigue",
    "alcohol": "blood alcohol in g/100 ml",
    "blocked_s": "the time of standing still in s",
    "speed_mps": "own speed in m/s",
    "anger": "anger",
    "hurry": "hurry",
}


def paragraph(program: PerceptionProgram) -> str:
    """What the driver perceives differently, in sentences; one clause for each effect."""
    sentences = [sentence(operation) for operation in program.operations]
    return " ".join(s for s in sentences if s) or "Nothing changes."


def sentence(operation: Operation) -> str:
    """One operation; empty where it changes nothing."""
    if isinstance(operation, LookAway) and (every := _single_every_s(operation)):
        return (
            f"The eyes leave the road for about {operation.glance_median_s:g} s, once about every "
            f"{every:.3g} s{_strength(operation)}."
        )
    clauses = list(_clauses(operation))
    if not clauses:
        return ""
    text = ", ".join([*clauses[:-1], f"and {clauses[-1]}"] if len(clauses) > 1 else clauses)
    return f"{text[0].upper()}{text[1:]}{_when(operation)}."


def _clauses(o: Operation) -> Iterator[str]:
    who = _who(o.select)
    match o:
        case Attend():
            yield from _attention(o, who)
        case Delay() if o.delay_s:
            yield f"what changes about {who} is seen {o.delay_s:.2g} s late"
        case ScaleDistance():
            if o.factor != 1.0:
                side = "farther away" if o.factor > 1.0 else "nearer"
                yield f"{who} seem{_s(o.select)} {_percent(o.factor)} {side}"
            if o.noise_sd:
                yield f"the distance of {who} is misjudged by {o.noise_sd:.0%}"
        case ScaleClosingSpeed():
            if o.factor != 1.0:
                side = "faster" if o.factor > 1.0 else "more slowly"
                yield f"{who} seem{_s(o.select)} to approach {_percent(o.factor)} {side}"
            if o.noise_sd_per_s:
                yield f"the approach of {who} is misjudged by {o.noise_sd_per_s:.2g}/s"
        case ScaleSize() if o.factor != 1.0:
            side = "larger" if o.factor > 1.0 else "smaller"
            yield f"{who} seem{_s(o.select)} {_percent(o.factor)} {side}"
        case ShiftLateral():
            if o.offset_m:
                yield f"{who} seem{_s(o.select)} {_sideways(o.offset_m)}"
            if o.noise_sd_m:
                yield f"the side position of {who} is misjudged by {o.noise_sd_m:g} m"
        case BendLane():
            if o.offset_m:
                yield f"the lane seems {_sideways(o.offset_m)}"
            if o.offset_sd_m:
                yield f"the lane seems to sway by {o.offset_sd_m:.2g} m"
            if o.curvature_sd_per_m:
                yield f"the lane seems to bend by {o.curvature_sd_per_m:.2g}/m"
        case MisreadSignal():
            if o.probability:
                yield f"{o.actual} is taken for {o.seen} at {o.probability:.0%} of the lights"
            if o.delay_s:
                yield f"a change of a light is noticed {o.delay_s:.2g} s late"
        case ScaleOwnSpeed():
            if o.factor != 1.0:
                side = "higher" if o.factor > 1.0 else "lower"
                yield f"own speed seems {_percent(o.factor)} {side}"
            if o.noise_sd:
                yield f"own speed is misjudged by {o.noise_sd:.0%}"
        case ScaleSpeedLimit() if o.factor != 1.0:
            side = "higher" if o.factor > 1.0 else "lower"
            yield f"the speed limit is believed to be {_percent(o.factor)} {side}"
        case LookAway():
            yield (
                f"the eyes are off the road for about {o.glance_median_s:g} s at a time, "
                f"with looks at the road of {o.on_road_s:g} s between"
            )
            if o.course_error_deg:
                yield f"the course is misjudged by {o.course_error_deg:g} degrees meanwhile"
        case Scan():
            yield from _scanned(o)
        case UsefulField() if o.radius_deg < 180.0:
            yield f"{who} are taken in only within {o.radius_deg:g} degrees of where the eyes look"
        case Accumulate():
            if o.bound:
                yield f"changes of speed of {who} are registered by looming of {o.bound:.2g} in all"
            if o.looming_gain != 1.0:
                yield f"evidence of looming counts {o.looming_gain:.0%}"
            if o.away_gain != 1.0:
                yield f"evidence during glances counts {o.away_gain:.0%}"


def _scanned(o: Scan) -> Iterator[str]:
    weights = {
        "in the inner mirror": o.inner_mirror,
        "in the left mirror": o.left_mirror,
        "in the right mirror": o.right_mirror,
        "inside the car": o.inside,
    }
    total = 1.0 + sum(weights.values())
    shares = [f"{w / total:.0%} {where}" for where, w in weights.items() if w]
    if shares:
        yield f"of the time the eyes are {', '.join(shares)}"
    crossing = max(o.crossing_left, o.crossing_right)
    if crossing:
        yield f"near junctions they look to the sides {crossing:g} times as much as ahead"


def _attention(o: Attend, who: str) -> Iterator[str]:
    noticed = []
    if o.range_m < 300.0:
        noticed.append(f"only within {o.range_m:g} m")
    if o.latency_median_s:
        noticed.append(f"about {o.latency_median_s:.2g} s late")
    rest = []
    if o.max_objects < 16:
        rest.append(f"at most {o.max_objects} {{}}are held in mind")
    if o.miss_probability:
        rest.append(f"{o.miss_probability:.0%} {{}}are overlooked for {o.miss_s:g} s at first")
    if o.memory_s:
        rest.append(f"those {{}}out of sight are remembered for {o.memory_s:g} s")
    if o.drift_mps:
        rest.append(f"the speed of those {{}}out of sight is misjudged by {o.drift_mps:g} m/s")
    if noticed:
        yield f"{who} {_are(o.select)} noticed {' and '.join(noticed)}"
    # Whom it is about is said once.
    yield from (text.format("" if noticed or i else f"of {who} ") for i, text in enumerate(rest))


def _who(select: Selector) -> str:
    words = [_WHO[select.relation]]
    default = Selector()
    if select.range_m != default.range_m:
        words.append("between {:g} and {:g} m away".format(*select.range_m))
    if select.sector_deg != default.sector_deg:
        words.append("from {:g} to {:g} degrees to the left".format(*select.sector_deg))
    return " ".join(words)


def _are(select: Selector) -> str:
    return "is" if select.relation == "lead" else "are"


def _s(select: Selector) -> str:
    return "s" if select.relation == "lead" else ""


def _percent(factor: float) -> str:
    return f"{abs(factor - 1.0):.0%}"


def _sideways(offset_m: float) -> str:
    return f"{abs(offset_m):g} m farther {'left' if offset_m > 0 else 'right'}"


def _single_every_s(o: LookAway) -> float:
    """Time between episodes that hold one glance each [s]; 0 where they hold several.

    A glance that has begun is finished, so that an episode much shorter than it is that glance.
    """
    course = o.course
    if isinstance(course, Episodic) and course.duration_median_s < o.glance_median_s / 2:
        return 1.0 / course.rate_per_s
    return 0.0


def _when(o: Operation) -> str:
    course: Any = o.course
    words = ""
    if isinstance(course, Episodic):
        every = f"about every {1.0 / course.rate_per_s:.3g} s"
        words = f", in episodes of about {course.duration_median_s:g} s, {every}"
    elif not isinstance(course, Constant):
        words = f", rising from {course.start_s:g} s on over {course.rise_s:g} s"
    return words + _strength(o)


def _strength(o: Operation) -> str:
    if o.gain is None:
        return ""
    strength = f"{o.gain.slope:g} times {_STATES[o.gain.state]}"
    if o.gain.at_zero:
        strength = f"{o.gain.at_zero:g} plus {strength}"
    return f", with a strength of {strength}"
