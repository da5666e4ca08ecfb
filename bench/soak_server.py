"""A long life of one server: clients come and go, some are killed; memory and hangs are watched.

With ``--ticks`` every client brings a Traffic Manager and stays, which is what meets the client's
lost wake-up (docs/server.md), if anything does.
"""

from __future__ import annotations

import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench.results import Table
from bench.server import served
from bench.visitor import KINDS

# A client that reports nothing for so long hangs; it takes longer to come to its first report on a
# machine with too much to do.
_HANG_S, _START_S = 60.0, 240.0
_STAY_TICKS = 20_000
_REPORT_EVERY_S = 30.0


@dataclass
class Life:
    """What has happened to the server so far."""

    pid: int
    errors: IO[str]
    began_s: float = field(default_factory=time.monotonic)
    clients: int = 0
    killed: int = 0
    ticks: int = 0
    hangs: int = 0
    failures: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)

    def woken(self) -> int:
        """Lost wake-ups that the server has made good."""
        log = Path(self.errors.name).read_text(encoding="utf-8")
        return log.count("slept through a frame")

    def note(self) -> None:
        """Prints and keeps a row."""
        row = {
            "minutes": (time.monotonic() - self.began_s) / 60.0,
            "clients": self.clients,
            "of them killed": self.killed,
            "failed": self.failures,
            "ticks": self.ticks,
            "hangs": self.hangs,
            "woken": self.woken(),
            "server MB": memory_mb(self.pid),
            "files": len(os.listdir(f"/proc/{self.pid}/fd")),
            "load": os.getloadavg()[0],
        }
        self.rows.append(row)
        print("  ".join(f"{k} {v:.1f}" for k, v in row.items()), flush=True)


def soak(minutes: float, ticks: int) -> list[Table]:
    """Lives for so many minutes, or for so many ticks if these are given."""
    rng = random.Random(1)
    with (
        tempfile.NamedTemporaryFile("a", suffix=".log") as errors,
        served(["--synchronous"], "grid", errors) as (address, pid),
    ):
        port = address.rpartition(":")[2]
        life = Life(pid, errors)
        life.note()
        noted = time.monotonic()
        while life.ticks < ticks if ticks else time.monotonic() < life.began_s + 60.0 * minutes:
            if ticks:
                kind, vehicles, stay = "managed", rng.choice((3, 5, 8, 20)), _STAY_TICKS
                visit(life, port, kind, vehicles, min(stay, ticks - life.ticks), None)
            else:
                kind, vehicles = rng.choice(KINDS[:3]), rng.randint(2, 40)
                kill_after = rng.uniform(0.5, 4.0) if rng.random() < 0.4 else None
                listener = _start(port, "listener", 1, 200) if rng.random() < 0.3 else None
                visit(life, port, kind, vehicles, rng.randint(100, 800), kill_after)
                if listener is not None:
                    listener.kill()
                    listener.communicate()
                    life.clients, life.killed = life.clients + 1, life.killed + 1
            if time.monotonic() > noted + _REPORT_EVERY_S:
                noted = time.monotonic()
                life.note()
        life.note()
    rows = life.rows[:: max(len(life.rows) // 12, 1)]
    return [Table("Soak of the embedded server", [*rows, life.rows[-1]])]


def _start(port: str, kind: str, vehicles: int, ticks: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.visitor", port, kind, str(vehicles), str(ticks)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def visit(
    life: Life, port: str, kind: str, vehicles: int, ticks: int, kill_after_s: float | None
) -> None:
    """One client, from its coming to its end."""
    life.clients += 1
    process = _start(port, kind, vehicles, ticks)
    said: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line)
        said.put("")

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    began, done = time.monotonic(), 0
    while True:
        patience = _HANG_S if done else _START_S
        left = patience if kill_after_s is None else began + kill_after_s - time.monotonic()
        try:
            line = said.get(timeout=max(left, 0.0))
        except queue.Empty:
            if kill_after_s is None:
                life.hangs += 1
                print(f"no tick of a {kind} client for {patience:.0f} s after {done}", flush=True)
            else:
                life.killed += 1
            process.kill()
            break
        if not line:
            break
        done = int(line)
    life.ticks += done
    _, errors = process.communicate()
    if process.returncode not in (0, -9):
        life.failures += 1
        print(f"a {kind} client ended with {process.returncode}: {errors[-400:]}", flush=True)


def memory_mb(pid: int) -> float:
    """Resident memory of a process [MB]."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20
