"""The live display of a batch: what runs, how far, how many failures, how long still."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text


class LiveDisplay:
    """One line per running scenario and one for the batch.

    On a terminal it moves in place; elsewhere each scenario that ends gives one line.

    Args:
        console: Where to.
        names: Ids of all scenarios.
    """

    def __init__(self, console: Console, names: Sequence[str]) -> None:
        self.console = console
        self._total = len(names)
        self._done = 0
        self._failures = 0
        self._running: Mapping[str, Mapping[str, Any]] = {}
        self._began = time.monotonic()
        self._live = Live(
            console=console, get_renderable=self._picture, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> LiveDisplay:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def update(
        self,
        running: Mapping[str, Mapping[str, Any]],
        ended: Mapping[str, Any] | None = None,
    ) -> None:
        """Takes in heartbeats, or the row of a scenario that has ended."""
        if ended is None:
            self._running = running
            return
        self._done += 1
        self._failures += int(ended.get("failures") or 0)
        self.console.print(self._line(ended), soft_wrap=True)

    def _line(self, row: Mapping[str, Any]) -> Text:
        score = row.get("driving_score")
        text = f"[{self._done}/{self._total}] {row['scenario']}: {row['status']}"
        if row.get("status_detail"):
            text += f" ({row['status_detail']})"
        if row.get("hash"):
            score_text = f"score {score:.1f}, " if score is not None else ""
            text += (
                f", {score_text}failures {row['failures']}, "
                f"{row['sim_time_s']:.0f} s simulated in {row['wall_time_s']:.0f} s"
            )
        return Text(text)

    def _picture(self) -> RenderableType:
        elapsed = time.monotonic() - self._began
        lines = [Text(self._about(name, beat)) for name, beat in sorted(self._running.items())]
        eta = ""
        if self._done:
            left = elapsed / self._done * (self._total - self._done)
            eta = (
                f", about {left / 60:.0f} min left" if left >= 60 else f", about {left:.0f} s left"
            )
        failures = self._failures + sum(int(b.get("failures", 0)) for b in self._running.values())
        lines.append(
            Text(
                f"{self._done} of {self._total} scenarios, {failures} failures, "
                f"{elapsed:.0f} s{eta}",
                style="bold",
            )
        )
        return Group(*lines)

    @staticmethod
    def _about(name: str, beat: Mapping[str, Any]) -> str:
        if "time_s" not in beat:
            return f"  {name}: {beat.get('phase', 'starting')}"
        return (
            f"  {name}: {beat['time_s']:.0f} s simulated of at most {beat['of_s']:.0f}, "
            f"{beat['failures']} failures"
        )
