"""``hdsim drivers new``: a file to start from, or nothing at all."""

import json

import pytest
from typer.testing import CliRunner

from hdsim.cli import app
from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.driver.new import SCHEMA_FILE, new_profile


def test_a_new_profile_extends_its_parent_and_has_its_settings(tmp_path):
    folder = tmp_path / "drivers"
    path = new_profile(
        "tipsy-nurse",
        "fatigued",
        {"physiology.alcohol.bac": "0.04", "attention.distraction.kind": "phone"},
        "A nurse: tired, and not quite sober.",
        folder,
    )
    profile = load_profile(path)
    assert profile.physiology.alcohol.bac == 0.04
    assert profile.physiology.fatigue == load_profile("fatigued").physiology.fatigue
    assert profile.attention.distraction.kind == "phone"
    assert profile.description == "A nurse: tired, and not quite sober."


def test_the_file_names_its_schema_for_editors(tmp_path):
    path = new_profile("mine", folder=tmp_path)
    assert path.read_text().startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    schema = json.loads((tmp_path / SCHEMA_FILE).read_text())
    assert "personality" in schema["properties"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"name": "Bad Name"}, "lower-case"),
        ({"name": "normal"}, "not taken by"),
        ({"name": "a", "parent": "agressive"}, "did you mean 'aggressive'"),
        ({"name": "a", "settings": {"physiology.alcohol.bac": "2"}}, "physiology.alcohol.bac"),
        ({"name": "a", "settings": {"physiology.alcohl.bac": "0.1"}}, "did you mean 'alcohol'"),
        ({"name": "a", "settings": {"name": "b"}}, "the name of the file"),
        ({"name": "a", "settings": {"name.b": "1"}}, "not below a value"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(tmp_path, arguments, told):
    folder = tmp_path / "drivers"
    with pytest.raises(InputError, match=told):
        new_profile(**arguments, folder=folder)
    assert not folder.exists()


def test_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    made = run(app, ["drivers", "new", "mine", "--from", "drunk", "--set", "personality.age=70"])
    assert made.exit_code == 0, made.output
    assert load_profile("mine").personality.age == 70
    assert "drivers/mine.yaml" in made.output
    assert isinstance(run(app, ["drivers", "new", "mine"]).exception, InputError)
    assert isinstance(run(app, ["drivers", "new", "b", "--set", "x"]).exception, InputError)
