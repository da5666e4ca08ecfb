"""The catalogue of perception operations: the typed words in which programs are written.

A perception program is a list of operations, each with a selector (which objects), bounded
parameters with units, a time course (when, how strongly) and its source. The JSON Schema that
checks profiles, tables and LLM answers is generated from these classes.

**How strength works.** Every operation has a *strength* in [0, 1]: its time course times its
optional gain on a driver's state. A parameter acts as ``neutral + strength * (value - neutral)``,
so strength 0 is always the identity.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

STATE_NAMES = ("elapsed_s", "fatigue", "alcohol", "blocked_s", "speed_mps", "anger", "hurry")
StateName = Literal["elapsed_s", "fatigue", "alcohol", "blocked_s", "speed_mps", "anger", "hurry"]
Layer = Literal["personality", "physiology", "attention"]
RelationName = Literal["any", "lead", "rear", "beside", "oncoming", "crossing"]
SignalName = Literal["red", "yellow", "green"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Selector(_Data):
    """Which objects an operation touches; the default is every object."""

    relation: RelationName = "any"
    range_m: tuple[float, float] = Field(
        default=(0.0, 300.0), description="Nearest and farthest true distance [m]."
    )
    sector_deg: tuple[float, float] = Field(
        default=(-180.0, 180.0),
        description="Bearing sector from the driver's heading [deg], left positive.",
    )


class Constant(_Data):
    """Acts with full strength all the time."""

    course: Literal["constant"] = "constant"


class Ramp(_Data):
    """Strength grows linearly from 0 at ``start_s`` to 1 at ``start_s + rise_s``."""

    course: Literal["ramp"] = "ramp"
    start_s: float = Field(default=0.0, ge=0.0, description="Scenario time of the onset [s].")
    rise_s: float = Field(ge=0.5, le=3600.0, description="Time to full strength [s].")


class Episodic(_Data):
    """Acts in episodes that begin by a Poisson process.

    Operations of one layer with the same rate share their episodes, as one distraction has several
    effects.
    """

    course: Literal["episodic"] = "episodic"
    rate_per_s: float = Field(gt=0.0, le=1.0, description="Poisson rate of episodes [1/s].")
    duration_median_s: float = Field(gt=0.0, le=60.0, description="Median episode length [s].")
    duration_sigma: float = Field(
        default=0.4, ge=0.0, le=1.5, description="Log standard deviation of the length."
    )


Course = Annotated[Constant | Ramp | Episodic, Field(discriminator="course")]


class Gain(_Data):
    """Strength as a linear function of a driver's state, clipped to [0, 1]."""

    state: StateName
    at_zero: float = Field(default=0.0, ge=-10.0, le=1.0)
    slope: float = Field(ge=-10.0, le=10.0, description="Per unit of the state.")


class _Operation(_Data):
    select: Selector = Selector()
    course: Course = Constant()
    gain: Gain | None = None
    source: str = Field(
        default="", max_length=1000, description="Where the numbers come from; [P] for a proposal."
    )
    cause: str = Field(
        default="",
        max_length=200,
        description="The trait or state it stands for; beliefs are attributed to it.",
    )


class Attend(_Operation):
    """The attention filter: which objects are registered, how many, how late.

    An object that comes into sight is registered after a lognormal latency and, with
    ``miss_probability``, is overlooked for ``miss_s`` first. Only the ``max_objects`` most
    pressing ones (nearest in time) can be held; range limits what is noticed at all. Objects that
    go out of sight are believed to move on at constant velocity for ``memory_s``.

    Memory decays: with ``memory_sigma`` the time an object is kept is lognormal, and with
    ``drift_mps`` an unseen object is believed to move on at a wrong speed, drawn once for each time
    it goes out of sight, so that its place grows more uncertain the longer it is not seen.

    Several of these compose: the shortest range, the fewest objects, the longest memory; latencies
    add up; misses are independent chances; drifts add in variance.
    """

    op: Literal["attend"] = "attend"
    range_m: float = Field(default=200.0, ge=5.0, le=300.0, description="Neutral: 300.")
    max_objects: int = Field(default=16, ge=1, le=16, description="Neutral: 16.")
    latency_median_s: float = Field(default=0.0, ge=0.0, le=5.0, description="Neutral: 0.")
    latency_sigma: float = Field(default=0.45, ge=0.0, le=1.5)
    miss_probability: float = Field(default=0.0, ge=0.0, le=1.0, description="Neutral: 0.")
    miss_s: float = Field(default=2.0, ge=0.0, le=10.0)
    memory_s: float = Field(
        default=3.0,
        ge=0.0,
        le=10.0,
        description="How long an object that went out of sight is kept in mind [s]. Neutral: 0. "
        "The default is a proposal.",
    )
    memory_sigma: float = Field(
        default=0.0, ge=0.0, le=1.5, description="Log standard deviation of that time."
    )
    drift_mps: float = Field(
        default=0.0,
        ge=0.0,
        le=5.0,
        description="SD of the error of an unseen object's speed [m/s]. Neutral: 0.",
    )


class Delay(_Operation):
    """Registered objects are seen as they were ``delay_s`` ago, moved on at constant velocity.

    The extrapolation (the Human Driver Model's temporal anticipation) means that what is lost is
    the *change* during the delay: a lead vehicle's braking, not its motion.
    """

    op: Literal["delay"] = "delay"
    delay_s: float = Field(ge=0.0, le=3.0, description="Neutral: 0.")


class ScaleDistance(_Operation):
    """Perceived gap = true gap x factor x exp(noise).

    The gap is measured along the sight line from hull to hull, so that no factor makes vehicles
    touch. Bearing is kept, except that an object on a lane is believed to be on that lane: where
    the road bends, it is displaced along the lane by as much as changes its range rightly. Without
    a relation selected, the distance to the stop line ahead is misjudged likewise.
    (The form of the noise is that of the Human Driver Model, Treiber et al. 2006, Physica A 360.)
    """

    op: Literal["scale_distance"] = "scale_distance"
    factor: float = Field(default=1.0, ge=0.4, le=2.5, description="Neutral: 1.")
    noise_sd: float = Field(default=0.0, ge=0.0, le=0.5, description="Relative, log scale.")
    noise_tau_s: float = Field(default=20.0, ge=0.2, le=120.0)


class ScaleClosingSpeed(_Operation):
    """Perceived closing speed = true x factor + range x noise (an error of looming).

    It is carried by the object's speed along its own heading, own speed being what it is. Where
    the object moves across the sight line, closing says little; there its speed is scaled by the
    factor instead.
    """

    op: Literal["scale_closing_speed"] = "scale_closing_speed"
    factor: float = Field(default=1.0, ge=0.0, le=2.0, description="Neutral: 1.")
    noise_sd_per_s: float = Field(
        default=0.0, ge=0.0, le=0.1, description="SD of the error of 1/TTC [1/s]."
    )
    noise_tau_s: float = Field(default=20.0, ge=0.2, le=120.0)


class ScaleSize(_Operation):
    """Perceived length and width = true x factor."""

    op: Literal["scale_size"] = "scale_size"
    factor: float = Field(ge=0.5, le=1.8, description="Neutral: 1.")


class ShiftLateral(_Operation):
    """Objects are perceived to the left (+) of where they are, along their lane's normal.

    Left is that of the lane's driving direction.
    """

    op: Literal["shift_lateral"] = "shift_lateral"
    offset_m: float = Field(default=0.0, ge=-1.5, le=1.5, description="Neutral: 0.")
    noise_sd_m: float = Field(default=0.0, ge=0.0, le=0.8)
    noise_tau_s: float = Field(default=5.0, ge=0.2, le=120.0)


class BendLane(_Operation):
    """The lane ahead is perceived shifted and curved; the driver steers for what it sees.

    The bend is strongest at the driver and levels off: at most 200 m x its curvature sideways.
    """

    op: Literal["bend_lane"] = "bend_lane"
    offset_m: float = Field(default=0.0, ge=-1.0, le=1.0, description="Neutral: 0; left positive.")
    offset_sd_m: float = Field(default=0.0, ge=0.0, le=0.6)
    curvature_sd_per_m: float = Field(default=0.0, ge=0.0, le=0.01)
    noise_tau_s: float = Field(default=4.0, ge=0.5, le=60.0)


class MisreadSignal(_Operation):
    """A signal state is taken for another, or a change is noticed late.

    Of the selector only the range acts, as distance to the stop line.

    Args are per approach: with ``probability`` the driver sees ``seen`` where ``actual`` is shown;
    every change of the signal is noticed ``delay_s`` late, with ``delay_sigma`` as the median of a
    lognormal.
    """

    op: Literal["misread_signal"] = "misread_signal"
    actual: SignalName = "yellow"
    seen: SignalName = "green"
    probability: float = Field(default=0.0, ge=0.0, le=1.0, description="Neutral: 0.")
    delay_s: float = Field(default=0.0, ge=0.0, le=5.0, description="Neutral: 0.")
    delay_sigma: float = Field(
        default=0.0, ge=0.0, le=1.5, description="Log standard deviation of the delay."
    )


class ScaleOwnSpeed(_Operation):
    """Perceived own speed = true x factor x exp(noise).

    The bias is one of the driver's whole sense of speed: the speeds of others scale with it, or a
    standing object would seem to move.
    """

    op: Literal["scale_own_speed"] = "scale_own_speed"
    factor: float = Field(default=1.0, ge=0.6, le=1.5, description="Neutral: 1.")
    noise_sd: float = Field(default=0.0, ge=0.0, le=0.3)
    noise_tau_s: float = Field(default=20.0, ge=0.5, le=120.0)


class ScaleSpeedLimit(_Operation):
    """The limit the driver believes in = posted x factor."""

    op: Literal["scale_speed_limit"] = "scale_speed_limit"
    factor: float = Field(ge=0.4, le=1.6, description="Neutral: 1.")


class LookAway(_Operation):
    """Eyes off the road: nothing new is seen; what was registered lives on in memory.

    While the operation is active, off-road glances (lognormal) alternate with looks at the road of
    ``on_road_s``. During a glance objects move on at their last believed velocity, the signal keeps
    its last seen state, and the own course is misjudged by an angle drawn anew at each glance, so
    that the believed place in the lane parts from the true one; back on the road it is seen again
    within half a second. Usually given an episodic course.

    Source: glances as in Rockwell 1988; that lane keeping suffers while the eyes are off the road:
    Peng, Boyle & Hallmark 2013; the angle is a proposal.
    """

    op: Literal["look_away"] = "look_away"
    glance_median_s: float = Field(default=1.02, gt=0.1, le=8.0)
    glance_sigma: float = Field(default=0.4, ge=0.0, le=1.5)
    on_road_s: float = Field(default=1.0, ge=0.1, le=10.0)
    course_error_deg: float = Field(
        default=0.6, ge=0.0, le=3.0, description="Standard deviation of the misjudged course."
    )


class Scan(_Operation):
    """Gaze moves between areas: ahead, mirrors, crossing traffic, inside the car.

    SEEV: an area's share of dwell time is its weight (bandwidth x value) times its relevance now,
    over the sum of all areas; the road ahead has weight 1. Mirrors are relevant always, and
    ``change_gain`` times as much before a lane change, on its side; crossing areas are relevant
    near a junction ahead only. After each glance the eyes return to the road ahead; glances are
    lognormal, and looks ahead as long as the shares ask for. The two sides of a junction are looked
    at by turns, as far as their weights are equal. What gaze cannot see (outside
    ``useful_field``, behind without a mirror, in a blind spot) lives on in memory; a glance inside
    is eyes off the road. Weights of several scans add up.

    Source: Wickens et al. 2003; Horrey, Wickens & Consalus 2006 (steady-state form); glance lengths
    Taoka 1990. Which areas, their geometry and the relevance by distance are proposals.
    """

    op: Literal["scan"] = "scan"
    inner_mirror: float = Field(default=0.0, ge=0.0, le=20.0, description="Weight. Neutral: 0.")
    left_mirror: float = Field(
        default=0.0, ge=0.0, le=20.0, description="Weight of mirror and shoulder. Neutral: 0."
    )
    right_mirror: float = Field(
        default=0.0, ge=0.0, le=20.0, description="Weight of mirror and shoulder. Neutral: 0."
    )
    crossing_left: float = Field(default=0.0, ge=0.0, le=20.0, description="Weight. Neutral: 0.")
    crossing_right: float = Field(default=0.0, ge=0.0, le=20.0, description="Weight. Neutral: 0.")
    inside: float = Field(
        default=0.0, ge=0.0, le=20.0, description="Weight of instruments, phone. Neutral: 0."
    )
    change_gain: float = Field(
        default=3.0, ge=1.0, le=20.0, description="Mirrors before a lane change."
    )
    inner_mirror_s: float = Field(default=0.75, ge=0.1, le=5.0, description="Mean glance [s].")
    side_mirror_s: float = Field(default=1.1, ge=0.1, le=5.0, description="Mean glance [s].")
    crossing_s: float = Field(default=0.8, ge=0.1, le=5.0, description="Mean glance [s].")
    inside_s: float = Field(default=0.62, ge=0.1, le=8.0, description="Mean glance [s].")
    glance_sigma: float = Field(
        default=0.45, ge=0.0, le=1.5, description="Log standard deviation of all looks."
    )


class UsefulField(_Operation):
    """What lies farther than ``radius_deg`` from where the eyes look is not taken in.

    A new object out there is noticed by chance: at ``edge_rate_per_s`` at the edge of the field,
    e times less often every ``falloff_deg`` beyond it; known ones live on in memory. Nothing is
    noticed more than 100 degrees off the gaze. Without a ``scan`` the eyes look ahead, and mirrors
    count as looked into. Of several the narrowest field holds.

    Source: the useful field of view is tested to 30 deg (Ball et al. 2006); rates are proposals.
    """

    op: Literal["useful_field"] = "useful_field"
    radius_deg: float = Field(ge=5.0, le=180.0, description="Neutral: 180.")
    edge_rate_per_s: float = Field(default=2.0, ge=0.0, le=20.0)
    falloff_deg: float = Field(default=20.0, ge=1.0, le=180.0)


class Accumulate(_Operation):
    """A change of an object's speed is registered when enough evidence of it has come together.

    Evidence is looming that the driver does not expect: the difference between the true 1/TTC and
    the one by the speed the driver believes in. It grows as ``looming_gain`` x (its size -
    ``gate_per_s``), never below 0; brake lamps of a vehicle seen from behind add ``lamp_per_s``
    before the gain. At ``bound`` the change is registered: from then on the true speed is seen
    until it has been steady for a second. An object noticed for the first time that drives the same
    way is expected not to close. During glances evidence of what is ahead grows ``away_gain`` times
    as fast, and reaching the bound ends the glance. With ``bound_sigma`` the bound is lognormal
    about its mean, drawn anew for every object and every change: the same driver is quick now and
    late then.

    Gains multiply; bounds, gates and lamps of several add up; the widest spread holds.

    Source: Markkula 2014 and 2021; fit to "normal" braking of Kiefer et al.: gate 0.0155, bound
    0.0888. Lamp, steadiness, ``away_gain`` and the spread are proposals.
    """

    op: Literal["accumulate"] = "accumulate"
    bound: float = Field(default=0.0888, ge=0.0, le=2.0, description="Neutral: 0, at once.")
    bound_sigma: float = Field(
        default=0.0, ge=0.0, le=1.5, description="Log standard deviation of the bound."
    )
    gate_per_s: float = Field(default=0.0155, ge=0.0, le=0.5, description="Neutral: 0.")
    looming_gain: float = Field(default=1.0, ge=0.05, le=5.0, description="Neutral: 1.")
    lamp_per_s: float = Field(default=0.0, ge=0.0, le=1.0, description="Neutral: 0.")
    away_gain: float = Field(default=1.0, ge=0.0, le=1.0, description="Neutral: 1.")


Operation = Annotated[
    Attend
    | Delay
    | ScaleDistance
    | ScaleClosingSpeed
    | ScaleSize
    | ShiftLateral
    | BendLane
    | MisreadSignal
    | ScaleOwnSpeed
    | ScaleSpeedLimit
    | LookAway
    | Scan
    | UsefulField
    | Accumulate,
    Field(discriminator="op"),
]


class PerceptionProgram(_Data):
    """One layer's program: operations applied together with those of the other layers.

    The order of application is fixed by kind (scan, useful field, look away and attend decide what
    is registered, then delay, then accumulate, then the distortions), not by position, so layers
    compose the same way round.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    layer: Layer
    operations: tuple[Operation, ...] = Field(default=(), max_length=40)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


operation_adapter: TypeAdapter[Operation] = TypeAdapter(Operation)
