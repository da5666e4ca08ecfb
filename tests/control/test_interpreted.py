"""Compiled code computes what the same lines mean in Python, where a debugger can walk them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hdsim.core.command import Reason
from hdsim.testing.scenes import crossing, straight
from hdsim.testing.traffic import Traffic

CLOSE = 1e-9
EXACT = ("reason", "lead", "indicator", "change", "hold", "row", "seen")
STYLES = ("normal", "aggressive", "distracted", "aggressive-drunk-distracted")


def at_a_crossing() -> Traffic:
    graph, index = crossing()
    ways = [lane for lane in index.values() if graph.junction[lane] < 0 and graph.successors[lane]]
    starts = [(lane, s, 6.0) for lane in ways for s in (40.0, 60.0)]
    styles = [STYLES[i % len(STYLES)] for i in range(len(starts))]
    return Traffic(graph, starts, seed=1, styles=styles)


def on_three_lanes() -> Traffic:
    graph, index = straight(800.0, lanes=3)
    starts = [(index["1"], 100.0 + 40.0 * i, 3.0) for i in range(3)]
    starts += [(index[str(i % 3)], 20.0 + 12.0 * i, 10.0) for i in range(5)]
    scripts = {i: lambda t, i=i: (*starts[i][:1], starts[i][1] + 3.0 * t, 3.0) for i in range(3)}
    styles = [STYLES[i % len(STYLES)] for i in range(len(starts))]
    return Traffic(graph, starts, scripts, seed=1, styles=styles)


SCENES = {"at_a_crossing": (at_a_crossing, 120), "on_three_lanes": (on_three_lanes, 120)}


def drive(scene: str) -> dict[str, np.ndarray]:
    """Decisions and percepts of a scene, each with the ticks in front."""
    make, ticks = SCENES[scene]
    traffic = make()
    found: dict[str, list[np.ndarray]] = {}
    for _ in range(ticks):
        traffic.tick()
        thought = traffic.thought
        assert thought is not None
        decided, objects = thought.decisions, thought.percepts.objects
        for name in ("accel", "steer", "reason", "lead", "indicator", "change", "hold"):
            found.setdefault(name, []).append(getattr(decided, name))
        for name in ("row", "seen"):
            found.setdefault(name, []).append(getattr(objects, name))
        for name in ("x", "y", "speed"):
            found.setdefault(name, []).append(np.where(objects.seen, getattr(objects, name), 0.0))
    return {name: np.array(values) for name, values in found.items()}


@pytest.mark.parametrize("scene", SCENES)
def test_interpreted_and_compiled_drivers_do_the_same(scene, tmp_path):
    out = tmp_path / "interpreted.npz"
    subprocess.run(
        # Numpy warns of the overflow that hashing is made of.
        [sys.executable, "-W", "ignore::RuntimeWarning", __file__, scene, str(out)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        check=True,
    )
    interpreted, compiled = np.load(out), drive(scene)
    assert len({Reason(reason) for reason in compiled["reason"].ravel()}) >= 3
    assert sorted(interpreted.files) == sorted(compiled)
    for name, values in compiled.items():
        if name in EXACT:
            assert np.array_equal(values, interpreted[name]), name
        else:
            assert np.allclose(values, interpreted[name], rtol=0.0, atol=CLOSE), name


if __name__ == "__main__":
    from hdsim.core.compiled import INTERPRETED

    assert INTERPRETED
    np.savez(Path(sys.argv[2]), **drive(sys.argv[1]))
