"""Jobs that raise, die or hang end as such, and never take another job with them."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from hdsim.core.errors import InputError
from hdsim.run.pool import Heartbeat, Job, heartbeat_path, run_jobs

# Python runs this before all else in a worker: each ticket kills one that has only just started.
KILL_AT_START = """
import os, pathlib, signal, sys

if "--multiprocessing-fork" in sys.orig_argv:
    for ticket in pathlib.Path(__file__).parent.glob("ticket-*"):
        ticket.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def double(x):
    return 2 * x


def explode():
    raise ValueError("boom")


class Stubborn(Exception):
    """Pickles, and cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def explode_stubbornly():
    raise Stubborn("fire", "smoke")


def leave():
    sys.exit(0)


def refuse():
    raise InputError("a.yaml", "traffic", 7, "a mapping")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_the_first_time(marker):
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "second"


def hang(pid_file=None):
    if pid_file is not None:
        pid_file.write_text(str(os.getpid()))
    time.sleep(600)


def slow_but_alive(path):
    heart = Heartbeat(path, every_s=0.0)
    for tick in range(12):
        heart.beat(tick=tick)
        time.sleep(1.0)
    return "alive"


def run(tmp_path, *jobs, stall_s=60.0, workers=2):
    return {e.job.name: e for e in run_jobs(jobs, tmp_path, workers, stall_s)}


@pytest.fixture
def killed_at_start(tmp_path, monkeypatch):
    """Makes so many workers, from now on, die in their first moments."""
    folder = tmp_path / "killer"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(KILL_AT_START)
    monkeypatch.setenv("PYTHONPATH", str(folder))

    def kill(workers):
        for number in range(workers):
            (folder / f"ticket-{number}").touch()

    return kill


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
    assert str(ends["bad"].error) == "ValueError: boom"
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
        stall_s=10.0,  # a worker starts within this time, also on a busy machine
    )
    assert (ends["hang"].kind, ends["hang"].attempts) == ("stalled", 2)
    assert ends["alive"].value == "alive"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("killed", [1, 2])
def test_workers_killed_as_they_start_cost_their_jobs_one_attempt(
    tmp_path, killed_at_start, killed
):
    killed_at_start(killed)
    more_than_a_pipe_holds = "x" * 1_000_000
    ends = run(
        tmp_path,
        Job("one", double, (1,), tmp_path / "one.log"),
        Job("two", len, (more_than_a_pipe_holds,), tmp_path / "two.log"),
        Job("three", double, (3,), tmp_path / "three.log"),
        Job("four", double, (4,), tmp_path / "four.log"),
    )
    assert {name: end.value for name, end in ends.items()} == {
        "one": 2,
        "two": 1_000_000,
        "three": 6,
        "four": 8,
    }
    assert sorted(end.attempts for end in ends.values()) == [1] * (4 - killed) + [2] * killed
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert logs.count("killed by signal 9 (Killed) in attempt 1") == killed


@pytest.mark.timeout(120)
def test_the_last_jobs_worker_killed_as_it_starts_is_started_once_more(tmp_path, killed_at_start):
    killed_at_start(1)
    (end,) = run_jobs([Job("last", double, (1,))], tmp_path, 1, 60.0)
    assert (end.kind, end.value, end.attempts) == ("done", 2, 2)


@pytest.mark.timeout(120)
def test_a_machine_that_kills_every_worker_ends_the_batch_after_two_attempts_each(
    tmp_path, killed_at_start
):
    killed_at_start(100)
    ends = run(tmp_path, *(Job(str(number), double, (number,)) for number in range(3)))
    assert {(end.kind, end.attempts) for end in ends.values()} == {("died", 2)}
    assert {str(end.error) for end in ends.values()} == {"killed by signal 9 (Killed)"}


@pytest.mark.timeout(120)
def test_whatever_a_job_raises_is_its_own_end(tmp_path):
    ends = run(
        tmp_path,
        Job("stubborn", explode_stubbornly, (), tmp_path / "stubborn.log"),
        Job("leaver", leave, ()),
        Job("refused", refuse, ()),
        Job("good", double, (1,)),
    )
    assert {name: end.kind for name, end in ends.items()} == {
        "stubborn": "raised",
        "leaver": "raised",
        "refused": "raised",
        "good": "done",
    }
    assert str(ends["stubborn"].error) == "Stubborn: fire and smoke"
    assert str(ends["leaver"].error) == "SystemExit: 0"
    assert "explode_stubbornly" in (tmp_path / "stubborn.log").read_text()
    assert isinstance(ends["refused"].error, InputError)
    assert str(ends["refused"].error) == "a.yaml: traffic = 7, expected a mapping"


@pytest.mark.timeout(120)
def test_an_interrupted_batch_leaves_no_worker_behind(tmp_path):
    pid_file = tmp_path / "pid"

    def interrupt(_):
        if pid_file.exists() and pid_file.read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_jobs([Job("hang", hang, (pid_file,))], tmp_path, 1, 60.0, interrupt))
    assert not Path(f"/proc/{pid_file.read_text()}").exists()


def test_jobs_whose_names_look_alike_have_heartbeats_of_their_own(tmp_path):
    names = ("a/b", "a__b", "a%2Fb", "a b")
    assert len({heartbeat_path(tmp_path, name) for name in names}) == len(names)
    assert all(heartbeat_path(tmp_path, name).parent == tmp_path for name in names)
