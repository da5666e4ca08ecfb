"""A whole run in small: scripted scenes through the detectors into a log, then its report."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from hdsim.core.command import Decisions
from hdsim.core.errors import InputError
from hdsim.core.percept import Objects, Observation, OwnState, Paths, Percepts, SignalAhead
from hdsim.events.failure import beliefs, failure_record, is_failure
from hdsim.events.thresholds import Thresholds
from hdsim.events.watch import Watch
from hdsim.record.log import ScenarioLog
from hdsim.record.run import Run
from hdsim.record.schema import Status
from hdsim.record.writer import RunWriter
from hdsim.report.misbelief import greatest_misbelief, in_words
from hdsim.report.picture import picture
from hdsim.report.summary import VERDICTS, Summary, summarise
from hdsim.report.tables import by_style, tables
from hdsim.testing.scenes import straight
from hdsim.testing.scripted import Script, scripted_roster, states

ROSTER = replace(
    scripted_roster(["ego", "npc-00", "walker-00"], [False, False, True]),
    styles=("", "drunk", ""),
    drivers=np.array([1]),
)
STROLLER = Script(["0"], 75.0, 1.4, offset=[(0, -4)], on_foot=True)
TASKS = [
    {"id": f"straight/r{k:02}/{mix}/s1", "map": "straight", "route_label": f"r{k:02}",
     "mix_label": mix, "agent": "traffic_manager", "seed": 1, "step_s": 0.05}
    for mix in ("normal", "drunk") for k in (0, 1)
]  # fmt: skip
CUT_IN = (
    Script(["0"], 50.0, 14.0),
    Script(["1"], 62.0, 11.0, [(1.5, -6.0)], [(0, 0), (0.2, 0), (1.5, -3.5)]),
    STROLLER,
)
WORST = 40  # tick of the belief farthest from the truth
CALM = (Script(["0"], 50.0, 10.0), Script(["1"], 40.0, 10.0), STROLLER)


def scene(state, shift):
    """What the one driver has before it: the ego, ``shift`` metres farther back than it is."""
    r, one = ROSTER.drivers, np.zeros(1)
    ego = np.array([[0]])
    own = OwnState(
        **{f: getattr(state, f)[r] for f in ("x", "y", "yaw", "speed", "yaw_rate", "accel", "d")},
        heading_error=one,
        limit_factor=one + 1,
        length=ROSTER.length[r],
        width=ROSTER.width[r],
        wheelbase=ROSTER.wheelbase[r],
    )
    values = {f: getattr(state, f)[ego] for f in ("yaw", "speed", "accel", "s", "d", "lane")}
    objects = Objects(
        row=ego,
        seen=np.ones((1, 1), dtype=bool),
        relation=np.array([[2]], dtype=np.int8),
        x=state.x[ego] - shift,
        y=state.y[ego],
        length=ROSTER.length[ego],
        width=ROSTER.width[ego],
        **values,
    )
    none = SignalAhead(np.array([-1]), np.array([3], dtype=np.uint8), np.array([np.inf]))
    paths = Paths(*[np.zeros((1, 1))] * 7, *[np.zeros((1, 1), dtype=np.int64)] * 2, one)
    return own, objects, none, paths


def drive(run_dir, task, scripts):
    graph, index = straight(500.0, lanes=2)
    watch = Watch(ROSTER, graph, None, Thresholds(), 0.05, timeout_s=4.0)
    nothing = Decisions(
        *[np.zeros(1)] * 2, *[np.zeros(1, dtype=np.int8)], np.array([-1]),
        *[np.zeros(1, dtype=np.int8)] * 2, np.zeros(1, dtype=bool),
    )  # fmt: skip
    failed, verdicts = [], []
    with ScenarioLog(run_dir, task["id"], ROSTER, 0.05) as log:
        for tick, state in enumerate(states(graph, index, scripts, 10.0)):
            sees = Observation(state.time, *scene(state, 0.0))
            believes = Percepts(state.time, *scene(state, 6.0 if tick == WORST else 4.0))
            sighting = watch.step(tick, state)
            log.tick(tick, state, None, nothing, sees, believes)
            log.involve(sighting.involved, tick)
            for i, event in enumerate(sighting.events):
                log.event(event, tick)
                verdict = sighting.verdicts.get(i)
                verdicts += [str(verdict.fault)] if verdict else []
                if is_failure(event, ROSTER):
                    told = beliefs(sees, believes, ROSTER, [event.a, event.b])
                    failed.append(
                        failure_record(event, ROSTER, task["id"], "runs/a", verdict, told)
                    )
            if watch.ended:
                break
        scores = watch.scores()
        log.finish(
            {
                "map": task["map"],
                "route": task["route_label"],
                "mix": task["mix_label"],
                "agent": task["agent"],
                "seed": 1,
                "status": str(Status.COMPLETED),
                "distance_m": watch.progress.distance_m,
                "near_misses": 0,
                "failures": len(failed),
                **{f"collisions_{v}": verdicts.count(v) for v in VERDICTS},
                **asdict(scores),
            },
            failed,
        )


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "a"
    writer = RunWriter(path, {"name": "small"}, TASKS)
    for task, scripts in zip(TASKS[:3], (CALM, CALM, CUT_IN), strict=True):
        drive(path, task, scripts)
        writer.collect(task["id"])
    writer.infrastructure(TASKS[3]["id"], Status.TIMEOUT_WALL, "no tick for 60 s", attempts=2)
    writer.close()
    return Run.open(path)


def text_of(run, width=200) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for table in tables(run, width=width):
        console.print(table)
    return console.export_text()


def test_the_failure_tells_who_what_why_and_how_to_see_it_again(run) -> None:
    (failure,) = run.failures
    assert (failure["verdict"], failure["because"]) == ("npc_at_fault", "cut_in")
    assert failure["actors"][1]["style"] == "drunk"
    assert failure["replay"] == f"hdsim replay runs/a --failure {failure['id']}"
    (belief,) = failure["beliefs"]
    assert any("distance_m of ego" in told for told in belief["telling"])


def test_groups_add_up_and_infrastructure_is_no_score(run) -> None:
    rows = run.scenarios.to_pylist()
    normal, drunk = summarise(rows, lambda r: (r["mix"],))
    assert (normal.group, normal.results, normal.without) == (("normal",), 2, 0)
    assert (drunk.results, drunk.without, drunk.collisions) == (1, 1, (0, 1, 0, 0))
    assert normal.km == pytest.approx(2 * 0.04, rel=0.02)
    assert summarise(rows[3:], lambda r: ())[0].driving_score is None


def test_tables_name_everything(run) -> None:
    text = text_of(run)
    assert "1 of 2" in text
    assert "timeout_wall" in text
    assert "no tick for 60 s" in text
    assert run.failures[0]["id"] in text
    assert "npc-00, drunk" in text
    assert "npc at fault" in text
    assert "cut in" in text


def test_a_terminal_of_80_columns_shows_every_word_whole(run) -> None:
    text = text_of(run, 80)
    assert run.failures[0]["id"] in text
    assert "npc-00, drunk; npc at fault: cut in" in text
    assert "1 of 2" in text
    assert "no tick for 60 s" in text
    group = ("aggressive-drunk-distracted", "me")
    summary = Summary(group, 30, 0, 100.0, 100.0, 12.5, (0, 12, 0, 0), 110, 0, 3)
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(by_style([summary], wide=False))
    lines = console.export_text().splitlines()
    for word in ("aggressive-", "drunk-", "distracted", "0 / 12 / 0 / 0"):
        assert any(word in line for line in lines), word


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that are saved, for a look at what is on them."""
    figures = []

    def keep(figure, *args, _save=Figure.savefig, **settings):
        figures.append(figure)
        _save(figure, *args, **settings)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def titles(figure) -> list[str]:
    return [
        axes.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ") for axes in figure.axes
    ]


def test_the_picture_shows_the_belief_before_beside_the_moment(run, drawn, tmp_path) -> None:
    graph, _ = straight(500.0, lanes=2)
    picture(run, "collision", tmp_path / "a.png", graph)
    assert (tmp_path / "a.png").stat().st_size > 10_000
    (figure,) = drawn
    before, moment = titles(figure)
    ago = 0.05 * (run.failures[0]["tick"] - WORST)
    assert before == f"{ago:.1f} s before: npc-00 believed the ego 6.0 m farther back"
    assert moment.startswith("collision at ")
    assert moment.endswith("npc at fault (cut in)")
    per_metre = [
        (axes.get_position().width * figure.get_figwidth()) / np.ptp(axes.get_xlim())
        for axes in figure.axes
    ]
    assert per_metre[0] == pytest.approx(per_metre[1], rel=0.02)
    for axes in figure.axes:  # the walker beside the road
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        assert [float(dot.get_ydata()[0]) for dot in dots] == [pytest.approx(-4.0)]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["ego", "npc-00 (drunk)", "where npc-00 believed the ego", "others"]
    with pytest.raises(InputError, match="expected a failure of the run"):
        picture(run, "zebra", tmp_path / "b.png")


def test_without_percepts_of_those_involved_there_is_the_moment_alone(
    run, drawn, monkeypatch, tmp_path
) -> None:
    percepts = Run.percepts
    monkeypatch.setattr(Run, "percepts", lambda *args: percepts(*args).slice(0, 0))
    picture(run, "collision", tmp_path / "a.png")
    assert len(titles(drawn[0])) == 1


def percept(tick, believed, speeds=(0.0, 0.0), **other):
    return {
        "tick": tick, "driver": "npc-00", "object": "ego", "seen": True, "registered": True,
        "x_m": 30.0, "y_m": 0.0, "believed_x_m": believed[0], "believed_y_m": believed[1],
        "speed_mps": speeds[0], "believed_speed_mps": speeds[1],
    } | other  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (percept(0, (54.0, 1.0), (0.0, 3.2)), "24 m farther on, rolling at 3.2 m/s (it stood)"),
        (percept(0, (25.5, 1.0), (4.0, 0.0)), "4.5 m nearer, standing (it did 4.0 m/s)"),
        (percept(0, (31.0, 3.0), (4.0, 4.4)), "3.0 m too far left"),
        (percept(0, (31.0, -3.0)), "3.0 m too far right"),
    ],
)
def test_a_misbelief_in_words(told, words) -> None:
    found = greatest_misbelief([told])
    assert in_words(found, 2.5, 0.0, 0.0, 0.0) == f"2.5 s before: npc-00 believed the ego {words}"


def test_a_misbelief_about_one_behind_has_the_sides_of_the_driver() -> None:
    behind = {"x_m": -30.0, "believed_x_m": -31.0}
    left, farther = percept(0, (0, 3.0), **behind), percept(0, (0, 0.5), **behind)
    assert in_words(greatest_misbelief([left]), 1.0, 0.0, 0.0, 0.0).endswith("3.0 m too far left")
    assert in_words(greatest_misbelief([farther]), 1.0, 0.0, 0.0, 0.0).endswith("farther back")


def test_not_registered_in_sight_is_the_greatest_misbelief() -> None:
    nowhere = (None, None)
    rows = [
        percept(1, (90.0, 0.0)),
        percept(2, nowhere, registered=False),
        percept(3, nowhere, registered=False),
        percept(4, nowhere, registered=False, seen=False),
        percept(5, (60.0, 0.0)),
    ]
    found = greatest_misbelief(rows)
    assert found.tick == 3
    assert in_words(found, 0.1, 10.0, 0.0, 0.0) == (
        "0.1 s before: npc-00 had the ego in sight, 20 m away, and did not register it"
    )
    assert greatest_misbelief(rows[::4]).tick == 1
    assert greatest_misbelief([percept(1, (30.2, 0.0))]) is None
