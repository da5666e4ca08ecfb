"""Writes the parts of the documentation that the code knows best.

``python docs/generate.py`` renews everything between ``<!-- generated: NAME -->`` and
``<!-- end -->`` in the pages beside it; with ``--check`` it only says which pages are stale. What
stands there comes from ``writers/``, a module a page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from writers import coverage, drivers, maps, operations, physics, science, sensors
from writers.keys import keys

from hdsim.driver.profile import ProfileFile
from hdsim.events.thresholds import Thresholds
from hdsim.scenario.schema import Scenario

DOCS = Path(__file__).resolve().parent
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

PARTS = {
    "study-driver-science": science.study_driver_science,
    "study-styles": science.study_styles,
    "study-ego": science.study_ego,
    "driver-edges": drivers.driver_edges,
    "driver-tasks": drivers.driver_tasks,
    "builtin-maps": maps.builtin_maps,
    "sign-types": maps.sign_types,
    "physics-performance": physics.physics_performance,
    "physics-rules": physics.physics_rules,
    "sensors": sensors.sensors,
    "sensor-attributes": sensors.sensor_attributes,
    "scenario-keys": lambda: keys(Scenario),
    "profile-keys": lambda: keys(ProfileFile),
    "detector-keys": lambda: keys(Thresholds),
    "operations": operations.operations,
    "operation-parts": operations.common_parts,
    "server-coverage": coverage.server_coverage,
}


def renewed(text: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(lambda m: f"{m[1]}\n{PARTS[m[2]]()}\n{m[3]}", text)


def main(arguments: Sequence[str]) -> int:
    """Renews or checks all pages; the exit code."""
    stale = [
        page
        for page in sorted(DOCS.glob("*.md"))
        if renewed(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")
    ]
    for page in stale:
        if "--check" in arguments:
            print(f"{page.name} is stale: run python docs/generate.py")
        else:
            page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
            print(f"{page.name} renewed")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
