"""The command line of profiles and guidance."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hdsim.core.data import data_dir
from hdsim.core.errors import InputError
from hdsim.driver.cli import app as drivers
from hdsim.guidance.cli import app as guidance
from hdsim.guidance.lock import read_lock
from hdsim.guidance.schedule import Schedule
from hdsim.testing.llm_server import ScriptedModel
from tests.guidance.test_live import good

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
    assert re.search(r"bac_at_start\W+0\.12\b", out)


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
    assert len(files) == 33
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


def test_explain_says_every_stage_in_words():
    out = RUN.invoke(guidance, ["explain", "aggressive-drunk"]).output
    for text in (
        "1. Description",
        "2. Policy of attention",
        "3. L1 personality",
        "The vehicle in front seems",
        "3. L2 physiology, 0 s to the end",
        "Where it comes from",
        "personality: tables",
    ):
        assert text in out


def test_diff_of_profiles_and_of_schedule_files(tmp_path: Path):
    RUN.invoke(guidance, ["compile", "drunk", "--out", str(tmp_path)])
    file = str(tmp_path / "drunk.json")
    assert RUN.invoke(guidance, ["diff", "drunk", file]).output == "the same\n"
    out = RUN.invoke(guidance, ["diff", file, "cautious-drunk"]).output
    assert "L1 personality" in out
    assert "scale_own_speed: factor" in out


def test_lock_is_written_and_grows(tmp_path: Path):
    file = tmp_path / "lock.json"
    for name in ("drunk", "cautious"):
        command = ["lock", name, "--guidance", "offline", "--out", str(file)]
        assert RUN.invoke(guidance, command).exit_code == 0
    assert [s.name for s in read_lock(file).schedules] == ["cautious", "drunk"]


def test_description_that_nobody_reads_is_told(tmp_path: Path):
    path = tmp_path / "nurse.yaml"
    path.write_text("schema: 1\nname: nurse\ndescription: A nurse after the night shift.\n")
    for app, command in ((drivers, "check"), (guidance, "explain")):
        result = RUN.invoke(app, [command, str(path)])
        assert result.exit_code == 0
        assert "the description has no effect without a language model" in result.output


def test_live_compile_tells_calls_and_tokens_and_never_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HDSIM_CACHE", str(tmp_path))
    monkeypatch.setenv("SECRET", "sk-very-secret")
    with ScriptedModel(good) as server:
        flags = ["--guidance", "live", "--base-url", server.base_url, "--model", "m"]
        flags += ["--key-env", "SECRET", "--out", str(tmp_path / "out")]
        first = RUN.invoke(guidance, ["compile", "drunk", "cautious", *flags])
        again = RUN.invoke(guidance, ["compile", "drunk", "cautious", *flags])
    assert first.exit_code == 0
    assert f"{len(server.requests)} calls, {100 * len(server.requests)} tokens" in first.output
    assert "0 calls, 0 tokens" in again.output
    assert "sk-very" not in first.output + again.output
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"
