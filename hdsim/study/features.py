"""Features of a trajectory: numbers that say how somebody drives, from what a camera above sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdsim.core.state import Bools, Floats, wrap_angle

_FOLLOWS_S = 4.0
_MOVES = 1.0
_FREE_GAP_M = 60.0
# Corridor in which another car is in front: half its width [m], and its length.
_CORRIDOR_M, _SIGHT_M = 1.8, 80.0


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
    "speed_of_limit_max", "free_speed_of_limit", "accel_p95", "accel_p05", "accel_sd",
    "jerk_sd", "jerk_p99", "time_gap_p10", "time_gap_p50", "following_share", "standing_gap",
    "inverse_ttc_p95", "inverse_ttc_max", "closing_sd", "lateral_sd", "lateral_abs",
    "lateral_range", "lateral_speed_sd", "lateral_accel_sd", "lateral_accel_p99", "heading_sd",
    "yaw_rate_sd", "yaw_accel_sd", "curve_lateral_accel_p95", "standing_share",
    "speed_wander_sd", "lateral_lag_1s",
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
    columns = [
        _features(
            t.step_s, t.speed[:, i], t.d[:, i], t.heading_error[:, i], t.yaw[:, i],
            t.limit[:, i], t.junction[:, i] > 0.5, gap[:, i], lead_speed[:, i],
        )
        for i in range(t.x.shape[1])
    ]  # fmt: skip
    return np.array(columns)


def _percentile(values: Floats, q: float) -> float:
    return float(np.percentile(values, q)) if len(values) >= 5 else np.nan


def _sd(values: Floats) -> float:
    return float(values.std()) if len(values) >= 5 else np.nan


def _features(
    step_s: float,
    speed: Floats,
    d: Floats,
    heading_error: Floats,
    yaw: Floats,
    limit: Floats,
    junction: Bools,
    gap: Floats,
    lead_speed: Floats,
) -> list[float]:
    accel = np.gradient(speed, step_s)
    jerk = np.gradient(accel, step_s)
    yaw_rate = np.gradient(np.unwrap(yaw), step_s)
    moves = speed > _MOVES
    with np.errstate(divide="ignore", invalid="ignore"):
        time_gap = gap / np.maximum(speed, 0.1)
    follows = moves & (time_gap < _FOLLOWS_S) & (gap > 0.0)
    closing = speed - lead_speed
    inverse_ttc = np.where(follows, np.maximum(closing, 0.0) / np.maximum(gap, 0.5), np.nan)
    inverse_ttc = inverse_ttc[np.isfinite(inverse_ttc)]
    of_limit = speed[moves] / limit[moves]
    free = moves & (gap > _FREE_GAP_M) & (np.abs(accel) < 0.4) & ~junction
    lane = moves & ~junction & (np.abs(d) < 1.4)
    lateral = d[lane]
    lateral_speed = (speed * np.sin(heading_error))[lane]
    across = (speed * yaw_rate)[moves]
    behind = ~moves & (speed < 0.2) & np.isfinite(gap) & (gap < 12.0)
    smooth = max(1, round(2.0 / step_s))
    wander = accel[free]
    kept = d[lane]
    lag = round(1.0 / step_s)
    return [
        float(speed.mean()),
        _percentile(speed, 90),
        _sd(speed),
        _percentile(of_limit, 90),
        _percentile(of_limit, 50),
        _percentile(of_limit, 99),
        _percentile(speed[free] / limit[free], 50),
        _percentile(accel, 95),
        _percentile(accel, 5),
        _sd(accel),
        _sd(jerk),
        _percentile(np.abs(jerk), 99),
        _percentile(time_gap[follows], 10),
        _percentile(time_gap[follows], 50),
        float(follows.mean()),
        _percentile(gap[behind], 50),
        _percentile(inverse_ttc, 95),
        float(inverse_ttc.max()) if len(inverse_ttc) else np.nan,
        _sd(closing[follows]),
        _sd(lateral),
        float(np.abs(lateral).mean()) if len(lateral) else np.nan,
        _percentile(lateral, 99) - _percentile(lateral, 1),
        _sd(lateral_speed),
        _sd(np.gradient(lateral_speed, step_s)) if len(lateral_speed) > 5 else np.nan,
        _percentile(np.abs(np.gradient(lateral_speed, step_s)), 99)
        if len(lateral_speed) > 5
        else np.nan,
        _sd(wrap_angle(heading_error[lane])),
        _sd(yaw_rate[lane]),
        _sd(np.gradient(yaw_rate, step_s)[lane]),
        _percentile(np.abs(across), 95),
        float((~moves).mean()),
        _sd(wander[::smooth]) if len(wander) > 5 * smooth else np.nan,
        float(np.corrcoef(kept[lag:], kept[:-lag])[0, 1]) if len(kept) > 3 * lag else np.nan,
    ]
