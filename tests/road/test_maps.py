import pytest

from hdsim.core.errors import InputError
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.checks import check_xodr
from hdsim.road.maps import find_map

TEXT = BUILTIN_MAPS["grid"]()


@pytest.fixture
def nowhere(monkeypatch):
    monkeypatch.delenv("HDSIM_MAPS", raising=False)
    monkeypatch.delenv("CARLA_ROOT", raising=False)


def test_a_built_in_map_needs_no_folder(nowhere):
    found = find_map("grid")
    assert (found.name, found.path) == ("grid", None)
    assert found.xodr == TEXT


def test_a_path_is_a_file(tmp_path, nowhere):
    path = tmp_path / "site.xodr"
    path.write_text(TEXT)
    assert find_map(str(path)).name == "site"
    assert find_map(str(path)).path == path


def test_hdsim_maps_comes_before_carla_root(tmp_path, monkeypatch):
    packaged = tmp_path / "carla" / "CarlaUE4" / "Content" / "Carla" / "Maps" / "OpenDrive"
    packaged.mkdir(parents=True)
    (packaged / "Town10HD.xodr").write_text(TEXT)
    monkeypatch.setenv("CARLA_ROOT", str(tmp_path / "carla"))
    monkeypatch.delenv("HDSIM_MAPS", raising=False)
    assert find_map("Town10HD_Opt").path == packaged / "Town10HD.xodr"
    assert find_map("Town10HD_Opt").name == "Town10HD"
    (tmp_path / "Town10HD.xodr").write_text(TEXT)
    monkeypatch.setenv("HDSIM_MAPS", str(tmp_path))
    assert find_map("Town10HD").path == tmp_path / "Town10HD.xodr"


def test_a_missing_map_says_where_it_was_looked_for(tmp_path, monkeypatch, nowhere):
    with pytest.raises(InputError) as caught:
        find_map("Town77", where="scenario.yaml: map")
    assert "scenario.yaml: map = 'Town77', expected an .xodr file, one of grid" in str(caught.value)
    assert "HDSIM_MAPS and CARLA_ROOT are unset" in str(caught.value)
    (tmp_path / "Town01.xodr").write_text(TEXT)
    monkeypatch.setenv("HDSIM_MAPS", str(tmp_path))
    with pytest.raises(InputError) as caught:
        find_map("Town1")
    assert f"looked for Town1.xodr in {tmp_path}" in str(caught.value)
    assert "(did you mean 'Town01'?)" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"map = '.*/gone\.xodr', expected a readable map file"):
        find_map(str(tmp_path / "gone.xodr"))


def test_a_truncated_map_names_line_and_reason(tmp_path):
    path = tmp_path / "half.xodr"
    path.write_text(TEXT[: len(TEXT) // 2])
    with pytest.raises(InputError, match=r"half\.xodr:\d+, expected well-formed XML \(\w+"):
        find_map(str(path))


def test_other_xml_and_maps_without_lanes_are_refused():
    with pytest.raises(InputError, match=r"a\.xodr:1: root element = 'html', expected 'OpenDRIVE'"):
        check_xodr("<html/>", "a.xodr")
    with pytest.raises(InputError, match="at least one lane type='driving'"):
        check_xodr(TEXT.replace('type="driving"', 'type="sidewalk"'), "a.xodr")


def test_binary_rubbish_is_an_input_error(tmp_path):
    path = tmp_path / "bad.xodr"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match="UTF-8"):
        find_map(str(path))
