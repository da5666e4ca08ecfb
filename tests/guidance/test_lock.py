"""Locked guidance: the same programs next year, without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdsim.core.errors import InputError
from hdsim.driver.load import load_profile
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedule, compile_schedules
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.lock import Lock, read_lock
from hdsim.guidance.notes import notes, unheard_description
from hdsim.guidance.schedule import Schedule
from hdsim.testing.llm_server import ScriptedModel
from tests.guidance.test_live import good

PROFILE = load_profile("aggressive-distracted")


@pytest.fixture(scope="module")
def schedules(tmp_path_factory: pytest.TempPathFactory) -> list[Schedule]:
    """One profile by a model and one from the tables."""
    cache = AnswerCache(tmp_path_factory.mktemp("cache"))
    with ScriptedModel(good) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        live = compile_schedule(PROFILE, "live", cache=cache, endpoint=endpoint)
    return [live, compile_schedule(load_profile("drunk"))]


@pytest.fixture
def lock_file(schedules: list[Schedule], tmp_path: Path) -> Path:
    path = tmp_path / "guidance.lock.json"
    Lock().with_schedules(schedules).write(path)
    return path


def test_runs_whose_settings_name_the_lock_drive_by_it(
    lock_file: Path, monkeypatch: pytest.MonkeyPatch
):
    """No endpoint, no cache, no model's name."""
    monkeypatch.chdir(lock_file.parent)
    monkeypatch.setenv("HDSIM_CACHE", str(lock_file.parent / "empty"))
    monkeypatch.delenv("HDSIM_LLM_MODEL", raising=False)
    Path("hdsim.yaml").write_text("schema: 1\nguidance: {lock: guidance.lock.json}\n")
    locked = read_lock(lock_file).schedules[0]
    assert compile_schedule(PROFILE, "live") == compile_schedule(PROFILE, "cached") == locked
    assert locked.description == "A pushy driver with a phone."


def test_tables_are_compiled_where_only_a_model_is_locked(lock_file: Path):
    lock = read_lock(lock_file)
    (made,) = compile_schedules([PROFILE], "offline", lock=lock)
    assert made == compile_schedule(PROFILE)
    drunk = load_profile("drunk")
    assert lock.find(drunk, "offline") == compile_schedule(drunk)


def test_what_is_not_locked_or_was_changed_is_named(lock_file: Path):
    lock = read_lock(lock_file)
    with pytest.raises(InputError) as error:
        lock.find(load_profile("drunk"), "live")
    assert str(error.value) == (
        f"{lock_file} = 'drunk', expected a locked profile; lock it again: "
        "hdsim guidance lock drunk --guidance live"
    )
    changed = PROFILE.model_copy(update={"description": "Somebody else."})
    with pytest.raises(InputError, match="expected the profile as it was locked"):
        lock.find(changed, "cached")


def test_same_schedules_give_the_same_bytes_in_any_order(lock_file: Path, tmp_path: Path):
    lock = read_lock(lock_file)
    again = tmp_path / "again.json"
    Lock().with_schedules(lock.schedules[::-1]).write(again)
    assert again.read_bytes() == lock_file.read_bytes()
    assert lock.with_schedules(lock.schedules) == lock


def test_lock_changed_by_hand_is_refused(lock_file: Path):
    lock_file.write_text(lock_file.read_text().replace('"factor": 1.4', '"factor": 1.5'))
    with pytest.raises(InputError, match="expected a schedule as it was locked"):
        read_lock(lock_file)
    lock_file.write_text("{}")
    with pytest.raises(InputError, match="expected a lock file of hdsim guidance lock"):
        read_lock(lock_file)
    with pytest.raises(InputError, match="expected a readable file"):
        read_lock(lock_file.with_name("missing.json"))


def test_words_that_no_table_reads_are_told():
    words = {"name": "nurse", "description": "A night-shift nurse driving home."}
    nurse = load_profile("normal").model_copy(update=words)
    note = (
        "profile 'nurse': the description has no effect without a language model; without traits "
        "the driver is normal (set traits, or compile with --guidance live)"
    )
    assert unheard_description(nurse) == note
    assert notes(compile_schedule(nurse)) == [note]
    for name in ("normal", "neutral", "drunk"):
        assert notes(compile_schedule(load_profile(name))) == []


def test_stages_from_the_tables_are_told_with_the_first_reason(tmp_path: Path):
    with ScriptedModel(["no"]) as server:
        endpoint = Endpoint(server.base_url, "m", retries=0)
        made = compile_schedule(PROFILE, "live", cache=AnswerCache(tmp_path), endpoint=endpoint)
    (note,) = notes(made)
    assert note.startswith(
        "profile 'aggressive-distracted': 9 of 9 stages of guidance are from the tables, the first "
        "(description) because the answer holds no JSON object"
    )
