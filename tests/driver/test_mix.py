"""Traffic mixes: shares, counts, and a keyed order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsim.core.errors import InputError
from hdsim.driver.mix import Mix, assign, load_mix, mix_profiles

SHARES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]), st.floats(0.01, 100.0), min_size=1, max_size=4
)


def test_paper_mix_gives_ten_of_each_among_thirty():
    drivers = assign(load_mix("mixed"), 30, seed=7)
    assert Counter(drivers) == {
        "fatigued-distracted": 10,
        "aggressive-drunk": 10,
        "cautious-distracted": 10,
    }


def test_a_single_style_is_a_mix():
    mix = load_mix("aggressive-drunk")
    assert assign(mix, 3, seed=0) == ("aggressive-drunk",) * 3
    assert list(mix_profiles(mix)) == ["aggressive-drunk"]


@given(SHARES, st.integers(0, 60), st.integers(0, 5))
def test_shares_are_met_within_one_driver(shares, n, seed):
    mix = Mix(name="m", shares=shares)
    drivers = assign(mix, n, seed)
    assert len(drivers) == n
    total = sum(shares.values())
    for name, share in shares.items():
        assert abs(drivers.count(name) - n * share / total) < 1.0 + 1e-9
    assert assign(mix, n, seed) == drivers


def test_another_seed_is_another_order_of_the_same_drivers():
    mix = load_mix("mixed")
    orders = {assign(mix, 30, seed) for seed in range(5)}
    assert len(orders) == 5
    assert len({tuple(sorted(order)) for order in orders}) == 1


def test_order_does_not_depend_on_how_the_file_lists_profiles():
    a = Mix(name="m", shares={"x": 1, "y": 2})
    b = Mix(name="m", shares={"y": 2, "x": 1})
    assert assign(a, 9, 3) == assign(b, 9, 3)


def test_counts_must_add_up():
    with pytest.raises(InputError) as error:
        assign(Mix(name="m", counts={"normal": 3}), 30, 0)
    assert str(error.value) == "mix m: counts = 3, expected a total of 30, the drivers"


def mix_file(folder: Path, body: str) -> Path:
    path = folder / "m.yaml"
    path.write_text(f"schema: 1\nname: m\n{body}")
    return path


def test_mix_names_unknown_profile_with_its_line(tmp_path: Path):
    path = mix_file(tmp_path, "shares:\n  normal: 1\n  drunkk: 1\n")
    with pytest.raises(InputError) as error:
        load_mix(path)
    assert str(error.value) == (
        f"{path}:5: shares.drunkk, expected a known profile (did you mean 'drunk'?)"
    )


def test_mix_needs_shares_or_counts_and_not_both(tmp_path: Path):
    path = mix_file(tmp_path, "shares: {normal: 1}\ncounts: {normal: 1}\n")
    with pytest.raises(InputError, match="expected either shares or counts"):
        load_mix(path)


def test_unknown_mix_offers_the_nearest():
    with pytest.raises(InputError) as error:
        load_mix("mixd")
    assert str(error.value) == (
        "traffic mix = 'mixd', expected a mix or a profile (did you mean 'mixed'?)"
    )
