"""Where the time of perceive and decide goes: by stage, and by compiled kernel within them."""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from numba.core.dispatcher import Dispatcher

from bench.results import Table
from bench.setting import WARM_UP_TICKS, crowd, run
from hdsim.run.drivers import Drivers

_STAGES = (
    ("find the way", "router", "paths"),
    ("observe", "observer", "observe"),
    ("perceive", "perceiver", "perceive"),
    ("decide", "model", "decide"),
)


def breakdown(town: str, vehicles: int, ticks: int) -> Table:
    """One world's stages and kernels [ms of CPU per tick].

    Clocks around every kernel make the whole dearer than in the other tables, by about 0.2 us a
    call; the shares are what counts.
    """
    with crowd(town, vehicles) as stage:
        run(stage, WARM_UP_TICKS)  # kernels are compiled, and bound to one another, by now
        assert stage.drivers is not None
        clocks = _Clocks()
        clocks.watch(stage.drivers)
        try:
            run(stage, ticks, each=clocks.tick)
        finally:
            clocks.leave()
    return Table(
        f"Perceive + decide of {vehicles} drivers on {town} by stage and kernel [ms of CPU]",
        clocks.rows(),
        "Medians. Kernels are parts of the stages above them; what is left of a stage is Python "
        "and numpy between its kernels.",
    )


class _Clocks:
    """CPU time by stage and kernel, tick by tick."""

    def __init__(self) -> None:
        self._now: dict[str, float] = defaultdict(float)
        self._ticks: list[dict[str, float]] = []
        self._before: list[tuple[Any, str, Any]] = []
        self._stages = ["think", *(title for title, _, _ in _STAGES)]

    def watch(self, drivers: Drivers) -> None:
        """Put clocks around the stages and around the kernels that Python calls."""
        self._around(drivers, "think", "think")
        for title, part, method in _STAGES:
            self._around(getattr(drivers, part), method, title)
        kernels = [
            (module, attribute, value)
            for name, module in sorted(sys.modules.items())
            if name.startswith("hdsim.")
            for attribute, value in vars(module).items()
            if isinstance(value, Dispatcher)
        ]
        # A kernel that has not run yet will be compiled, and wants others by these names then.
        wanted = {
            (id(kernel.py_func.__globals__), name)
            for _, _, kernel in kernels
            if not kernel.signatures
            for name in kernel.py_func.__code__.co_names
        }
        for module, attribute, kernel in kernels:
            if (id(vars(module)), attribute) not in wanted:
                function = kernel.py_func
                self._around(module, attribute, f"{function.__module__}.{function.__name__}")

    def leave(self) -> None:
        """Put everything back."""
        for owner, name, before in self._before:
            setattr(owner, name, before)

    def tick(self) -> None:
        """A tick is over."""
        self._ticks.append(dict(self._now))
        self._now.clear()

    def rows(self) -> list[dict[str, object]]:
        """A row for each stage, then for each kernel, the dearest first."""
        names = sorted({name for tick in self._ticks for name in tick})
        ms = {n: 1e3 * statistics.median(t.get(n, 0.0) for t in self._ticks) for n in names}
        kernels = sorted((n for n in names if n not in self._stages), key=lambda n: -ms[n])
        whole = ms["think"]
        between = whole - sum(ms[n] for n in kernels)
        rows = [(n, ms[n]) for n in self._stages] + [("Python and numpy between kernels", between)]
        rows += [(n.removeprefix("hdsim."), ms[n]) for n in kernels]
        return [{"part": n, "ms": v, "share": f"{100.0 * v / whole:.0f}%"} for n, v in rows]

    def _around(self, owner: Any, name: str, title: str) -> None:
        before = getattr(owner, name)
        self._before.append((owner, name, before))
        setattr(owner, name, self._clocked(before, title))

    def _clocked(self, function: Callable[..., Any], title: str) -> Callable[..., Any]:
        now, clock = self._now, time.thread_time

        def clocked(*args: Any, **kwargs: Any) -> Any:
            began = clock()
            result = function(*args, **kwargs)
            now[title] += clock() - began
            return result

        return clocked
