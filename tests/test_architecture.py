"""ARCHITECTURE.md is held to the code: imports point towards core, and names exist."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hdsim"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

# The rooms that each room may import, besides itself.
MAY_IMPORT = {
    "core": set(),
    "road": {"core"},
    "driver": {"core"},
    "perception": {"core", "road"},
    "control": {"core", "road"},
    "guidance": {"core", "driver", "perception"},
    "events": {"core", "road"},
    "record": {"core", "events"},
    "scenario": {"core", "driver", "events", "road"},
    "server": {"core", "road"},
    "world": {"core", "road"},
    "report": {"core", "events", "record", "road"},
    "preview": {"core", "driver", "guidance", "run", "study"},
    "testing": {"core", "road", "driver", "perception", "control", "guidance", "run"},
}


@cache
def modules():
    """``(room, path)`` of every module; ``cli.py`` in a room belongs to the command line."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        if parts == ("__init__.py",):
            continue
        room = path.stem if len(parts) == 1 or path.name == "cli.py" else parts[0]
        found.append((room, path))
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path):
    """Dotted names of all modules that a module imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


@cache
def arrows() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for room, path in modules():
        for name in imported(path):
            if name.startswith("hdsim."):
                found[room].add(name.split(".")[1])
        found[room].discard(room)
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_towards_core(room) -> None:
    assert arrows()[room] <= MAY_IMPORT[room]


def test_every_room_has_its_rule_and_is_described() -> None:
    rooms = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(MAY_IMPORT) | {"run", "study"}  # they and the command line know everyone
    assert [room for room in rooms if f"`{room}/`" not in PAGE] == []


def test_rooms_form_no_cycle() -> None:
    graph = nx.DiGraph([(a, b) for a, more in MAY_IMPORT.items() for b in more])
    assert nx.is_directed_acyclic_graph(graph)


def test_server_and_world_meet_on_the_wire_only() -> None:
    found = arrows()
    assert "server" not in found["world"]
    assert "world" not in found["server"]
    assert "server" not in found["run"] | found["study"]


def test_nobody_but_the_command_line_imports_the_studies() -> None:
    assert {room for room, seen in arrows().items() if "study" in seen} <= {"cli", "preview"}


def test_only_world_and_road_import_carla() -> None:
    users = {
        room for room, path in modules() for name in imported(path) if name.split(".")[0] == "carla"
    }
    assert users == {"world", "road"}


def test_the_driving_model_has_no_way_to_the_world() -> None:
    """Only the router, which knows the road and the own place on it, is given a ``State``."""
    users = {
        path.name
        for room, path in modules()
        if room == "control"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "hdsim.core.state"
        and "State" in {alias.name for alias in node.names}
    }
    assert users == {"router.py"}


def test_paths_and_functions_that_the_page_names_exist() -> None:
    for path in re.findall(r"`(hdsim/[\w/]+\.py|docs/[\w.-]+|tests/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
    sources = "\n".join(path.read_text(encoding="utf-8") for _, path in modules())
    calls = {name.rsplit(".", 1)[-1] for name in re.findall(r"`([\w.]+)\(\)`", PAGE)}
    assert len(calls) > 15
    for name in calls:
        known = re.search(rf"\b(def|class) {name}\b", sources)
        assert known or name in ("tick", "apply_batch"), f"{name}() is in ARCHITECTURE.md only"
