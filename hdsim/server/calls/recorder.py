"""Calls of the recorder and the replayer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hdsim.server.calls.table import Answer, Call, Session
from hdsim.server.calls.world import load
from hdsim.server.errors import CallError
from hdsim.server.recorder import reports as recorder_reports
from hdsim.server.recorder.recording import Recorder, recording_path
from hdsim.server.recorder.replaying import Replayer, total_time
from hdsim.server.wire import shapes
from hdsim.server.wire.shapes import Pose

_KINDS = "hvwtoa"


def _start(s: Session, name: str, _additional: bool) -> str:
    """Begins a recording; one that runs is ended. Everything is recorded in any case."""
    path = recording_path(s.sim.recordings, name)
    s.sim.stop_recorder()
    s.sim.recorder = Recorder(path, s.sim)
    return str(path)


def _info(s: Session, name: str, all_frames: bool) -> str:
    return recorder_reports.file_info(_closed(s, name), all_frames)


def _collisions(s: Session, name: str, one: int, other: int) -> str:
    kinds = [chr(k) if k < 128 else "" for k in (one, other)]
    if not all(k and k in _KINDS for k in kinds):
        raise CallError(f"expected kinds of actors out of {_KINDS!r}")
    return recorder_reports.collisions(_closed(s, name), kinds[0], kinds[1])


def _blocked(s: Session, name: str, min_time_s: float, min_distance_m: float) -> str:
    """Seconds as CARLA's; the distance is in centimetres on the wire, as CARLA's."""
    return recorder_reports.blocked(_closed(s, name), min_time_s, min_distance_m / 100.0)


def _closed(s: Session, name: str) -> Path:
    """The path of a recording, of which everything so far is on the disk."""
    path = recording_path(s.sim.recordings, name)
    if s.sim.recorder is not None:
        s.sim.recorder.flush()
    return path


def _replay(
    s: Session,
    name: str,
    start: float,
    duration: float,
    follow: int,
    sensors: bool,
    offset: Pose,
) -> str:
    path = _closed(s, name)
    map_name, total = total_time(path)
    if map_name != s.sim.town.name:
        load(s, map_name, reset_settings=False)  # as CARLA: a new episode on that map
    begin = min(max(start if start >= 0.0 else total + start, 0.0), total)
    end = min(begin + duration, total) if duration > 0.0 else total
    given = None if offset == Pose(0.0, 0.0, 0.0) else offset
    s.sim.replay(Replayer(path, begin, end, follow, given, sensors))
    return (
        f"Replaying File: {path}\n\nMap: {map_name}\n\nTotal time recorded: {total:g}\n"
        f"Replaying from {begin:g} s - {end:g} s ({total:g} s) at "
        f"{s.sim.replay_options.time_factor:.1f}x\n"
    )


def _time_factor(s: Session, factor: float) -> None:
    if factor <= 0.0:
        raise CallError("expected a time factor above 0")
    s.sim.replay_options = replace(s.sim.replay_options, time_factor=factor)


def _ignore_hero(s: Session, on: bool) -> None:
    s.sim.replay_options = replace(s.sim.replay_options, ignore_hero=on)


def _ignore_spectator(s: Session, on: bool) -> None:
    s.sim.replay_options = replace(s.sim.replay_options, ignore_spectator=on)


_TEXT, _FLAG, _NUMBER = shapes.text, shapes.boolean, shapes.number

CALLS = {
    "start_recorder": Call(_start, (_TEXT, _FLAG)),
    "stop_recorder": Call(lambda s: s.sim.stop_recorder(), (), Answer.VOID),
    "show_recorder_file_info": Call(_info, (_TEXT, _FLAG)),
    "show_recorder_collisions": Call(_collisions, (_TEXT, shapes.integer, shapes.integer)),
    "show_recorder_actors_blocked": Call(_blocked, (_TEXT, _NUMBER, _NUMBER)),
    "replay_file": Call(_replay, (_TEXT, _NUMBER, _NUMBER, shapes.integer, _FLAG, shapes.pose)),
    "set_replayer_time_factor": Call(_time_factor, (_NUMBER,), Answer.VOID),
    "set_replayer_ignore_hero": Call(_ignore_hero, (_FLAG,), Answer.VOID),
    "set_replayer_ignore_spectator": Call(_ignore_spectator, (_FLAG,), Answer.VOID),
    "stop_replayer": Call(lambda s, keep: s.sim.stop_replayer(keep), (_FLAG,), Answer.VOID),
}
