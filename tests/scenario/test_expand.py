import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hdsim.core.data import data_dir
from hdsim.core.errors import InputError
from hdsim.scenario.cli import app
from hdsim.scenario.expand import expand
from hdsim.scenario.schema import Scenario
from hdsim.scenario.task import ScenarioTask

HEAD = "schema: 1\nname: x\nmap: Town01\nego:\n  route: "
ROUTES = """<routes>
  <route id="0" town="Town01">
    <weather cloudiness="20" sun_altitude_angle="45" fog_falloff="0.2"/>
    <waypoint x="1" y="2" z="0.5" yaw="90" pitch="0" roll="0"/>
    <waypoint x="3" y="-4" z="0" yaw="-180"/>
  </route>
  <route id="12" town="Town01"><waypoints>
    <position x="1" y="2" z="0"/><!-- between --><position x="3" y="4" z="0"/>
  </waypoints></route>
  <route id="7" town="Town04"><waypoint x="1" y="2"/><waypoint x="3" y="4"/></route>
</routes>"""


def write(folder: Path, text: str, routes: str = ROUTES) -> Path:
    (folder / "routes.xml").write_text(routes)
    path = folder / "x.yaml"
    path.write_text(text)
    return path


def complaint(folder: Path, text: str, routes: str = ROUTES) -> str:
    with pytest.raises(InputError) as info:
        expand(write(folder, text, routes))
    return str(info.value).replace(f"{folder}/", "")


def test_matrix_is_the_product_of_its_axes_and_the_routes_of_the_map(tmp_path) -> None:
    path = write(
        tmp_path,
        HEAD + "{leaderboard: routes.xml}\nmatrix:\n  mix: [normal, {drunk: 1, tired: 2}]\n"
        "  seed: [1, 2]\n  ego.agent: [traffic_manager, 'hdsim:normal']\n",
    )
    batch = expand(path)
    assert len(batch.tasks) == 2 * 2 * 2 * 2
    assert batch.tasks[0].id == "town01/r00/normal/traffic_manager/s1"
    assert batch.tasks[-1].id == "town01/r12/drunk1-tired2/hdsim-normal/s2"
    assert batch.tasks[-1].traffic.mix == {"drunk": 1, "tired": 2}
    assert batch.tasks[-1].stem == "town01__r12__drunk1-tired2__hdsim-normal__s2"


def test_a_mix_of_many_has_a_label_that_fits_and_is_its_own(tmp_path) -> None:
    def label(last: int) -> str:
        shares = ", ".join(f"aggressive-drunk-distracted-{k}: {k + 1}" for k in range(5))
        text = HEAD + f"{{roam: 5}}\ntraffic: {{mix: {{{shares}, normal: {last}}}}}\n"
        return expand(write(tmp_path, text)).tasks[0].mix_label

    assert len(label(1)) == 80
    assert label(1) != label(2)
    assert label(1) == label(1)


def test_route_points_come_out_in_the_right_handed_frame(tmp_path) -> None:
    tasks = expand(write(tmp_path, HEAD + "{leaderboard: routes.xml}\n")).tasks
    first = tasks[0].route
    assert first.kind == "waypoints"
    assert first.points[0] == pytest.approx((1.0, -2.0, 0.5, -1.5707963267948966))
    assert first.points[1] == pytest.approx((3.0, 4.0, 0.0, 3.141592653589793))
    assert tasks[1].route.points[1] == (3.0, -4.0, 0.0, None)


def test_weather_is_the_routes_own_unless_the_scenario_says_otherwise(tmp_path) -> None:
    text = HEAD + "{leaderboard: routes.xml}\n"
    first, second = expand(write(tmp_path, text)).tasks
    assert first.weather.sun_altitude_angle == 45
    assert second.weather == "ClearNoon"
    first, second = expand(write(tmp_path, text + "weather: HardRainNoon\n")).tasks
    assert first.weather == second.weather == "HardRainNoon"


def test_a_task_survives_json_and_is_complete_without_its_files(tmp_path) -> None:
    for task in expand(write(tmp_path, HEAD + "{leaderboard: routes.xml}\n")).tasks:
        assert ScenarioTask.model_validate_json(task.model_dump_json()) == task


def test_routes_may_be_an_axis(tmp_path) -> None:
    path = write(
        tmp_path, HEAD + "{from: 0, to: 1}\nmatrix:\n  route: [{from: 3, to: 4}, {roam: 90}]\n"
    )
    assert [t.id for t in expand(path).tasks] == [
        "town01/p3-4/normal/s1",
        "town01/roam90/normal/s1",
    ]
    path = write(tmp_path, HEAD + "{leaderboard: routes.xml}\nmatrix: {route: [12, 0]}\n")
    assert [t.route_label for t in expand(path).tasks] == ["r12", "r00"]


def test_an_override_replaces_the_key_and_its_axis(tmp_path) -> None:
    path = write(tmp_path, HEAD + "{roam: 9}\nmatrix: {mix: [a, b], seed: [1, 2]}\n")
    tasks = expand(path, {"mix": "c", "traffic.vehicles": 4}).tasks
    assert [(t.mix_label, t.seed, t.traffic.vehicles) for t in tasks] == [("c", 1, 4), ("c", 2, 4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + "{roam: 9}\ntrafic: {}\n",
            "x.yaml:6: trafic, expected a known key (did you mean 'traffic'?)",
        ),
        (
            HEAD + "{leaderbord: routes.xml}\n",
            "x.yaml:5: ego.route.leaderbord, expected a known key (did you mean 'leaderboard'?)",
        ),
        (
            HEAD + "{roam: 9}\n  agent: traffic_manger\n",
            "x.yaml:6: ego.agent = 'traffic_manger', expected traffic_manager, hdsim:PROFILE or "
            "module:Callable (did you mean 'traffic_manager'?)",
        ),
        (
            HEAD + "{roam: 9}\nweather: ClearMoon\n",
            "x.yaml:6: weather = 'ClearMoon', expected a CARLA weather preset "
            "(did you mean 'ClearNoon'?)",
        ),
        (
            HEAD + "{roam: 9}\nweather: {cloudiness: 101}\n",
            "x.yaml:6: weather.cloudiness = 101, expected less than or equal to 100",
        ),
        (
            HEAD + "{roam: 9}\ntraffic: {mix: {drunk: 0}}\n",
            "x.yaml:6: traffic.mix.drunk = 0, expected greater than 0",
        ),
        (
            HEAD + "{roam: 9}\ndetectors: {near_miss: {ttc_s: -1}}\n",
            "x.yaml:6: detectors.near_miss.ttc_s = -1, expected more than 0, up to 10",
        ),
        (
            HEAD + "{roam: 9}\nmatrix:\n  seed: [1, two]\n",
            "x.yaml:7: seed = 'two', expected 0 or more, less than 2147483648",
        ),
        (
            HEAD + "{roam: 9}\nmatrix:\n  mixx: [a]\n",
            "x.yaml:7: matrix.mixx, expected a key of the scenario (did you mean 'mix'?)",
        ),
        (
            HEAD + "{roam: 9}\nmatrix: {seed: [1, 1]}\n",
            "x.yaml:6: matrix, expected different scenarios, town01/roam9/normal/s1 comes up twice",
        ),
        (
            HEAD + "{leaderboard: routes.xml, ids: [0, 3]}\n",
            "x.yaml:5: ego.route.ids[1] = '3', expected a route of routes.xml: 0, 12, 7",
        ),
        (
            HEAD + "{leaderboard: routes.xml, ids: [7]}\n",
            "x.yaml:5: ego.route.ids[0] = '7', expected a route on Town01, it is on Town04",
        ),
        (
            HEAD.replace("Town01", "Town02") + "{leaderboard: routes.xml}\n",
            "x.yaml:3: map = 'Town02', expected a town of routes.xml: Town01, Town04",
        ),
        (
            HEAD + "{from: 3, to: 3}\n",
            "x.yaml:5: ego.route.to = 3, expected another spawn point than 'from'",
        ),
        ("schema: 2\n" + HEAD[10:] + "{roam: 9}\n", "x.yaml:1: schema = 2, expected 1"),
    ],
)
def test_complaints(tmp_path, text: str, message: str) -> None:
    assert complaint(tmp_path, text) == message


def test_a_missing_route_file_lists_where_it_was_looked_for(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HDSIM_ROUTES", "/r")
    monkeypatch.setenv("HDSIM_MAPS", "/m/maps")
    monkeypatch.setenv("LEADERBOARD_ROOT", "/l")
    assert complaint(tmp_path, HEAD + "{leaderboard: no.xml}\n") == (
        "x.yaml:5: ego.route.leaderboard = 'no.xml', expected a route file; looked for "
        "no.xml, /r/no.xml, /m/routes/no.xml, /l/data/no.xml (set HDSIM_ROUTES?)"
    )


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        (ROUTES[:300], "routes.xml:8, expected valid XML"),
        (ROUTES.replace('x="3"', 'x="east"'), "routes.xml:5: <waypoint x> = 'east', expected a "),
        (ROUTES.replace('id="12"', 'id="0"'), "routes.xml:7: id = '0', expected a route id once"),
        ("<maps/>", "routes.xml:1, expected <routes>, found <maps>"),
        (
            '<routes><route id="1" town="T"/></routes>',
            "routes.xml:1: <route id='1'>, expected two points or more, found 0",
        ),
    ],
)
def test_route_file_complaints(tmp_path, routes: str, message: str) -> None:
    assert complaint(tmp_path, HEAD + "{leaderboard: routes.xml}\n", routes).startswith(message)


@pytest.mark.parametrize("path", sorted(data_dir("scenarios").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_scenarios_expand(path) -> None:
    try:
        batch = expand(path)
    except InputError as error:
        if "HDSIM_ROUTES" in str(error):
            pytest.skip(str(error))
        raise
    assert batch.name == path.stem
    assert batch.tasks


def test_weather_presets_are_those_of_the_client() -> None:
    carla = pytest.importorskip("carla")
    from hdsim.scenario.weather import PRESETS, WeatherFields

    names = {n for n in dir(carla.WeatherParameters) if n[0] != "_"}
    assert {n for n in names if n[0].isupper()} == set(PRESETS)
    assert {n for n in names if n[0].islower()} == set(WeatherFields.model_fields)


def test_json_schema_covers_every_key_of_the_file() -> None:
    out = CliRunner().invoke(app, ["schema"])
    assert set(json.loads(out.stdout)["properties"]) == {
        f.alias or n for n, f in Scenario.model_fields.items()
    }


def test_check_names_every_bad_file_and_exits_with_2(tmp_path) -> None:
    good = write(tmp_path, HEAD.replace("Town01", "grid") + "{roam: 9}\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text("schema: 1\nnmae: x\n")
    result = CliRunner().invoke(app, ["check", str(bad), str(good)])
    assert result.exit_code == 2
    assert f"{good}: ok, 1 scenarios" in result.output
    assert f"{bad}:2: nmae, expected a known key (did you mean 'name'?)" in result.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("map: grid", "map: gird"), "x.yaml:3 = 'gird', expected an .xodr file"),
        (("mix: normal", "mix: nromal"), "'nromal'"),
        (("mix: normal", "mix: {drnk: 1}"), "'drnk'"),
        (("traffic_manager", "hdsim:nobody"), "'nobody'"),
    ],
)
def test_check_looks_up_maps_mixes_and_profiles(tmp_path, change, message) -> None:
    text = (
        "schema: 1\nname: x\nmap: grid\nego:\n  route: {roam: 9}\n  agent: traffic_manager\n"
        "traffic: {mix: normal}\n"
    )
    path = write(tmp_path, text)
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 0
    path = write(tmp_path, text.replace(*change))
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 2
    assert message in result.output


def test_a_map_file_is_found_beside_the_scenario(tmp_path) -> None:
    (tmp_path / "site.xodr").write_text("<OpenDRIVE/>")
    path = write(tmp_path, HEAD.replace("Town01", "site.xodr") + "{roam: 9}\n")
    (task,) = expand(path).tasks
    assert task.map == str(tmp_path / "site.xodr")
    assert task.id == "site/roam9/normal/s1"


def test_the_example_of_the_docs_is_what_it_says(tmp_path, route_file) -> None:
    source = route_file("leaderboard1_training_town01.xml")
    page = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "rush-hour.yaml"
    path.write_text(example.replace(source.name, str(source)))
    tasks = expand(path).tasks
    assert len(tasks) == 2 * 2 * 3
    assert (tasks[0].id, tasks[-1].id) == ("town01/r00/normal/s1", "town01/r03/mixed/s3")


def test_cyclists_need_riders_who_perceive(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(
        "schema: 1\nname: s\nmap: grid\nego: {route: {roam: 5}}\n"
        "traffic: {driven_by: traffic_manager, cyclists: 2}\n"
    )
    with pytest.raises(InputError, match=r"s\.yaml:5: traffic\.cyclists = 2, expected 0 with"):
        expand(file)
