"""The faster way of waiting is found, and found again when the machine changes."""

from __future__ import annotations

from hdsim.server.wire.spinning import SPIN_S, Spinner


def frames(spinner, count, spinning_s, sleeping_s):
    """Frames of 30 box calls each; how many of them were waited for by spinning."""
    spun, now = 0, 0.0
    for _ in range(count):
        spun += spinner.seconds > 0
        for _ in range(30):
            now += spinning_s if spinner.seconds > 0 else sleeping_s
            spinner.box_call(now)
        spinner.other_call()
        spinner.next_frame()
    return spun


def test_it_settles_on_the_faster_way_and_follows_a_change():
    spinner = Spinner()
    assert spinner.seconds == SPIN_S
    frames(spinner, 32, 60e-6, 120e-6)
    assert frames(spinner, 160, 60e-6, 120e-6) == 150
    frames(spinner, 64, 160e-6, 80e-6)
    assert frames(spinner, 160, 160e-6, 80e-6) == 10


def test_the_pause_between_frames_does_not_count():
    spinner = Spinner()
    spinner.box_call(0.0)
    spinner.other_call()
    spinner.box_call(5.0)
    spinner.box_call(5.0001)
    assert abs(spinner._interval_s[0] - 1e-4) < 1e-9
