"""Jobs that raise, die or hang end as such, and never take another job with them."""

import os
import signal
import time

import pytest

from hdsim.run.pool import Heartbeat, Job, heartbeat_path, run_jobs


def double(x):
    return 2 * x


def explode():
    raise ValueError("boom")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_the_first_time(marker):
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "second"


def hang():
    time.sleep(600)


def slow_but_alive(path):
    heart = Heartbeat(path, every_s=0.0)
    for tick in range(12):
        heart.beat(tick=tick)
        time.sleep(0.5)
    return "alive"


def run(tmp_path, *jobs, stall_s=60.0):
    return {e.job.name: e for e in run_jobs(jobs, tmp_path, workers=2, stall_s=stall_s)}


@pytest.mark.timeout(120)
def test_every_end_is_told_apart_and_the_others_finish(tmp_path):
    ends = run(
        tmp_path,
        Job("good", double, (21,)),
        Job("bad", explode, ()),
        Job("dead", die, ()),
        Job("lucky", die_the_first_time, (tmp_path / "marker",)),
        Job("good/too", double, (4,)),
    )
    assert ends["good"].value == 42
    assert ends["good/too"].value == 8
    assert ends["bad"].kind == "raised"
    assert str(ends["bad"].error) == "boom"
    assert (ends["dead"].kind, ends["dead"].attempts) == ("died", 2)
    assert (ends["lucky"].kind, ends["lucky"].value, ends["lucky"].attempts) == (
        "done",
        "second",
        2,
    )


@pytest.mark.timeout(120)
def test_a_hang_is_killed_and_a_beating_heart_is_not(tmp_path):
    ends = run(
        tmp_path,
        Job("hang", hang, ()),
        Job("alive", slow_but_alive, (heartbeat_path(tmp_path, "alive"),)),
        stall_s=4.0,
    )
    assert (ends["hang"].kind, ends["hang"].attempts) == ("stalled", 2)
    assert ends["alive"].value == "alive"
