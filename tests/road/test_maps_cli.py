import re

import pytest
from typer.testing import CliRunner

from hdsim.core.errors import InputError
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.cli import app


@pytest.fixture
def maps(monkeypatch, tmp_path):
    monkeypatch.setenv("HDSIM_MAPS", str(tmp_path))
    monkeypatch.delenv("CARLA_ROOT", raising=False)

    def call(*arguments):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        return result.exit_code, result.output, result.exception

    return call


def test_list_names_every_map_with_its_size_and_the_bad_one_with_its_fault(maps, tmp_path):
    (tmp_path / "Bad.xodr").write_text("<OpenDRIVE>")
    code, text, _ = maps("list")
    assert code == 0
    assert re.search(r"roundabout *│ built in *│ *4\.9 │ *8 │ *0 │ *8 │ *12 │ *192 ", text)
    assert re.search(r"motorway *│ built in *│ *53\.8 │ *20 ", text)
    assert "not usable" in text


def test_check_says_ok_or_what_is_wrong_and_goes_on(maps, tmp_path):
    bad = tmp_path / "bad.xodr"
    bad.write_text(BUILTIN_MAPS["roundabout"]().replace('contactPoint="end"', 'contactPoint="x"'))
    code, text, _ = maps("check", bad, "Town99", "roundabout")
    assert code == 2
    assert re.search(
        r"error: .*bad\.xodr:\d+: road 10002: successor contactPoint = 'x'|"
        r"error: .*bad\.xodr:\d+: road \d+: \w+ contactPoint = 'x'",
        text,
    )
    assert re.search(r"bad\.xodr: \d+ errors, 0 warnings", text)
    assert "error: maps check = 'Town99'" in text
    assert "roundabout: ok" in text
    assert maps("check", "roundabout")[0] == 0


def test_show_draws_and_refuses_other_files(maps, tmp_path):
    code, text, _ = maps("show", "roundabout", "--out", tmp_path / "a.svg")
    assert code == 0
    assert "a.svg" in text.replace("\n", "")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()[:2000]
    for name in (tmp_path / "a.txt", tmp_path / "no" / "a.png"):
        _, _, error = maps("show", "roundabout", "--out", name)
        assert isinstance(error, InputError)
        assert str(error).startswith("--out = ")
