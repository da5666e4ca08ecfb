"""The page of a profile: its numbers are those of the drive, and it needs no network."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from hdsim.cli import app
from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.guidance.compile import compile_schedule
from hdsim.preview.clip import record_clip
from hdsim.preview.measure import standard_drive
from hdsim.preview.page import page


def drive(name: str, n: int = 8) -> dict:
    return {q.name: q for q in standard_drive(compile_schedule(load_profile(name)), 1, n)}


@pytest.fixture(scope="module")
def neutral() -> dict:
    return drive("neutral")


@pytest.fixture(scope="module")
def aggressive() -> dict:
    return drive("aggressive")


def test_a_neutral_driver_has_no_percept_errors(neutral):
    errors = [q.values for name, q in neutral.items() if "believed" in name]
    assert len(errors) == 4
    assert all(len(values) > 100 for values in errors)
    assert max(np.abs(values).max() for values in errors) < 1e-9


def test_an_aggressive_driver_follows_closer_because_the_leader_seems_farther(neutral, aggressive):
    gap = np.median(aggressive["gap to the leader, believed against true"].values)
    assert gap > 10.0
    assert np.median(aggressive["time gap"].values) < 0.9 * np.median(neutral["time gap"].values)


def test_everybody_reacts_to_the_leader_that_brakes(neutral):
    assert 0.2 < np.median(neutral["brake reaction to a leader that brakes"].values) < 2.0


@pytest.mark.slow
def test_the_clip_shows_a_mistaken_driver():
    clip = record_clip(compile_schedule(load_profile("drunk")), 1)
    assert len(clip.pictures) == 100
    assert any(p["true"] != p["believed"] for p in clip.pictures)


def test_the_page_stands_alone(neutral):
    profile = load_profile("normal").model_copy(update={"description": "<b>bold</b> & plain"})
    own = list(neutral.values())
    box = [0.0, 0.0, 0.0, 4.6, 1.9]
    clip = {
        "driver": "</script>", "begins_s": 1.0, "step_s": 0.1, "lanes": [],
        "pictures": [{"own": box, "true": [box], "believed": []}],
    }  # fmt: skip
    text = page(profile, compile_schedule(profile), own, own, clip)
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; plain" in text
    assert text.count("</script>") == 1
    addresses = set(re.findall(r"""(?:src|href)=["']?(https?://[^"' >]+)""", text))
    assert not addresses
    data = re.search(r"const clip = (.*);\n", text).group(1)
    assert json.loads(data) == clip
    assert text.count("<svg") == len(own)


@pytest.mark.slow
def test_from_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(app, ["drivers", "preview", "cautious", "--drivers", "5"])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "cautious.html").stat().st_size > 50_000


def test_a_place_that_is_not_there_is_named(tmp_path):
    asked = ["drivers", "preview", "normal", "--out", str(tmp_path / "no" / "page.html")]
    error = CliRunner().invoke(app, asked).exception
    assert isinstance(error, InputError)
    assert "existing folder" in str(error)
