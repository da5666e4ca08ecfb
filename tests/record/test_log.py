import json
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hdsim.core.command import Decisions, Reason
from hdsim.core.errors import InputError
from hdsim.core.percept import Objects, Observation, OwnState, Paths, Percepts, SignalAhead
from hdsim.core.state import Roster, State
from hdsim.events.event import Event, Kind
from hdsim.record.compare import first_difference
from hdsim.record.log import ScenarioLog
from hdsim.record.run import Run
from hdsim.record.schema import EVENTS, SCENARIOS, Status
from hdsim.record.writer import RunWriter

STEP = 0.1
ROSTER = Roster(
    names=("ego", "npc-00", "npc-01"),
    styles=("", "drunk", "normal"),
    length=np.full(3, 4.0),
    width=np.full(3, 2.0),
    wheelbase=np.full(3, 2.8),
    drivers=np.array([1, 2]),
)
SCENARIO = "town/r00/mixed/s1"
TASKS = [{"id": SCENARIO, "map": "town", "mix_label": "mixed", "seed": 1}, {"id": "town/r01"}]


def state(tick: int) -> State:
    x = np.array([0.0, 20.0, 40.0]) + tick
    zero = np.zeros(3)
    return State(
        frame=900 + tick,
        time=tick * STEP,
        x=x,
        y=zero,
        yaw=zero,
        vx=np.full(3, 10.0),
        vy=zero,
        speed=np.full(3, 10.0),
        accel=zero,
        yaw_rate=zero,
        present=np.ones(3, dtype=bool),
        lane=np.zeros(3, dtype=np.int64),
        s=x,
        d=zero,
        lane_yaw=zero,
        signals=np.array([2 if tick < 5 else 0, 2], dtype=np.uint8),
    )


def scene(s: State, shift: float, hide: bool = False) -> tuple[OwnState, Objects, SignalAhead]:
    """Each driver holds every other actor; ``shift`` moves what it sees ahead."""
    r, two = ROSTER.drivers, np.zeros(2)
    rows = np.array([[2, 0, -1], [0, 1, -1]])
    full = np.maximum(rows, 0)
    seen = rows >= 0
    if hide:
        seen = seen & (rows != 0)
    own = OwnState(
        **{f: getattr(s, f)[r] for f in ("x", "y", "yaw", "speed", "yaw_rate", "accel", "d")},
        heading_error=two,
        limit_factor=two + 1,
        length=ROSTER.length[r],
        width=ROSTER.width[r],
        wheelbase=ROSTER.wheelbase[r],
    )
    objects = Objects(
        row=rows,
        seen=seen,
        relation=np.array([[1, 2, 0], [2, 2, 0]], dtype=np.int8),
        x=s.x[full] + shift,
        y=s.y[full],
        yaw=s.yaw[full],
        speed=s.speed[full],
        accel=s.accel[full],
        length=ROSTER.length[full],
        width=ROSTER.width[full],
        lane=s.lane[full],
        s=s.s[full],
        d=s.d[full],
    )
    lights = SignalAhead(np.array([0, -1]), np.array([0, 3], dtype=np.uint8), np.array([9, np.inf]))
    return own, objects, lights


PATHS = Paths(*[np.zeros((2, 1))] * 7, *[np.zeros((2, 1), dtype=np.int64)] * 2, np.zeros(2))


def decisions(tick: int) -> Decisions:
    return Decisions(
        accel=np.array([0.5, -1.0]) + tick * 0.01,
        steer=np.zeros(2),
        reason=np.array([Reason.FOLLOW, Reason.FREE], dtype=np.int8),
        lead=np.array([2, -1]),
        indicator=np.zeros(2, dtype=np.int8),
        change=np.zeros(2, dtype=np.int8),
        hold=np.zeros(2, dtype=bool),
    )


def record(run_dir, ticks=300, event_at=150, nudge_at=None, finish=True, step=STEP) -> None:
    with ScenarioLog(run_dir, SCENARIO, ROSTER, step, ("a", "b")) as log:
        for tick in range(ticks):
            now = state(tick)
            if tick == nudge_at:
                now = replace(now, y=np.array([0.0, 0.0, 1e-12]))
            observation = Observation(now.time, *scene(now, 0.0), PATHS)
            percepts = Percepts(now.time, *scene(now, 5.0, hide=True), PATHS)
            log.tick(tick, now, None, decisions(tick), observation, percepts)
            if tick == event_at:
                log.event(
                    Event(Kind.NEAR_MISS, tick - 3, now.time, 0, 1, tick, 0.7, "ttc_s", {"g": 1.0}),
                    tick,
                )
        if finish:
            row = {"status": str(Status.COMPLETED), "driving_score": 98.0, "mix": "mixed"}
            log.finish(row, [{"id": f"{SCENARIO}@147", "kind": "near_miss", "x": np.inf}])


@pytest.fixture
def run(tmp_path) -> Run:
    writer = RunWriter(tmp_path / "run", {"name": "t", "seeds": [1]}, TASKS)
    record(tmp_path / "run")
    writer.collect(SCENARIO)
    writer.infrastructure("town/r01", Status.KILLED, "signal 9", attempts=2)
    writer.add_guidance("drunk", "{}")
    writer.close(wall_time_s=1.5)
    return Run.open(tmp_path / "run")


def test_tables_hold_a_row_per_scenario_and_keep_infrastructure_apart(run) -> None:
    first, second = run.scenarios.to_pylist()
    assert run.scenarios.schema.equals(SCENARIOS)
    assert (first["scenario"], first["status"], first["driving_score"]) == (
        SCENARIO,
        "completed",
        98.0,
    )
    assert (second["status"], second["status_detail"], second["attempts"]) == (
        "killed",
        "signal 9",
        2,
    )
    assert second["driving_score"] is None
    assert run.manifest["finished"] is True
    assert run.manifest["environment"]["packages"]["numpy"] == np.__version__
    assert not (run.path / "parts").exists()


def test_events_carry_names_and_measures(run) -> None:
    assert run.events.schema.equals(EVENTS)
    (event,) = run.events.to_pylist()
    assert (event["actor"], event["other"], event["with_ego"]) == ("ego", "npc-00", True)
    assert (event["measure"], event["value"]) == ("ttc_s", 0.7)
    assert json.loads(event["details_json"]) == {"g": 1.0}


def test_failures_are_strict_json(run) -> None:
    assert run.failure("@147") == {"id": f"{SCENARIO}@147", "kind": "near_miss", "x": None}
    with pytest.raises(InputError, match="expected a failure of the run, it has 1"):
        run.failure("zebra")


def test_trajectories_hold_truth_exactly_and_decisions_for_drivers_only(run) -> None:
    table = run.trajectory(SCENARIO, (200, 200)).to_pydict()
    assert table["actor"] == ["ego", "npc-00", "npc-01"]
    assert table["x_m"] == [200.0, 220.0, 240.0]
    assert table["reason"] == [None, "follow", "free"]
    assert table["lead"] == [None, "npc-01", None]
    assert table["lead_gap_m"] == [None, 16.0, None]
    assert table["believed_lead_gap_m"] == [None, 21.0, None]
    assert table["believed_speed_mps"] == [None, 10.0, 10.0]
    assert table["signal_state"] == [None, "red", "off"]
    assert table["signal_distance_m"] == [None, 9.0, None]


def test_a_long_drive_keeps_every_tick(tmp_path) -> None:
    """The buffers of one chunk are filled again while the chunk waits to be written."""
    writer = RunWriter(tmp_path, {}, TASKS)
    record(tmp_path, ticks=1500)
    writer.collect(SCENARIO)
    writer.close()
    table = Run.open(tmp_path).trajectory(SCENARIO)
    ego = table.filter(pc.equal(table["actor"].cast("string"), "ego"))
    assert ego["tick"].to_pylist() == list(range(1500))
    assert ego["x_m"].to_pylist() == list(range(1500))


def test_signals_are_written_when_they_change(run) -> None:
    assert [(r["tick"], r["id"], r["state"]) for r in run.signals(SCENARIO).to_pylist()] == [
        (0, "a", "green"),
        (0, "b", "green"),
        (5, "a", "red"),
    ]


def test_percepts_are_kept_ten_seconds_around_an_event_for_those_involved(run) -> None:
    table = run.percepts(SCENARIO)
    assert set(table["driver"].to_pylist()) == {"npc-00"}
    assert sorted(set(table["tick"].to_pylist())) == list(range(50, 251))
    rows = [r for r in table.to_pylist() if r["tick"] == 150]
    lead, ego = sorted(rows, key=lambda r: r["object"], reverse=True)
    assert (lead["object"], lead["x_m"], lead["believed_x_m"]) == ("npc-01", 190.0, 195.0)
    assert (lead["relation"], lead["believed_relation"]) == ("lead", "lead")
    assert (ego["seen"], ego["registered"], ego["believed_x_m"]) == (True, False, None)


def test_two_events_close_together_write_no_row_twice(tmp_path) -> None:
    with ScenarioLog(tmp_path, SCENARIO, ROSTER, STEP) as log:
        for tick in range(120):
            now = replace(state(tick), signals=np.zeros(0, dtype=np.uint8))
            seen = Observation(now.time, *scene(now, 0.0), PATHS)
            log.tick(
                tick, now, None, decisions(tick), seen, Percepts(now.time, *scene(now, 0), PATHS)
            )
            if tick in (60, 61, 90):
                log.event(Event(Kind.COLLISION, tick, now.time, 0, 2, tick, 1.0, "n"), tick)
        log.finish({}, [])
    table = pq.read_table(tmp_path / "percepts" / "town__r00__mixed__s1.parquet")
    keys = list(zip(table["tick"].to_pylist(), table["object"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys)) == 120 * 2


def test_same_input_same_hash_and_a_last_bit_changes_it(tmp_path) -> None:
    hashes = []
    for name, nudge in (("a", None), ("b", None), ("c", 77)):
        writer = RunWriter(tmp_path / name, {}, TASKS)
        record(tmp_path / name, nudge_at=nudge)
        hashes.append(writer.collect(SCENARIO)["hash"])
        writer.close()
    assert hashes[0] == hashes[1] != hashes[2]
    a, b, c = (Run.open(tmp_path / n) for n in "abc")
    assert first_difference(a, b, SCENARIO) is None
    difference = first_difference(a, c, SCENARIO)
    assert str(difference) == "tick 77, npc-01: y_m 0.0 against 1e-12"


def test_an_event_takes_part_in_the_hash(tmp_path) -> None:
    for name, at in (("a", 150), ("b", 151)):
        writer = RunWriter(tmp_path / name, {}, TASKS)
        record(tmp_path / name, event_at=at)
        writer.collect(SCENARIO)
    difference = first_difference(Run.open(tmp_path / "a"), Run.open(tmp_path / "b"), SCENARIO)
    assert difference is not None
    assert difference.tick == 147


def test_a_shorter_log_is_a_difference(tmp_path) -> None:
    for name, ticks in (("a", 200), ("b", 180)):
        RunWriter(tmp_path / name, {}, TASKS)
        record(tmp_path / name, ticks=ticks)
    difference = first_difference(Run.open(tmp_path / "a"), Run.open(tmp_path / "b"), SCENARIO)
    assert str(difference) == "tick 180: log of 200 ticks against log of 180 ticks"


def test_an_unfinished_scenario_leaves_nothing(tmp_path) -> None:
    writer = RunWriter(tmp_path / "run", {}, TASKS)
    record(tmp_path / "run", finish=False)
    left = {p.name for p in (tmp_path / "run").rglob("*") if p.is_file()}
    assert left == {"run.json", "scenarios.parquet", "events.parquet", "failures.jsonl"}
    with pytest.raises(FileNotFoundError):
        writer.collect(SCENARIO)


def test_a_second_attempt_replaces_what_a_killed_one_left(tmp_path) -> None:
    writer = RunWriter(tmp_path / "run", {}, TASKS)
    draft = tmp_path / "run" / "trajectories" / ".town__r00__mixed__s1.parquet.1.draft"
    draft.parent.mkdir()
    draft.write_bytes(b"torn")
    record(tmp_path / "run")
    assert writer.collect(SCENARIO, attempts=2)["attempts"] == 2
    assert Run.open(tmp_path / "run").trajectory(SCENARIO).num_rows == 900


def test_bad_directories_are_named(tmp_path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(InputError, match="full, expected a new or empty directory for the run"):
        RunWriter(tmp_path / "full", {}, [])
    with pytest.raises(InputError, match="expected a run directory"):
        Run.open(tmp_path / "full")
    (tmp_path / "full" / "run.json").write_text('{"schema": 99}')
    with pytest.raises(InputError, match=r"run\.json: schema = 99, expected 1"):
        Run.open(tmp_path / "full")


def test_a_row_with_an_unknown_column_is_refused(tmp_path) -> None:
    with (
        ScenarioLog(tmp_path, SCENARIO, ROSTER, STEP) as log,
        pytest.raises(ValueError, match="scor"),
    ):
        log.finish({"scor": 1}, [])
