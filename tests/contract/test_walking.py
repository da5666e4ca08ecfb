"""AI walkers of the plain ``carla`` client: it moves them itself, on the mesh that it is served."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import carla
import pytest
import shapely

from hdsim.road.maps import find_map
from hdsim.server.navigation.detour import ConvexMesh, navigation_file
from hdsim.server.navigation.navmesh import navigation, navigation_mesh
from hdsim.server.navigation.walkways import Ground
from hdsim.server.town import Town, parse_town

WALKING = Path(__file__).with_name("walking.py")
HALF_HEIGHT_M = (0.5, 1.0)  # of children and adults
Walking = Callable[..., dict[str, Any]]


@pytest.fixture
def walking() -> Walking:
    """Runs a function of ``walking.py`` in its own process; ``cache`` for its files."""

    def run(
        name: str, address: str, timeout: float = 120.0, cache: Path | None = None
    ) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(WALKING), name, address],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "CARLA_CACHE_DIR": str(cache)} if cache else None,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return dict(json.loads(done.stdout.splitlines()[-1]))

    return run


@pytest.fixture
def embedded_only(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--carla"):
        pytest.skip("the claim is about the embedded server only")


@cache
def town(name: str) -> Town:
    return parse_town(name, find_map(name).xodr)


@cache
def ground(name: str, *kinds: Ground) -> Any:
    """The walkable surface of a map, of some kinds or all of them, seen from above."""
    m = navigation_mesh(town(name))
    wanted = [
        shapely.Polygon(m.vertices[c[c >= 0], :2])
        for c, area in zip(m.corners, m.area, strict=True)
        if not kinds or Ground(area) in kinds
    ]
    return shapely.union_all(wanted)


def off(surface: Any, points: list[list[float]]) -> list[float]:
    """How far places in CARLA's frame are from a surface [m]."""
    return [float(surface.distance(shapely.Point(x, -y))) for x, y, _ in points]


def lengths(tracks: list[list[list[float]]]) -> list[float]:
    return [sum(math.dist(a, b) for a, b in pairwise(t)) for t in tracks]


@pytest.mark.usefixtures("embedded_only")
def test_random_locations_are_on_the_sidewalks_of_the_map(
    embedded_server: Callable[[str], str], walking: Walking, tmp_path: Path
):
    # In a folder that the server does not know: the client fetches the file.
    seen = walking("locations", embedded_server("grid"), cache=tmp_path)
    assert len(list(tmp_path.glob("*/grid-*.bin"))) == 1
    assert max(off(ground("grid", Ground.SIDEWALK), seen["first"])) < 0.01
    assert len({tuple(p) for p in seen["first"]}) == 300
    assert seen["repeats"]
    assert max(off(ground("roundabout", Ground.SIDEWALK), seen["other"])) < 0.01


def holds(seen: dict[str, Any], surface: Any, pace: float) -> None:
    """What is asked of a minute's walk of 20 walkers at 1 to 1.95 m/s."""
    assert seen["walkers"] == seen["controllers"] == 20
    assert seen["destroy_errors"] == []
    assert max(max(off(surface, track)) for track in seen["tracks"]) < 0.1
    for k, (length, top) in enumerate(
        zip(lengths(seen["tracks"]), seen["top_speeds"], strict=True)
    ):
        wanted = 1.0 + 0.05 * k
        assert top == pytest.approx(wanted, rel=0.02)
        assert length > pace * wanted * 60.0


def test_ai_walkers_walk_for_a_minute(walkable_address: str, walking: Walking):
    seen = walking("strollers", walkable_address)
    assert seen["walkers"] == seen["controllers"] == 20
    assert min(lengths(seen["tracks"])) > 20.0


@pytest.mark.usefixtures("embedded_only")
def test_ai_walkers_keep_to_sidewalks_and_crosswalks_and_repeat(
    embedded_server: Callable[[str], str], walking: Walking
):
    first, second = (walking("strollers", embedded_server("grid")) for _ in range(2))
    holds(first, ground("grid", Ground.SIDEWALK, Ground.CROSSWALK), 0.5)
    for track in first["tracks"]:
        assert all(HALF_HEIGHT_M[0] < z < HALF_HEIGHT_M[1] for _, _, z in track)
    assert first["hash"] == second["hash"]


@pytest.mark.usefixtures("embedded_only")
def test_with_a_cross_factor_they_cross_the_road_anywhere(
    embedded_server: Callable[[str], str], walking: Walking
):
    seen = walking("crossers", embedded_server("grid"))
    safe = ground("grid", Ground.SIDEWALK, Ground.CROSSWALK)
    across = [math.hypot(x - 17.6, y + 17.6) for x, y, _ in seen["may"]]
    assert min(across) < 2.5
    assert max(off(safe, seen["may"])) > 5.0
    assert max(off(ground("grid"), seen["may"])) < 0.1
    assert max(off(safe, seen["may not"])) < 0.1
    assert lengths([seen["may not"]])[0] > 15.0


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_only")
def test_a_mesh_of_many_tiles_serves_as_well(
    embedded_server: Callable[[str], str], walking: Walking, tmp_path: Path
):
    # The client takes a file of the right name from its cache without asking.
    name = navigation("grid", town("grid").xodr).name
    tiled: ConvexMesh = navigation_mesh(town("grid"), 100.0)
    kept = tmp_path / carla.Client("127.0.0.1", 1).get_client_version() / name
    kept.parent.mkdir()
    kept.write_bytes(navigation_file(tiled))
    seen = walking("strollers", embedded_server("grid"), cache=tmp_path)
    assert kept.read_bytes() == navigation_file(tiled)
    holds(seen, ground("grid", Ground.SIDEWALK, Ground.CROSSWALK), 0.5)


@pytest.mark.usefixtures("embedded_only")
def test_clients_that_start_at_once_all_get_a_whole_file(
    embedded_server: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Half a file makes the client crash; so does half a file that a killed client has left.
    monkeypatch.setenv("CARLA_CACHE_DIR", str(tmp_path))
    file = navigation("grid", town("grid").xodr)
    left = tmp_path / carla.Client("127.0.0.1", 1).get_client_version() / file.name
    address = embedded_server("grid")
    for half in (b"", file.content[:8192]):
        left.parent.mkdir(exist_ok=True)
        left.unlink(missing_ok=True)
        if half:
            left.write_bytes(half)
        command = [sys.executable, str(WALKING), "arrive", address]
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
        said = [client.communicate(timeout=60.0)[0] for client in clients]
        assert [client.returncode for client in clients] == [0] * 6
        assert all(json.loads(lines.splitlines()[-1])["found"] for lines in said)
    assert left.read_bytes() == file.content


@pytest.mark.usefixtures("embedded_only")
def test_a_walker_that_is_run_over_is_dead_to_its_client(
    embedded_server: Callable[[str], str], walking: Walking
):
    seen = walking("run_over", embedded_server("grid"))
    assert [k.startswith("walker.pedestrian.") for k in seen["hit"]] == [True]
    assert seen["thrown_m"] > 1.0
    assert seen["car_mps"] > 5.0
    assert not seen["controller_left"]


@pytest.mark.slow
@pytest.mark.usefixtures("embedded_only")
def test_walkers_and_cars_share_the_streets(
    embedded_server: Callable[[str], str], walking: Walking
):
    seen = walking("among_cars", embedded_server("grid"))
    assert seen["walkers"] == 20
    assert seen["driven_m"] > 4000.0
    assert min(lengths(seen["tracks"])) > 10.0
    assert seen["touched"] <= 1


@pytest.mark.slow
@pytest.mark.maps
@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("name", ["Town01", "Town10HD"])
def test_ai_walkers_walk_in_the_towns(
    name: str,
    embedded_server: Callable[[str], str],
    walking: Walking,
    town_xodr: Callable[[str], str],
):
    town_xodr(name)
    seen = walking("strollers", embedded_server(name))
    holds(seen, ground(name, Ground.SIDEWALK, Ground.CROSSWALK), 0.5)
