"""The simulation clock: fixed steps, and periods in seconds turned into whole ticks once."""

from __future__ import annotations

from dataclasses import dataclass

from hdsim.core.errors import InputError

DEFAULT_STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Clock:
    """Fixed-step time.

    Attributes:
        step_s: Length of one tick [s].
    """

    step_s: float = DEFAULT_STEP_S

    def ticks(self, period_s: float, name: str = "period_s") -> int:
        """Whole ticks in a period.

        Raises:
            InputError: If the period is not a positive whole multiple of the step.
        """
        n = round(period_s / self.step_s)
        if n < 1 or abs(n * self.step_s - period_s) > 1e-9 * max(1.0, period_s):
            raise InputError(name, value=period_s, expected=f"a multiple of {self.step_s} s")
        return n
