"""The command line of profiles and guidance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hdsim.core.data import data_dir
from hdsim.core.errors import InputError
from hdsim.driver.cli import app as drivers
from hdsim.guidance.cli import app as guidance
from hdsim.guidance.schedule import Schedule

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_list_names_profiles_and_mixes():
    out = RUN.invoke(drivers, ["list"]).output
    assert "aggressive-drunk-distracted" in out
    assert "mix mixed: fatigued-distracted 1" in out


def test_show_gives_each_value_with_its_source():
    out = RUN.invoke(drivers, ["show", "drunk"]).output
    assert "offset_sd_m 0.2" in out
    assert "Louwerens" in out
    assert "[P]" in out
    assert '"bac": 0.12' in out


def test_check_names_every_bad_file_and_exits_with_2(tmp_path: Path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("schema: 1\nname: bad\nphysiology: {alcohol: {bac: 2}}\n")
    good = data_dir("drivers") / "drunk.yaml"
    mix = data_dir("drivers") / "mixes" / "mixed.yaml"
    result = RUN.invoke(drivers, ["check", str(bad), str(good), str(mix)])
    assert result.exit_code == 2
    assert f"{good}: ok" in result.output
    assert f"{mix}: ok" in result.output
    assert f"{bad}:3: physiology.alcohol.bac = 2, expected 0 to 0.4 (g/100 ml)" in result.output


def test_every_shipped_file_passes_the_check():
    files = [str(path) for path in data_dir("drivers").rglob("*.yaml")]
    assert len(files) == 20
    assert RUN.invoke(drivers, ["check", *files]).exit_code == 0


def test_schema_is_that_of_the_files():
    schema = json.loads(RUN.invoke(drivers, ["schema"]).output)
    assert {"extends", "overrides", "personality"} <= set(schema["properties"])
    assert "shares" in json.loads(RUN.invoke(drivers, ["schema", "--mix"]).output)["properties"]


def test_compile_writes_schedules(tmp_path: Path):
    result = RUN.invoke(guidance, ["compile", "drunk", "normal", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert "0 answers repaired, 0 fallbacks" in result.output
    assert Schedule.load(tmp_path / "drunk.json").name == "drunk"


def test_show_prints_words_programs_and_origin():
    out = RUN.invoke(guidance, ["show", "aggressive-drunk"]).output
    for text in ("L1 personality", "L2 physiology: 0 s to the end", "L3 attention", "tables"):
        assert text in out
    made = json.loads(RUN.invoke(guidance, ["show", "drunk", "--json"]).output)
    assert made["profile"]["name"] == "drunk"


def test_bad_mode_is_an_input_error():
    result = RUN.invoke(guidance, ["show", "drunk", "--guidance", "on"])
    assert isinstance(result.exception, InputError)
