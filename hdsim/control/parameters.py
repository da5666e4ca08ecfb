"""The driving model's parameters: one frozen set for all drivers.

Styles never touch these numbers; they change what a driver perceives. ``[P]`` marks a value that
is a proposal within the published span, everything else names its source.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdsim.core.compiled import INTERPRETED

# One record of ``Parameters``.
ParameterTable = NDArray[np.void]


class Parameters(NamedTuple):
    """Parameters of the driving model; SI units, decelerations positive.

    Compiled code that Python calls is given them as a ``parameter_table``.

    Attributes:
        time_gap: T, wanted time gap behind a leader. Follower mean 1.32 s in traffic counts, less
            the part of ``min_gap`` at 26 m/s; "normal" within the span 0.8-2 s of Treiber's notes.
        min_gap: s0, gap kept at standstill; Treiber et al. 2000.
        max_accel: a; span 0.8-2.5 of Treiber's notes, [P] 1.5.
        brisk_accel: a of whoever crosses before somebody with precedence; the bound of comfort of
            nuPlan, from expert human drives, 2.40.
        comfort_decel: b; Treiber & Kesting 2013 use 1.5, span 1-3, [P] 2.0.
        free_exponent: delta; Treiber et al. 2000.
        coolness: c of the ACC model, 1 trusts the leader not to brake hard for no reason; Kesting,
            Treiber & Helbing 2010.
        max_decel: Bound of emergency braking; dry asphalt friction of 0.8.
        anticipation_decel: Braking towards a curve or a lower limit. Speed sign and curve
            approaches are driven below b, [P] 1.5.
        speed_lag: Time constant with which the allowed-speed profile is followed [P].
        lateral_accel: Comfortable lateral acceleration in curves; half of the nuPlan comfort bound
            of 4.89 and a little, [P] 2.8.
        min_curve_speed: Curves never ask for less [P].
        cut_in_horizon: How far ahead in time a neighbour's sideways motion counts as a cut-in [P].
        lateral_margin: Clearance to either side that a vehicle ahead must leave to be passed [P].
        person_margin: The same for a person on foot [P].
        person_slack: A person who comes on the path less than this after the own arrival is let
            go first [P].
        yellow_decel: Stop at yellow if this much braking is enough; ITE yellow timing, 3.05.
        brake_time: From the decision to the brake, which a driver reckons with at yellow; foot
            movement 0.2-0.3 s, Green 2000.
        red_decel: A red signal that would need more than this is run: the car cannot stop [P].
        stop_margin: Where the front bumper stops before a stop line, or is when somebody on foot
            leaves the path [P].
        exit_space: Free room beyond the junction, besides the own length, before entering [P].
        gap_left_major: Critical headway of a left turn from the major road; HCM 2010.
        gap_right_minor: Of a right turn from the minor road; HCM 2010.
        gap_through_minor: Of crossing the major road; HCM 2010.
        gap_left_minor: Of a left turn from the minor road; HCM 2010.
        gap_signal_left: Of a permitted left turn at a signal; 45 US approaches, mean 4.87.
        gap_lost_time: Part of a critical headway that passes before a standing car moves; HCM
            start-up lost time 2.0.
        gap_buffer: Time kept between own and other occupancy of a conflict zone [P].
        gap_patience: Waiting time after which critical headways shrink; accepted gaps fall after
            30 s of waiting.
        gap_shrink: Shrinking per second waited beyond that, down to 60 % [P].
        standing_patience: Wait behind a standing vehicle that has precedence before going [P].
        standing_stagger: Added per earlier vehicle that waits as well, so that they do not all go
            at once [P].
        politeness: p of MOBIL; Kesting et al. 2007 give 0-0.5, [P] 0.2.
        change_threshold: Delta a_th of MOBIL; highway-env 0.2 (published 0.1).
        safe_decel: b_safe of MOBIL, braking imposed on the new follower; Kesting et al. 2007.
        discretionary_decel: The same for changes that are only convenient; highway-env 2.0.
        change_time: Duration of a lane change; literature mean 5-6 s.
        change_min_length: Shortest way over which a car can move over [P].
        change_period: Time between two considerations; highway-env 1.0.
        change_looks: At so many considerations running a change for convenience must pay before it
            is begun, [P] 4; set by published rates of lane changes.
        change_cooldown: Rest after a lane change [P].
        change_min_speed: Below it nobody changes lane for convenience [P].
        change_junction_clearance: No change for convenience this close before a junction [P].
        change_notice: A lane change that the route needs is looked for from here on [P].
        change_patience: Having stood for so long before a lane change that the route needs, a
            driver does without it and goes another way [P].
        obstacle_patience: Who stands so long away from junctions and queues is an obstacle [P].
        queue_patience: The same for whoever has been seen to move, or stands where a queue may
            reach to from a junction ahead [P].
        obstacle_room: Kept from an obstacle, so that there is room to pull out [P].
        obstacle_speed: Obstacles are gone around below this speed [P].
        obstacle_margin: Sideways clearance when going around [P].
        evasive_lateral: Lateral acceleration up to which an emergency is steered out of, about
            nuPlan's bound for expert drivers of 4.89; [P] 5.0.
        preview_time: Look-ahead of steering [P]; Coulter 1992 leaves it to tuning.
        preview_min: Shortest look-ahead [P].
        cycling_speed: What a cyclist keeps up on the flat; Parkin & Rotheram 2010, 21.6 km/h.
        max_steer: Bound of the road-wheel angle; 70 degrees is CARLA's usual car.
    """

    time_gap: float = 1.25
    min_gap: float = 2.0
    max_accel: float = 1.5
    brisk_accel: float = 2.4
    comfort_decel: float = 2.0
    free_exponent: float = 4.0
    coolness: float = 0.99
    max_decel: float = 8.0
    anticipation_decel: float = 1.5
    speed_lag: float = 0.6
    lateral_accel: float = 2.8
    min_curve_speed: float = 2.0
    cut_in_horizon: float = 0.8
    lateral_margin: float = 0.2
    person_margin: float = 1.0
    person_slack: float = 2.0
    yellow_decel: float = 3.05
    brake_time: float = 0.2
    red_decel: float = 6.0
    stop_margin: float = 1.0
    exit_space: float = 2.0
    gap_left_major: float = 4.1
    gap_right_minor: float = 6.2
    gap_through_minor: float = 6.5
    gap_left_minor: float = 7.1
    gap_signal_left: float = 4.87
    gap_lost_time: float = 2.0
    gap_buffer: float = 1.0
    gap_patience: float = 30.0
    gap_shrink: float = 0.01
    standing_patience: float = 3.0
    standing_stagger: float = 1.5
    politeness: float = 0.2
    change_threshold: float = 0.2
    safe_decel: float = 4.0
    discretionary_decel: float = 2.0
    change_time: float = 5.0
    change_min_length: float = 15.0
    change_period: float = 1.0
    change_looks: int = 4
    change_cooldown: float = 8.0
    change_min_speed: float = 3.0
    change_junction_clearance: float = 25.0
    change_notice: float = 150.0
    change_patience: float = 20.0
    obstacle_patience: float = 5.0
    queue_patience: float = 60.0
    obstacle_room: float = 8.0
    obstacle_speed: float = 7.0
    obstacle_margin: float = 0.5
    evasive_lateral: float = 5.0
    preview_time: float = 0.7
    preview_min: float = 3.0
    cycling_speed: float = 6.0
    max_steer: float = 1.22


def parameter_table(p: Parameters) -> ParameterTable:
    """The parameters as an array of one record, shape (1,).

    To take a named tuple apart at each call of a compiled function costs 5 us, an array 0.2.
    """
    fields: list[Any] = [(name, np.asarray(value).dtype) for name, value in p._asdict().items()]
    table = np.array([tuple(p)], dtype=fields)
    return table.view(np.recarray) if INTERPRETED else table
