"""What is kept of a compiled function is renewed with the files it is built from."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

HELPER = """
from hdsim.core.compiled import compiled

@compiled
def part(x: float) -> float:
    return x + {number}
"""
KERNEL = """
from helper import part
from hdsim.core.compiled import compiled

@compiled
def whole(x: float) -> float:
    return 10.0 * part(x)

print(whole(1.0), sum(whole.stats.cache_hits.values()))
"""


def _run(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "kernel.py"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_changed_helper_of_another_file_is_compiled_into_its_callers(tmp_path):
    (tmp_path / "kernel.py").write_text(textwrap.dedent(KERNEL), encoding="utf-8")
    (tmp_path / "helper.py").write_text(HELPER.format(number="1.0"), encoding="utf-8")
    assert _run(tmp_path) == ["20.0", "0"]
    assert _run(tmp_path) == ["20.0", "1"], "kept on disk"
    (tmp_path / "helper.py").write_text(HELPER.format(number="2.00"), encoding="utf-8")
    assert _run(tmp_path) == ["30.0", "0"]
