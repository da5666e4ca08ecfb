"""Recordings: what is in them, what they say, how they play back, and names that are refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsim.server.calls.table import Session
from hdsim.server.errors import CallError
from hdsim.server.recorder.recording import frames_of, recording_path
from tests.server.test_calls import CAR, WALKER, call, good, new_session, spawn

ZERO = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
HERO = [0, "vehicle.tesla.model3", [["role_name", 4, "hero"]]]


@pytest.fixture
def session(tmp_path) -> Session:
    made = new_session()
    made.sim.recordings = tmp_path
    return made


def steps(session, count):
    for _ in range(count):
        session.sim.step()


def record(session, seconds=5.0):
    """A car that drives, one that it runs into, and a walker that walks away."""
    good(session, "start_recorder", "one.rec", False)
    car = spawn(session, 10.0, [0, "vehicle.tesla.model3", [["role_name", 4, "npc"]]])
    hero = spawn(session, 40.0, HERO)
    walker = good(session, "spawn_actor", WALKER, [[20.0, 6.0, 0.93], [0.0, 0.0, 0.0]])[0]
    call(session, "apply_control_to_vehicle", car, [0.7, 0.0, 0.0, False, False, False, 1])
    call(session, "apply_control_to_walker", walker, [[1.0, 0.0, 0.0], 1.4, False])
    track = []
    for _ in range(round(seconds / 0.05)):
        session.sim.step()
        track.append(places(session, (car, hero, walker)))
    call(session, "stop_recorder")
    return (car, hero, walker), np.array(track)


def places(session, actors):
    poses = [session.sim.pose(a) for a in actors]
    return [[p.x, p.y, p.z, p.yaw] for p in poses]


def test_a_recording_holds_every_frame_of_every_actor(session, tmp_path):
    (car, *_), track = record(session)
    map_name, frames = frames_of(tmp_path / "one.rec")
    frames = list(frames)
    assert (map_name, len(frames)) == ("road", 100)
    assert [new.type for new in frames[0].created] == [CAR[1], CAR[1], WALKER[1]]
    table = frames[49].tables["vehicles"]
    row = table.ids.tolist().index(car)
    assert table.values[row, :2].tolist() == track[49, 0, :2].tolist()


def test_equal_runs_make_equal_files(tmp_path):
    files = []
    for name in "ab":
        session = new_session()
        session.sim.recordings = tmp_path / name
        record(session, 1.0)
        files.append((tmp_path / name / "one.rec").read_bytes())
    assert files[0] == files[1]


def test_a_replay_moves_actors_as_they_moved(session):
    actors, track = record(session)
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    # The first frame is shown at once, each step shows the next.
    np.testing.assert_allclose(places(session, actors), track[0], atol=1e-9)
    for expected in track[1:40]:
        session.sim.step()
        np.testing.assert_allclose(places(session, actors), expected, atol=1e-9)
        row = session.sim.vehicles.row[actors[0]]
        assert session.sim.vehicles.vx[row] > 0.0


def test_a_replay_in_a_new_episode_spawns_its_actors(session):
    actors, track = record(session)
    call(session, "load_new_episode", "", False, 0)
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    new = [session.sim.replayer.actors[a] for a in actors]
    steps(session, 30)
    np.testing.assert_allclose(places(session, new), track[30], atol=1e-9)


def test_start_duration_and_time_factor(session):
    actors, track = record(session)
    call(session, "set_replayer_time_factor", 2.0)
    text = good(session, "replay_file", "one.rec", 1.0, 2.0, 0, False, ZERO)
    assert "Replaying from 1 s - 3 s (4.95 s) at 2.0x" in text
    np.testing.assert_allclose(places(session, actors), track[20], atol=1e-9)
    steps(session, 10)
    np.testing.assert_allclose(places(session, actors), track[40], atol=1e-9)
    steps(session, 10)
    assert session.sim.replayer is None
    # The end is reached: the actors stay, and have their physics back.
    assert session.sim.vehicles.physics.all()


def test_half_speed_shows_places_between_frames(session):
    actors, track = record(session)
    call(session, "set_replayer_time_factor", 0.5)
    good(session, "replay_file", "one.rec", 1.0, 0.0, 0, False, ZERO)
    steps(session, 1)
    between = 0.5 * (track[20] + track[21])
    np.testing.assert_allclose(places(session, actors), between, atol=1e-9)


def test_a_start_below_zero_counts_from_the_end(session):
    actors, track = record(session)
    good(session, "replay_file", "one.rec", -1.0, 0.0, 0, False, ZERO)
    np.testing.assert_allclose(places(session, actors), track[79], atol=1e-9)


def test_the_hero_can_be_left_out(session):
    actors, _ = record(session)
    call(session, "load_new_episode", "", False, 0)
    call(session, "set_replayer_ignore_hero", True)
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    assert actors[1] not in session.sim.replayer.actors
    assert len(session.sim.vehicles) == 1


def test_the_spectator_follows_whom_it_is_told_to(session):
    actors, track = record(session)
    offset = [[-5.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    good(session, "replay_file", "one.rec", 0.0, 0.0, actors[0], False, offset)
    steps(session, 20)
    seen = session.sim.pose(session.sim.spectator.id)
    assert (seen.x, seen.z) == pytest.approx((track[20, 0, 0] - 5.0, track[20, 0, 2] + 2.0))


@pytest.mark.parametrize("keep", [True, False])
def test_stopping_keeps_the_actors_or_takes_them_away(session, keep):
    record(session)
    call(session, "load_new_episode", "", False, 0)
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    steps(session, 5)
    call(session, "stop_replayer", keep)
    assert (len(session.sim.vehicles), len(session.sim.walkers)) == ((2, 1) if keep else (0, 0))
    assert session.sim.vehicles.physics.all()


def test_the_file_info_reads_as_carlas(session):
    (car, _hero, _), _ = record(session)
    lines = good(session, "show_recorder_file_info", "one.rec", False).split("\n")
    assert lines[:3] == ["Version: 1", "Map: road", "Date: unknown"]
    assert lines[4] == "Frame 1 at 0 seconds"
    assert lines[5].startswith(f" Create {car}: vehicle.tesla.model3 (1) at (")
    assert "  role_name = npc" in lines
    assert any(re.match(rf" Collision id 0 between {car} with", line) for line in lines)
    assert lines[-3:-1] == ["Frames: 100", "Duration: 4.95 seconds"]
    every = good(session, "show_recorder_file_info", "one.rec", True)
    assert every.count(" Positions: 3") == 100
    assert every.count(" Vehicle animations: 2") == 100


def test_collisions_are_listed_once_by_kind_and_hero(session):
    (car, hero, _), _ = record(session)

    def pairs(one, other):
        text = good(session, "show_recorder_collisions", "one.rec", ord(one), ord(other))
        rows = [line.split() for line in text.split("\n")[5:-4]]
        return [(int(r[3]), int(r[5])) for r in rows]

    assert pairs("h", "v")[:1] == [(hero, car)]
    assert set(pairs("v", "v")) == {(car, hero), (hero, car)}
    assert pairs("v", "w") == []
    assert pairs("a", "a")


def test_who_stands_is_listed_longest_first(session):
    (_car, hero, _), _ = record(session)
    text = good(session, "show_recorder_actors_blocked", "one.rec", 1.0, 10.0)
    rows = text.split("\n")[5:-4]
    assert int(rows[0].split()[1]) == hero


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/passwd", "a/b", "..\\x", "C:\\x", "a\0b"]
)
def test_a_name_that_is_more_than_a_file_is_refused(session, name, tmp_path):
    for args in (("start_recorder", name, False), ("show_recorder_file_info", name, False)):
        ((ok, answer),) = call(session, *args)
        assert ok == 0
        assert "expected a plain file name" in answer[0]
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_nothing_is_written():
    assert call(new_session(), "start_recorder", "x", False) == [
        [0, ["recordings need a folder: start the server with --recordings DIR"]]
    ]


def test_a_file_that_is_no_recording_says_so(session, tmp_path):
    (tmp_path / "junk").write_bytes(b"\x93\x01\x02")
    (tmp_path / "text").write_text("hello")
    for name in ("junk", "text"):
        ((ok, answer),) = call(session, "show_recorder_file_info", name, False)
        assert (ok, answer[0]) == (0, f"{name} is no recording of HDSim's server")
    ((ok, answer),) = call(session, "replay_file", "none", 0.0, 0.0, 0, False, ZERO)
    assert (ok, answer[0]) == (0, "File none not found on server (No such file or directory)")


def test_what_a_killed_server_left_can_be_read(session, tmp_path):
    record(session)
    path = tmp_path / "one.rec"
    path.write_bytes(path.read_bytes()[:-100])
    assert len(list(frames_of(path)[1])) == 99


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_no_name_leads_out_of_the_folder(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp()
    try:
        path = recording_path(folder, name)
    except CallError:
        return
    assert path.parent == folder


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_recording_is_an_error_or_a_shorter_one(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage")
    session = new_session()
    session.sim.recordings = folder
    record(session, 0.5)
    path = folder / "one.rec"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    for args in (
        ("show_recorder_file_info", "one.rec", True),
        ("show_recorder_collisions", "one.rec", ord("a"), ord("a")),
        ("show_recorder_actors_blocked", "one.rec", 1.0, 10.0),
        ("replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO),
    ):
        call(session, *args)  # an answer, whatever it says
    steps(session, 12)
    session.sim.frame_message()


def test_the_spectator_is_left_alone_unless_asked(session):
    spectator = session.sim.spectator.id
    call(session, "set_actor_transform", spectator, [[7.0, 8.0, 9.0], [0.0, 0.0, 0.0]])
    record(session, 1.0)
    call(session, "set_actor_transform", spectator, ZERO)
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    assert session.sim.pose(spectator).x == 0.0
    call(session, "set_replayer_ignore_spectator", False)
    steps(session, 1)
    assert session.sim.pose(spectator).wire()[0] == pytest.approx([7.0, 8.0, 9.0])


def test_a_replay_loads_the_map_it_was_recorded_on(session):
    actors, track = record(session, 1.0)
    road = session.sim.town
    session.sim.find_town = {"road": road, "other": replace(road, name="other")}.__getitem__
    call(session, "load_new_episode", "other", False, 0)
    before = session.sim.episode
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    assert (session.sim.town.name, session.sim.episode) == ("road", before + 1)
    new = [session.sim.replayer.actors[a] for a in actors]
    np.testing.assert_allclose(places(session, new), track[0], atol=1e-9)


def test_a_recording_that_is_written_anew_while_it_plays_ends_the_replay(session, tmp_path):
    actors, _ = record(session)
    good(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    steps(session, 3)
    path = tmp_path / "one.rec"
    path.write_bytes(path.read_bytes()[:2000] + b"\xc1" * 10_000)
    steps(session, 100)
    assert session.sim.replayer is None
    assert set(actors) <= set(session.sim.actors)


def test_numbers_that_no_world_has_are_damage(session, tmp_path):
    (car, *_), _ = record(session, 0.5)
    path = tmp_path / "one.rec"
    x = np.array(session.sim.vehicles.x[session.sim.vehicles.row[car]])
    content = path.read_bytes()
    assert x.tobytes() in content
    path.write_bytes(content.replace(x.tobytes(), np.array(np.nan).tobytes()))
    ((ok, answer),) = call(session, "replay_file", "one.rec", 0.0, 0.0, 0, False, ZERO)
    assert (ok, answer[0]) == (0, "one.rec is damaged at its frame 10")
