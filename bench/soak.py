"""A long drive: a roaming Traffic Manager ego among 30 HDSim drivers, watched for hangs.

A scenario that comes to its end (an ego that stays blocked, say) is followed by one with the next
seed, until all ticks are done.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import statistics
import threading
import time
from pathlib import Path

from bench.results import Table
from bench.scenario import recorded
from bench.setting import roaming, staged, town_for

VEHICLES = 30
_PROGRESS_TICKS = 10_000
# No tick for so long counts as a hang; after so long the soak gives up.
_HANG_S, _GIVE_UP_S = 20.0, 300.0


class Watchdog:
    """Notices when ticks stop; a daemon thread, so that it works while a call into CARLA hangs.

    Attributes:
        hangs: How often no tick came for 20 s.
    """

    def __init__(self) -> None:
        self.hangs = 0
        self._fed, self._counted = time.monotonic(), False
        threading.Thread(target=self._watch, daemon=True).start()

    def feed(self) -> None:
        """There was a tick, or there is a reason why there is none."""
        self._fed, self._counted = time.monotonic(), False

    def _watch(self) -> None:
        while True:
            time.sleep(1.0)
            still = time.monotonic() - self._fed
            if still > _HANG_S and not self._counted:
                self.hangs, self._counted = self.hangs + 1, True
                print(f"no tick for {still:.0f} s; where every thread is:", flush=True)
                faulthandler.dump_traceback()
            if still > _GIVE_UP_S:
                print(f"no tick for {still:.0f} s: given up", flush=True)
                os._exit(1)


class Progress:
    """Called every tick; prints a line every 10,000."""

    def __init__(self, dog: Watchdog) -> None:
        self._dog, self._began, self._last = dog, time.perf_counter(), time.perf_counter()
        self._recent: list[float] = []
        self.ticks = self.failures = self._earlier = 0

    def __call__(self, time_s: float, failures: int) -> None:
        """One tick more; the number of failures is that of this scenario so far."""
        now = time.perf_counter()
        self._recent.append(1e3 * (now - self._last))
        self._last, self.failures = now, self._earlier + failures
        self.ticks += 1
        self._dog.feed()
        if self.ticks % _PROGRESS_TICKS == 0:
            print(
                f"{self.ticks:>8} ticks  {now - self._began:7.0f} s  "
                f"tick {statistics.median(self._recent):.2f} ms  failures {self.failures}  "
                f"hangs {self._dog.hangs}  memory {memory_mb():.0f} MB",
                flush=True,
            )
            self._recent.clear()

    def next_scenario(self) -> None:
        """What follows is another scenario."""
        self._earlier = self.failures
        self._dog.feed()


def soak(ticks: int) -> Table:
    """Drives ``ticks`` ticks and reports them."""
    dog = Watchdog()
    progress = Progress(dog)
    whole: list[float] = []
    think: list[float] = []
    endings: dict[str, int] = {}
    seed = 0
    while len(whole) < ticks:
        seed += 1
        task = roaming(town_for(VEHICLES) or "grid", "traffic_manager", VEHICLES, "mixed", seed)
        with staged(task) as stage:
            result = recorded(task, stage, ticks - len(whole), progress)
        progress.next_scenario()
        if not result.ticks:
            raise RuntimeError("a scenario ended at its first tick")
        whole += result.laps.ms["whole"]
        think += result.laps.ms["think"]
        if result.ended is not None:
            endings[str(result.ended)] = endings.get(str(result.ended), 0) + 1
    row = {
        "map": task.map,
        "ticks": len(whole),
        "tick": statistics.median(whole),
        "perceive + decide": statistics.median(think),
        "slowest tick": max(whole),
        "failures": progress.failures,
        "scenarios": seed,
        "ended early": ", ".join(f"{k} {n}" for k, n in sorted(endings.items())) or "none",
        "hangs": dog.hangs,
        "memory MB": memory_mb(),
        "server memory MB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }
    return Table(f"Soak: Traffic Manager ego among {VEHICLES} HDSim drivers [ms]", [row])


def memory_mb() -> float:
    """Resident memory of this process now (its largest so far where that cannot be had)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20
