"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

_SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Servers that tests are to use, and whether golden files are written anew."""
    parser.addoption("--carla", metavar="HOST:PORT", help="run tests/contract on this server")
    parser.addoption("--endpoint", metavar="URL", help="language model for tests marked endpoint")
    parser.addoption("--model", metavar="NAME", help="the model's name at --endpoint")
    parser.addoption("--prompts", metavar="SIZE", help="full or compact, for --endpoint")
    parser.addoption("--renew-goldens", action="store_true", help="write golden prompts anew")


def pytest_configure(config: pytest.Config) -> None:
    """Look for town maps beside the checkout when nothing says where they are.

    Property tests have no deadline (machines are shared) and draw the same examples every time.
    """
    settings.register_profile("hdsim", deadline=None, derandomize=True)
    settings.load_profile("hdsim")
    if "HDSIM_MAPS" not in os.environ and (_SHARED / "maps").is_dir():
        os.environ["HDSIM_MAPS"] = str(_SHARED / "maps")
    if "CARLA_CACHE_DIR" not in os.environ:  # read by the client when it is imported
        folder = tempfile.TemporaryDirectory(prefix="hdsim-carla-cache-")
        config.add_cleanup(folder.cleanup)
        os.environ["CARLA_CACHE_DIR"] = folder.name


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep lane graphs of the test run apart from the user's."""
    os.environ.setdefault("HDSIM_CACHE", str(tmp_path_factory.mktemp("hdsim-cache")))


@pytest.fixture(scope="session")
def town_xodr() -> Callable[[str], str]:
    """``town_xodr("Town01")``: OpenDRIVE text; skips the test when the map is not there."""

    def read(name: str) -> str:
        for folder in os.environ.get("HDSIM_MAPS", "").split(os.pathsep):
            path = Path(folder) / f"{name}.xodr"
            if folder and path.is_file():
                return path.read_text(encoding="utf-8")
        pytest.skip(f"{name}.xodr not found: set HDSIM_MAPS to a folder with CARLA's town maps")

    return read


@pytest.fixture(scope="session")
def route_file() -> Callable[[str], Path]:
    """``route_file("leaderboard1_training_town01.xml")``; skips when the routes are not there."""

    def find(name: str) -> Path:
        folders = [Path(os.environ[k]) for k in ("HDSIM_ROUTES",) if k in os.environ]
        folders.append(_SHARED / "routes")
        if maps := os.environ.get("HDSIM_MAPS"):
            folders.append(Path(maps.split(os.pathsep)[0]).parent / "routes")
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
        pytest.skip(f"{name} not found: set HDSIM_ROUTES to a folder with Leaderboard routes")

    return find
