"""Features of a trajectory: numbers that say how somebody drives, from what a camera above sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Floats

# Following: closer than this in time [s]. Moving: faster than this [m/s]; standing: slower.
_FOLLOWS_S, _MOVES, _STANDS = 4.0, 1.0, 0.2
# Free: nobody within so far [m], speed kept within so much [m/s^2].
_FREE_GAP_M, _FREE_ACCEL = 60.0, 0.4
# Steady following: closing speed [m/s] and acceleration [m/s^2] within these.
_STEADY_CLOSING, _STEADY_ACCEL = 0.7, 0.5
# Standing behind somebody: no farther than this [m].
_BEHIND_M = 12.0
# A start is waited for so long [s]; the leader has started at this speed [m/s].
_START_S, _STARTED = 8.0, 0.5
# Braking begins at this acceleration [m/s^2].
_BRAKES = -1.0
# Keeping to a lane: off its middle by less than this [m].
_IN_LANE_M = 1.4
# Reversals count from these amplitudes on: of the lateral position [m], of the yaw rate [rad/s].
_REVERSAL_M, _REVERSAL_RAD_S = 0.1, 0.02
# Corridor in which another car is in front: half its width [m], and its length.
_CORRIDOR_M, _SIGHT_M = 1.8, 80.0
# A percentile or a deviation needs so many samples.
_LEAST = 5


@dataclass(frozen=True)
class Tracks:
    """Trajectories of all cars of a scene, shape (ticks, n) each.

    Attributes:
        step_s: Time between samples [s].
        x: Position [m].
        y: As x.
        yaw: Heading [rad].
        speed: [m/s].
        d: Offset from the lane's middle [m].
        heading_error: Heading relative to the lane [rad].
        limit: Speed limit [m/s].
        junction: Inside a junction.
        length: Of the cars [m], shape (n,).
    """

    step_s: float
    x: Floats
    y: Floats
    yaw: Floats
    speed: Floats
    d: Floats
    heading_error: Floats
    limit: Floats
    junction: Floats
    length: Floats

    def window(self, begin: int, end: int) -> Tracks:
        """The samples from ``begin`` to before ``end``."""
        cut = {
            name: getattr(self, name)[begin:end]
            for name in ("x", "y", "yaw", "speed", "d", "heading_error", "limit", "junction")
        }
        return Tracks(step_s=self.step_s, length=self.length, **cut)


FEATURES = (
    "speed_mean", "speed_p90", "speed_sd", "speed_of_limit_p90", "speed_of_limit_p50",
    "speed_of_limit_max", "free_speed_of_limit_p50", "free_speed_of_limit_p90", "speed_wander_sd",
    "standing_share", "accel_p95", "accel_p05", "accel_sd", "jerk_sd", "jerk_p99",
    "time_gap_p10", "time_gap_p50", "steady_time_gap", "following_share", "standing_gap",
    "start_delay", "inverse_ttc_p95", "inverse_ttc_max", "inverse_ttc_at_braking", "closing_sd",
    "lateral_sd", "lateral_abs", "lateral_range", "lateral_lag_1s", "lateral_reversals",
    "lateral_speed_sd", "lateral_accel_sd", "lateral_accel_p99", "heading_sd",
    "yaw_rate_sd", "yaw_accel_sd", "yaw_rate_reversals", "curve_lateral_accel_p95",
)  # fmt: skip


def leaders(t: Tracks) -> tuple[Floats, Floats]:
    """Gap to and speed of the car in front in the own heading's corridor, shape (ticks, n).

    Gap is inf, speed NaN where there is none.
    """
    dx, dy = t.x[:, None, :] - t.x[:, :, None], t.y[:, None, :] - t.y[:, :, None]
    c, s = np.cos(t.yaw)[:, :, None], np.sin(t.yaw)[:, :, None]
    along, across = dx * c + dy * s, dy * c - dx * s
    same = np.cos(t.yaw[:, None, :] - t.yaw[:, :, None]) > 0.5
    ahead = (along > 0.5) & (along < _SIGHT_M) & (np.abs(across) < _CORRIDOR_M) & same
    far = np.where(ahead, along, np.inf)
    j = far.argmin(axis=2)
    distance = np.take_along_axis(far, j[:, :, None], axis=2)[:, :, 0]
    gap = distance - 0.5 * (t.length[None, :] + t.length[j])
    speed = np.take_along_axis(t.speed, j, axis=1)
    return gap, np.where(np.isfinite(distance), speed, np.nan)


def features(t: Tracks) -> Floats:
    """The features of every car over the whole of the tracks, shape (n, len(FEATURES)).

    Where something never happened (no following, no standing behind somebody) its features are
    NaN, for the classifier's imputer.
    """
    gap, lead_speed = leaders(t)
    rows = []
    for i in range(t.x.shape[1]):
        car = _Car(t, i, gap[:, i], lead_speed[:, i])
        found = {**car.speeds(), **car.following(), **car.lane_keeping()}
        rows.append([found[name] for name in FEATURES])
    return np.array(rows)


def reversals(values: Floats, amplitude: float) -> int:
    """How often a signal turns back by at least ``amplitude``.

    Source: the reversal rate of Markkula & Engstroem 2006, there of the steering wheel.
    """
    count, rising, low, high = 0, 0, np.inf, -np.inf
    for value in values:
        low, high = min(low, value), max(high, value)
        if rising >= 0 and value < high - amplitude:
            count += rising > 0
            rising, low = -1, value
        elif rising <= 0 and value > low + amplitude:
            count += rising < 0
            rising, high = 1, value
    return count


class _Car:
    """One car's track, shape (ticks,) each."""

    def __init__(self, t: Tracks, i: int, gap: Floats, lead_speed: Floats) -> None:
        self.step_s = t.step_s
        self.speed, self.limit, self.d = t.speed[:, i], t.limit[:, i], t.d[:, i]
        self.heading_error = t.heading_error[:, i]
        self.gap, self.lead_speed = gap, lead_speed
        self.accel = np.gradient(self.speed, t.step_s)
        self.yaw_rate = np.gradient(np.unwrap(t.yaw[:, i]), t.step_s)
        self.moves = self.speed > _MOVES
        self.road = self.moves & (t.junction[:, i] < 0.5)

    def speeds(self) -> dict[str, float]:
        """Speed, acceleration, standing."""
        jerk = np.gradient(self.accel, self.step_s)
        share = self.speed / self.limit
        free = self.road & (self.gap > _FREE_GAP_M) & (np.abs(self.accel) < _FREE_ACCEL)
        return {
            "speed_mean": float(self.speed.mean()),
            "speed_p90": _percentile(self.speed, 90),
            "speed_sd": _sd(self.speed),
            "speed_of_limit_p90": _percentile(share[self.moves], 90),
            "speed_of_limit_p50": _percentile(share[self.moves], 50),
            "speed_of_limit_max": _percentile(share[self.moves], 99),
            "free_speed_of_limit_p50": _percentile(share[free], 50),
            "free_speed_of_limit_p90": _percentile(share[free], 90),
            "speed_wander_sd": _sd(self.accel[free][:: self._samples(2.0)]),
            "standing_share": float((~self.moves).mean()),
            "accel_p95": _percentile(self.accel, 95),
            "accel_p05": _percentile(self.accel, 5),
            "accel_sd": _sd(self.accel),
            "jerk_sd": _sd(jerk),
            "jerk_p99": _percentile(np.abs(jerk), 99),
        }

    def following(self) -> dict[str, float]:
        """Gaps to the car in front and reactions to it."""
        gap, closing = self.gap, self.speed - self.lead_speed
        time_gap = gap / np.maximum(self.speed, 0.1)
        follows = self.moves & (time_gap < _FOLLOWS_S) & (gap > 0.0)
        steady = follows & (np.abs(closing) < _STEADY_CLOSING)
        steady &= np.abs(self.accel) < _STEADY_ACCEL
        behind = (self.speed < _STANDS) & (gap < _BEHIND_M)
        inverse_ttc = np.maximum(closing, 0.0) / np.maximum(gap, 0.5)
        brakes = np.flatnonzero((self.accel[1:] < _BRAKES) & (self.accel[:-1] >= _BRAKES)) + 1
        at_braking = inverse_ttc[brakes][np.isfinite(inverse_ttc[brakes])]
        inverse_ttc = inverse_ttc[follows]
        return {
            "time_gap_p10": _percentile(time_gap[follows], 10),
            "time_gap_p50": _percentile(time_gap[follows], 50),
            "steady_time_gap": _percentile(time_gap[steady], 50),
            "following_share": float(follows.mean()),
            "standing_gap": _percentile(gap[behind], 50),
            "start_delay": self._start_delay(behind),
            "inverse_ttc_p95": _percentile(inverse_ttc, 95),
            "inverse_ttc_max": _percentile(inverse_ttc, 100),
            "inverse_ttc_at_braking": _percentile(at_braking, 50, least=1),
            "closing_sd": _sd(closing[follows]),
        }

    def lane_keeping(self) -> dict[str, float]:
        """Place and movement in the lane, and bends."""
        lane = self.road & (np.abs(self.d) < _IN_LANE_M)
        minutes = max(lane.sum() * self.step_s / 60.0, self.step_s / 60.0)
        place, lag = self.d[lane], self._samples(1.0)
        across = (self.speed * np.sin(self.heading_error))[lane]
        across_accel = self._rate(across)
        turning = self.yaw_rate[lane]
        kept = len(place) > 3 * lag
        return {
            "lateral_sd": _sd(place),
            "lateral_abs": float(np.abs(place).mean()) if len(place) else np.nan,
            "lateral_range": _percentile(place, 99) - _percentile(place, 1),
            "lateral_lag_1s": float(np.corrcoef(place[lag:], place[:-lag])[0, 1])
            if kept
            else np.nan,
            "lateral_reversals": reversals(place, _REVERSAL_M) / minutes,
            "lateral_speed_sd": _sd(across),
            "lateral_accel_sd": _sd(across_accel),
            "lateral_accel_p99": _percentile(np.abs(across_accel), 99),
            "heading_sd": _sd(self.heading_error[lane]),
            "yaw_rate_sd": _sd(turning),
            "yaw_accel_sd": _sd(self._rate(self.yaw_rate)[lane]),
            "yaw_rate_reversals": reversals(turning, _REVERSAL_RAD_S) / minutes,
            "curve_lateral_accel_p95": _percentile(
                np.abs(self.speed * self.yaw_rate)[self.moves], 95
            ),
        }

    def _start_delay(self, behind: Bools) -> float:
        """Median time from the start of the car in front to the own one [s]."""
        went = self.lead_speed > _STARTED
        starts = np.flatnonzero(went[1:] & ~went[:-1] & behind[1:]) + 1
        delays = []
        for start in starts:
            own = np.flatnonzero(self.speed[start : start + self._samples(_START_S)] > _STARTED)
            if len(own):
                delays.append(own[0] * self.step_s)
        return float(np.median(delays)) if delays else np.nan

    def _samples(self, seconds: float) -> int:
        return max(1, round(seconds / self.step_s))

    def _rate(self, values: Floats) -> Floats:
        """Derivative; none of fewer than two samples."""
        return np.gradient(values, self.step_s) if len(values) > 1 else np.zeros(0)


def _percentile(values: Floats, q: float, least: int = _LEAST) -> float:
    return float(np.percentile(values, q)) if len(values) >= least else np.nan


def _sd(values: Floats) -> float:
    return float(values.std()) if len(values) >= _LEAST else np.nan
