"""Whether to look for the next box call without sleeping, learnt from how fast the calls come."""

from __future__ import annotations

# How long to look at most [s].
SPIN_S = 200e-6
# On a quiet machine a spin saves a wake-up per call; on a busy one it takes the core that the
# client needs. Measured with 30 foreign vehicles on two cores: 5.1 ms a tick with and 6.4 without
# when quiet, 5.2 with and 3.8 without when busy. So both are tried, and the faster one is used.
_TRY_OTHER_EVERY = 16
_SMOOTHING = 0.05


class Spinner:
    """Chooses between spinning and sleeping, a frame at a time.

    Changes when answers are sent, never what they say.

    Attributes:
        seconds: How long to look for the next call without sleeping [s]; 0 is not at all.
    """

    def __init__(self) -> None:
        self._choices = (SPIN_S, 0.0)
        self._interval_s = [0.0, 0.0]
        self._using = 0
        self._frames = 0
        self._last_s: float | None = None
        self.seconds = self._choices[0]

    def box_call(self, now_s: float) -> None:
        """Notes a box call; the time since the one before is what the choice is judged by."""
        if self._last_s is not None:
            interval, known = now_s - self._last_s, self._interval_s[self._using]
            weight = _SMOOTHING if known else 1.0
            self._interval_s[self._using] = known + weight * (interval - known)
        self._last_s = now_s

    def other_call(self) -> None:
        """Notes that a run of box calls has ended."""
        self._last_s = None

    def next_frame(self) -> None:
        """Chooses for the frame to come."""
        self._frames += 1
        self._last_s = None
        spin, sleep = self._interval_s
        self._using = 0 if spin <= sleep else 1
        if self._frames % _TRY_OTHER_EVERY == 0:
            self._using = 1 - self._using
        self.seconds = self._choices[self._using]
