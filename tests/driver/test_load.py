"""Profile files: every preset loads, inheritance merges, every mistake is named with its line."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.data import data_dir
from hdsim.core.errors import InputError
from hdsim.driver.layers import layer_state
from hdsim.driver.load import folders, load_profile, names
from hdsim.driver.profile import DriverProfile

COMBINATIONS = list(
    itertools.product(
        ("normal", "aggressive", "cautious"),
        ("normal", "fatigued", "drunk"),
        ("normal", "distracted"),
    )
)


def write(folder: Path, name: str, body: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"schema: 1\nname: {name}\n{body}")
    return path


def preset(layers: tuple[str, ...]) -> str:
    return "-".join(layer for layer in layers if layer != "normal") or "normal"


@pytest.mark.parametrize("layers", COMBINATIONS, ids=preset)
def test_preset_of_every_layer_combination_holds_what_its_name_says(layers: tuple[str, ...]):
    personality, physiology, attention = layers
    profile = load_profile(preset(layers))
    assert (profile.personality.aggressiveness > 0.5) == (personality == "aggressive")
    assert (profile.personality.caution > 0.5) == (personality == "cautious")
    assert (profile.physiology.fatigue.hours_awake > 16) == (physiology == "fatigued")
    assert (profile.physiology.alcohol.bac > 0) == (physiology == "drunk")
    assert (profile.attention.distraction is not None) == (attention == "distracted")
    assert profile.description


# The other presets, each with what it is about.
OTHERS = {
    "neutral": lambda p, s: p.baseline == "none",
    "old": lambda p, s: p.personality.age >= 70,
    "novice": lambda p, s: p.personality.experience < 0.2,
    "expert": lambda p, s: p.personality.skill > 0.8,
    "sensation-seeker": lambda p, s: p.personality.sensation_seeking > 0.8,
    "angry": lambda p, s: p.physiology.anger.level > 0.5,
    "hurried": lambda p, s: p.physiology.hurry.time_allowed is not None,
    "night": lambda p, s: 0.5 < s["fatigue"] < 1.0,
    "rested": lambda p, s: s["fatigue"] == 0.0,
    "tipsy": lambda p, s: 0.05 < s["alcohol"] < 0.08,
    "radio": lambda p, s: p.attention.distraction.kind == "radio",
    "navigating": lambda p, s: p.attention.distraction.kind == "navigation",
    "talking": lambda p, s: p.attention.distraction.kind == "talk",
    "passenger": lambda p, s: p.attention.distraction.kind == "passenger",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_presets_hold_what_their_names_say(name: str):
    profile = load_profile(name)
    assert OTHERS[name](profile, layer_state(profile, 0.0))
    assert profile.description


def test_no_preset_is_left_over():
    shipped = {p.stem for p in data_dir("drivers").glob("*.yaml")}
    assert shipped == {preset(layers) for layers in COMBINATIONS} | set(OTHERS)


def test_paper_distraction_rate_and_period():
    profile = load_profile("distracted")
    assert profile.attention.distraction is not None
    assert profile.attention.distraction.episodes_per_s == 0.064
    assert profile.physiology.period_s == 100.0


def test_own_keys_win_over_parents_and_overrides_over_both(tmp_path: Path):
    write(tmp_path, "a", "personality: {caution: 0.3, age: 70}\n")
    write(tmp_path, "b", "personality: {caution: 0.5}\nphysiology: {alcohol: {bac: 0.02}}\n")
    path = write(
        tmp_path,
        "c",
        "extends: [a, b]\npersonality: {aggressiveness: 0.1}\n"
        "overrides:\n  physiology.alcohol.bac: 0.07\n",
    )
    profile = load_profile(path)
    assert profile.personality.caution == 0.5
    assert profile.personality.age == 70
    assert profile.personality.aggressiveness == 0.1
    assert profile.physiology.alcohol.bac == 0.07


def test_one_parent_may_be_written_without_a_list(tmp_path: Path):
    assert load_profile(write(tmp_path, "tipsy", "extends: drunk\n")).physiology.alcohol.bac == 0.12


def test_a_child_can_take_distraction_away(tmp_path: Path):
    path = write(tmp_path, "calm", "extends: distracted\nattention: {distraction: null}\n")
    assert load_profile(path).attention.distraction is None


def test_folder_beside_the_scenario_comes_first(tmp_path: Path):
    (tmp_path / "drivers").mkdir()
    write(tmp_path / "drivers", "drunk", "physiology: {alcohol: {bac: 0.2}}\n")
    assert load_profile("drunk", near=tmp_path).physiology.alcohol.bac == 0.2
    assert load_profile("drunk").physiology.alcohol.bac == 0.12


MISTAKES = {
    "out of range": (
        "physiology:\n  alcohol:\n    bac: 0.9\n",
        "{path}:5: physiology.alcohol.bac = 0.9, expected 0 to 0.4 (g/100 ml)",
    ),
    "misspelled": (
        "personality:\n  agressiveness: 0.9\n",
        "{path}:4: personality.agressiveness, expected a known key "
        "(did you mean 'aggressiveness'?)",
    ),
    "twice": (
        "baseline: none\nbaseline: human\n",
        "{path}:4: baseline, expected a key once, it is also on line 3",
    ),
    "no such kind": (
        "attention:\n  distraction:\n    kind: fone\n",
        "{path}:5: attention.distraction.kind = 'fone', expected 'phone', 'radio', 'navigation', "
        "'talk', 'passenger' or 'scenery' (did you mean 'phone'?)",
    ),
    "not a number": (
        "personality: {caution: very}\n",
        "{path}:3: personality.caution = 'very', expected 0 to 1",
    ),
    "override out of range": (
        "extends: drunk\noverrides:\n  physiology.alcohol.bac: 1\n",
        "{path}:5: physiology.alcohol.bac = 1.0, expected 0 to 0.4 (g/100 ml)",
    ),
    "override misspelled": (
        "overrides:\n  physiology.alcohol.bca: 0.1\n",
        "{path}:4: physiology.alcohol.bca, expected a known key (did you mean 'bac'?)",
    ),
    "override of something else": (
        "overrides:\n  name: other\n",
        "{path}:4: overrides.name, expected a dotted key below personality, physiology, attention",
    ),
    "unknown parent": (
        "extends: drunkk\n",
        "{path}:3: extends = 'drunkk', expected a known profile (did you mean 'drunk'?)",
    ),
    "own parent": (
        "extends: x\n",
        "{path}:3: extends = 'x', expected no cycle: x -> x",
    ),
}


@pytest.mark.parametrize(("body", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(tmp_path: Path, body: str, message: str):
    path = write(tmp_path, "x", body)
    with pytest.raises(InputError) as error:
        load_profile(path)
    assert str(error.value) == message.format(path=path)


def test_long_cycle_is_spelled_out(tmp_path: Path):
    write(tmp_path, "a", "extends: b\n")
    write(tmp_path, "b", "extends: c\n")
    path = write(tmp_path, "c", "extends: b\n")
    with pytest.raises(InputError, match=f"{path}:3: extends = 'b', .*no cycle: b -> c -> b"):
        load_profile(tmp_path / "a.yaml")


def test_name_must_be_that_of_the_file(tmp_path: Path):
    path = tmp_path / "x.yaml"
    path.write_text("schema: 1\nname: y\n")
    with pytest.raises(InputError) as error:
        load_profile(path)
    assert str(error.value) == f"{path}:2: name = 'y', expected 'x', the name of the file"


def test_unknown_name_offers_the_nearest():
    with pytest.raises(InputError) as error:
        load_profile("aggresive-drunk")
    assert str(error.value) == (
        "driver profile = 'aggresive-drunk', expected a file or a known name "
        "(did you mean 'aggressive-drunk'?)"
    )


def test_missing_file_is_named():
    with pytest.raises(InputError, match=r"nowhere/x\.yaml, expected an existing file"):
        load_profile("nowhere/x.yaml")


def test_names_lists_what_loads():
    assert all(load_profile(name).name == name for name in names(folders()))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_value_outside_its_bounds_gets_through(bac: float):
    data = {"schema": 1, "name": "x", "physiology": {"alcohol": {"bac": bac}}}
    if 0.0 <= bac <= 0.4:
        assert DriverProfile.model_validate(data).physiology.alcohol.bac == bac
    else:
        with pytest.raises(ValueError, match="bac"):
            DriverProfile.model_validate(data)
