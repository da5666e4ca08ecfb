"""The raster's geometry and channels: those of Roach (Zhang et al. 2021, ICCV)."""

from __future__ import annotations

from dataclasses import dataclass

# Values of the channels; 0 is "nothing here".
FULL = 255
BROKEN_LINE = 120
GREEN, YELLOW, RED = 80, 170, 255


@dataclass(frozen=True, slots=True)
class BevLayout:
    """What a raster shows, and where.

    Rows run from far ahead (0) to behind, columns from left (0) to right; the driver's centre lies
    in the middle column, ``pixels_behind`` rows from the bottom, heading up. The defaults are the
    observation of the published Roach policies: 38.4 m square, 8 m of it behind.

    Attributes:
        pixels: Height and width.
        pixels_per_m: Resolution [1/m].
        pixels_behind: Rows behind the driver's centre.
        history_s: Ages of the frames that objects and signals are shown at, oldest first [s].
        route_m: How far ahead the route is drawn [m].
        route_width_m: How wide [m].
    """

    pixels: int = 192
    pixels_per_m: float = 5.0
    pixels_behind: int = 40
    history_s: tuple[float, ...] = (1.6, 1.1, 0.6, 0.1)
    route_m: float = 80.0
    route_width_m: float = 3.2

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels in order: 15 with the default history."""
        kinds = ("vehicles", "walkers", "signals")
        return (
            *("road", "route", "lane_marks"),
            *(f"{kind}_{age:g}s" for kind in kinds for age in self.history_s),
        )

    def first(self, kind: str) -> int:
        """Index of a kind's first channel: ``vehicles``, ``walkers`` or ``signals``."""
        return 3 + ("vehicles", "walkers", "signals").index(kind) * len(self.history_s)
