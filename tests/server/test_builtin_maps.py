"""The real client and its Traffic Manager drive the maps that HDSim brings along."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TOURING = Path(__file__).with_name("touring.py")


@pytest.fixture(scope="module", params=["motorway", "roundabout"])
def tour(request):
    """Map name and what ``touring.py`` saw on it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "hdsim.server", "--map", request.param, "--port", "0",
         "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        port = server.stdout.readline().strip().rpartition("=")[2]
        vehicles, ticks = (40, 500) if request.param == "motorway" else (24, 700)
        done = subprocess.run(
            [sys.executable, TOURING, port, str(vehicles), str(ticks)],
            capture_output=True, text=True, timeout=170, check=True,
        )  # fmt: skip
        yield request.param, json.loads(done.stdout)
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()


def test_all_vehicles_keep_driving_and_hardly_touch(tour):
    name, seen = tour
    assert seen["left"] == seen["vehicles"] >= 24
    assert seen["touched"] <= 1
    places = np.array([[v[:2] for v in row] for row in seen["seen"]])
    driven = np.hypot(*np.diff(places, axis=0).transpose(2, 0, 1)).sum(axis=0)
    seconds = (len(places) - 1) * 0.5
    fast = {"motorway": 70.0, "roundabout": 25.0}[name]  # [km/h], with the start from rest
    assert driven.mean() / seconds * 3.6 > fast
    assert driven.min() > 20.0


def test_ramps_and_the_circle_are_used(tour):
    name, seen = tour
    roads = {v[2] for row in seen["seen"] for v in row}
    if name == "motorway":
        assert roads & {13, 23, 33, 43}  # ramps off
        assert roads & {14, 24, 34, 44}  # ramps on
        assert 91 in roads  # the country road
    else:
        assert set(range(10, 14)) <= roads  # all of the circle
        assert set(range(1, 5)) | set(range(20, 24)) <= roads  # all arms, all of the ring
