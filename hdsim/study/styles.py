"""Whether styles are recognised from trajectories: Table 3 of the HDSim paper, in kind.

Drivers of five styles drive in the same town; classifiers are trained on the trajectories of some
seeds and tested on those of others. A seed has its own starts and its own turns, and a trajectory
whose sequence of lanes occurs among the training trajectories is left out of the test: held out by
seed and by route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsim.core.state import Floats, Ints, wrap_angle
from hdsim.run.drivers import Thought
from hdsim.run.kinematic import KinematicLoop
from hdsim.study.features import FEATURES, Tracks, features
from hdsim.study.scene import PEDAL_LAG_S, preset
from hdsim.study.town import fixed_times, lanes_of, places

STYLES = ("aggressive", "cautious", "fatigued", "distracted", "normal")
# What issue and paper ask of F1 [%].
AIMS = {"aggressive": 95.0, "cautious": 95.0, "fatigued": 75.0, "distracted": 60.0}
PAPER = {"aggressive": 97.8, "cautious": 98.1, "fatigued": 72.7, "distracted": 45.0}
# The paper's figures of CARLA's Traffic Manager with parameters.
PAPER_CARLA = {"aggressive": 82.6, "cautious": 66.7}
MAP = "grid"
CARS = 40
# With fewer there is no drive for the test.
LEAST_DRIVES = 3
WARM_UP_S = 10.0
# The same drives are judged in pieces that are so many times shorter as well.
SHORTER = 5
EVERY = 2  # ticks between samples of a trajectory
# Two trajectories of at least this many lanes in the same order are the same route.
_ROUTE_LANES = 3


@dataclass
class Trajectories:
    """Trajectories as features.

    Attributes:
        style: Index into ``STYLES``, shape (n,).
        seed: Seed of the drive, shape (n,).
        route: Lanes driven, in order, one tuple each.
        features: Shape (n, len(FEATURES)).
    """

    style: Ints
    seed: Ints
    route: list[tuple[int, ...]]
    features: Floats

    @classmethod
    def joined(cls, parts: Sequence[Trajectories]) -> Trajectories:
        """Several drives' as one."""
        return cls(
            style=np.concatenate([p.style for p in parts]),
            seed=np.concatenate([p.seed for p in parts]),
            route=[r for p in parts for r in p.route],
            features=np.concatenate([p.features for p in parts]),
        )


class PerceptErrors:
    """Mean relative error of where drivers believe others to be, by style."""

    def __init__(self, style: Ints, styles: int) -> None:
        self._style, self._sum, self._n = style, np.zeros(styles), np.zeros(styles)

    def note(self, thought: Thought) -> None:
        """One tick."""
        seen, true = thought.percepts.objects, thought.observation.objects
        own = thought.observation.own
        both = seen.seen & (true.row >= 0)
        off = np.hypot(seen.x - true.x, seen.y - true.y)
        away = np.hypot(true.x - own.x[:, None], true.y - own.y[:, None])
        relative = np.where(both, off / np.maximum(away, 1.0), 0.0)
        np.add.at(self._sum, self._style, relative.sum(axis=1))
        np.add.at(self._n, self._style, both.sum(axis=1))

    def mean(self) -> Floats:
        """By style."""
        return np.asarray(self._sum / np.maximum(self._n, 1.0))


@dataclass(frozen=True)
class Drive:
    """One drive of a town full of cars.

    Attributes:
        tracks: Of all drivers.
        lane: Their lanes, shape (ticks, n).
        style: Index into the arm's styles, shape (n,).
        seed: Of the drive.
    """

    tracks: Tracks
    lane: Ints
    style: Ints
    seed: int

    def cut(self, seconds: float) -> Trajectories:
        """Trajectories of one length, one after the other; what is left over is left out."""
        each = round(seconds / self.tracks.step_s)
        parts = []
        for begin in range(0, len(self.lane) - each + 1, each):
            end = begin + each
            parts.append(
                Trajectories(
                    style=self.style,
                    seed=np.full(len(self.style), self.seed),
                    route=[_route(lane) for lane in self.lane[begin:end].T],
                    features=features(self.tracks.window(begin, end)),
                )
            )
        return Trajectories.joined(parts)


def drive(seed: int, seconds: float, styles: Sequence[str] = STYLES) -> tuple[Drive, Floats]:
    """One drive of all styles together in the town.

    Args:
        seed: Of starts, turns and noise.
        seconds: How long, after a warm-up.
        styles: Profiles, in equal numbers.

    Returns:
        The drive and the mean percept error of each style.
    """
    graph = lanes_of(MAP)
    n = CARS - CARS % len(styles)
    lane, s = places(graph, n, seed)
    style = np.arange(n) % len(styles)
    loop = KinematicLoop(
        graph,
        [f"driver-{i:02d}" for i in range(n)],
        [styles[int(k)] for k in style],
        lane,
        s,
        np.zeros(n),
        {name: preset(name) for name in styles},
        seed=seed,
        signals=fixed_times(graph),
        pedal_lag=PEDAL_LAG_S,
    )
    loop.run(WARM_UP_S)
    errors = PerceptErrors(style, len(styles))
    rows: list[tuple[NDArray[Any], ...]] = []

    def look(loop: KinematicLoop) -> None:
        if loop.frame % EVERY:
            return
        assert loop.thought is not None
        errors.note(loop.thought)
        state = loop.state()
        at = np.maximum(state.lane, 0)
        off = wrap_angle(state.yaw - state.lane_yaw)
        rows.append(
            (
                state.x, state.y, state.yaw, state.speed, state.d, off,
                graph.limit[at], (graph.junction[at] >= 0).astype(np.float64), state.lane,
            )
        )  # fmt: skip

    loop.run(seconds, look)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    x, y, yaw, speed, d, off, limit, junction, lanes = columns
    length = loop.roster.length
    tracks = Tracks(loop.step_s * EVERY, x, y, yaw, speed, d, off, limit, junction, length)
    return Drive(tracks, lanes, style, seed), errors.mean()


def drives(
    seeds: Iterable[int], seconds: float, lengths: Sequence[float], workers: int
) -> Iterator[tuple[list[Trajectories], Floats]]:
    """Drives in processes of their own, in the order of their seeds.

    Args:
        seeds: One drive each.
        seconds: Length of a drive.
        lengths: Lengths of the trajectories that it is cut into [s].
        workers: Drives at a time.

    Yields:
        The trajectories by length, and the mean percept error of each style.
    """
    one = partial(_drive_and_cut, seconds=seconds, lengths=tuple(lengths))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(one, seeds)


def _drive_and_cut(
    seed: int, seconds: float, lengths: Sequence[float]
) -> tuple[list[Trajectories], Floats]:
    driven, errors = drive(seed, seconds)
    return [driven.cut(length) for length in lengths], errors


def _route(lane: Ints) -> tuple[int, ...]:
    lane = lane[lane >= 0]
    return tuple(int(k) for k in lane[np.flatnonzero(np.diff(lane, prepend=-1))])


def held_out(data: Trajectories) -> tuple[Ints, Ints]:
    """Indices of the training and of the test trajectories.

    Every third seed is for the test; of those, routes that occur in training are left out.
    """
    seeds = np.unique(data.seed)
    test_seed = np.isin(data.seed, seeds[2::3])
    train = np.flatnonzero(~test_seed)
    known = {data.route[i] for i in train if len(data.route[i]) >= _ROUTE_LANES}
    test = [i for i in np.flatnonzero(test_seed) if data.route[i] not in known]
    return train, np.array(test, dtype=np.int64)


def without(data: Trajectories, style: int) -> Trajectories:
    """The trajectories of all styles but the last one, ``style``."""
    keep = np.flatnonzero(data.style != style)
    return Trajectories(
        data.style[keep], data.seed[keep], [data.route[i] for i in keep], data.features[keep]
    )


def classifiers() -> dict[str, Any]:
    """The paper's three classifiers, with scikit-learn's defaults but for what is set here.

    Neighbours are near in the directions that tell the training trajectories' styles apart (linear
    discriminants): among all features alike, those without meaning decide who is near.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    def on_scaled(*models: Any) -> Any:
        return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), *models)

    return {
        "random forest": on_scaled(
            RandomForestClassifier(n_estimators=300, random_state=0, n_jobs=1)
        ),
        "SVM": on_scaled(SVC(C=10.0)),
        "kNN": on_scaled(LinearDiscriminantAnalysis(), KNeighborsClassifier(n_neighbors=15)),
    }


def scores(
    data: Trajectories, styles: Sequence[str], on_done: Callable[[str], None] = lambda _: None
) -> list[dict[str, Any]]:
    """F1 of every style by every classifier on the held-out trajectories [%].

    The last classifier, ``mean``, is the mean over the three, as the paper gives it. Intervals are
    a bootstrap over the test trajectories.
    """
    from sklearn.metrics import f1_score

    train, test = held_out(data)
    labels = np.arange(len(styles))
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(test), size=len(test)) for _ in range(200)]
    truth = data.style[test]
    values, spread = {}, {}
    for name, model in classifiers().items():
        model.fit(data.features[train], data.style[train])
        said = model.predict(data.features[test])

        def f1(i: Any = slice(None), said: Any = said) -> Floats:
            return 100.0 * np.asarray(
                f1_score(truth[i], said[i], labels=labels, average=None, zero_division=0.0)
            )

        values[name], spread[name] = f1(), np.array([f1(i) for i in draws])
        on_done(name)
    values["mean"] = np.mean([*values.values()], axis=0)
    spread["mean"] = np.mean([*spread.values()], axis=0)
    rows = []
    for name, value in values.items():
        low, high = np.percentile(spread[name], (2.5, 97.5), axis=0)
        for k, style in enumerate(styles):
            rows.append(
                {
                    "style": style,
                    "classifier": name,
                    "f1_pct": float(value[k]),
                    "low": float(low[k]),
                    "high": float(high[k]),
                    "train": int((data.style[train] == k).sum()),
                    "test": int((truth == k).sum()),
                }
            )
    return rows


def judged(
    arm: str,
    data: Trajectories,
    styles: Sequence[str],
    percept_error: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """``scores`` of one arm beside the aims and the paper's figures.

    Args:
        arm: Its name.
        data: Its trajectories.
        styles: Their styles.
        percept_error: Mean percept error by style; without it the arm has no aims.
    """
    rows, paper = [], PAPER if percept_error else PAPER_CARLA
    for row in scores(data, styles):
        style = row["style"]
        aim = AIMS.get(style) if percept_error else None
        row = {
            "arm": arm, **row, "aim_pct": aim, "paper_pct": paper.get(style),
            "percept_error": (percept_error or {}).get(style) if aim else None,
            "verdict": "" if aim is None else "pass" if row["f1_pct"] >= aim else "MISS",
        }  # fmt: skip
        rows.append(row)
    return rows


def importance(data: Trajectories, most: int = 8) -> list[tuple[str, float]]:
    """The features that the random forest goes by, largest first."""
    train, _ = held_out(data)
    model = classifiers()["random forest"].fit(data.features[train], data.style[train])
    kept = model[:-1].get_feature_names_out(list(FEATURES))
    pairs = sorted(zip(model[-1].feature_importances_, kept, strict=True), reverse=True)
    return [(str(name), float(value)) for value, name in pairs[:most]]
