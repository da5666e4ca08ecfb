"""A bad map file is refused with the line and the reason, whatever is wrong with it."""

import copy
import random
import re

import numpy as np
import pytest
from lxml import etree

from hdsim.core.errors import InputError
from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.checks import Severity, check_map, check_xodr
from hdsim.road.checks.drive import check_drive
from hdsim.road.furniture import NO_FURNITURE, road_furniture

TEXT = BUILTIN_MAPS["roundabout"]()
GRID = BUILTIN_MAPS["grid"]()


def _line_of(text, pattern):
    return text[: re.search(pattern, text).start()].count("\n") + 1


@pytest.mark.parametrize("name", ["grid", "motorway", "roundabout"])
def test_nothing_is_wrong_with_the_maps_that_come_along(name):
    assert check_map(BUILTIN_MAPS[name](), name) == []


@pytest.mark.parametrize("name", ["Town01", "Town02", "Town04", "Town10HD"])
def test_nothing_is_wrong_with_carlas_towns(town_xodr, name):
    assert check_map(town_xodr(name), name) == []


FIRST = r'<road name="Road 1"'
CASES = {
    "zero length": (
        r'(<road name="Road 1"[^>]* length=)"[^"]*"', r'\1"0"', FIRST,
        "road 1: length = '0', expected metres above 0, at most 100000",
    ),
    "a word for a number": (
        r'(<road name="Road 1"[^>]* length=)"[^"]*"', r'\1"long"', FIRST,
        "road 1: length = 'long', expected metres above 0, at most 100000",
    ),
    "no number": (
        r'(<geometry [^>]*?) hdg="[^"]*"', r"\1", "<geometry",
        "geometry: hdg, expected a number",
    ),
    "an infinite number": (
        r'<arc curvature="[^"]*"', '<arc curvature="inf"', "<arc",
        "arc: curvature = 'inf', expected a number",
    ),
    "no planView": (
        r"<planView>.*?</planView>", "", FIRST,
        "road 1, expected a planView with at least one geometry",
    ),
    "a geometry without a shape": (
        r"<line/>|<line />", "<curve/>", "<geometry",
        "road 1: geometry, expected one of line, arc, spiral, poly3, paramPoly3 in it",
    ),
    "no lanes": (
        r"<laneSection .*?</laneSection>", "", FIRST,
        "road 1, expected lanes with at least one laneSection",
    ),
    "lane id": (
        r'<lane id="-2"', '<lane id="-9"', "<laneSection",
        "road 1: right lane ids = [-9, -1], expected 1, 2, 3 ... from the middle outwards, "
        "without gaps",
    ),
    "a lane without width": (
        r'(<lane id="1".*?)<width ', r"\1<wide ", '<lane id="1"',
        "road 1: lane 1, expected a width",
    ),
    "a road that is not there": (
        r'elementType="road" elementId="\d+"', 'elementType="road" elementId="77"',
        'elementId="77"', "road 10000: predecessor = '77', expected the id of a road",
    ),
    "a junction that is not there": (
        r'elementType="junction" elementId="\d+"', 'elementType="junction" elementId="78"',
        'elementId="78"', "road 1: predecessor = '78', expected the id of a junction",
    ),
    "a lane that is not there": (
        r'<predecessor id="1"', '<predecessor id="5"', '<predecessor id="5"',
        "road 10001: lane -1: predecessor = 5, expected a lane of the road there: -2, -1, 0, 1, 2",
    ),
    "a lane link into nowhere": (
        r'<laneLink from="-1"', '<laneLink from="-7"', '<laneLink from="-7"',
        "junction 100: laneLink from = -7, expected a lane of the road there: -2, -1, 0",
    ),
    "a connection from nowhere": (
        r'incomingRoad="\d+"', 'incomingRoad="79"', 'incomingRoad="79"',
        "junction 100: incomingRoad = '79', expected the id of a road",
    ),
    "a road twice": (
        r'(<road name="Road 2"[^>]* id=)"2"', r'\1"1"', '<road name="Road 2"',
        f"road: id = 1, expected each id once (first in line {_line_of(TEXT, FIRST)})",
    ),
    "a road named by a word": (
        r'(<road name="Road 1"[^>]* id=)"1"', r'\1"main"', FIRST,
        "road: id = 'main', expected a whole number, which is what the client reads",
    ),
    "a sign that is not there": (
        r'<signalReference id="\d+"', '<signalReference id="80"', '<signalReference id="80"',
        "signalReference: id = '80', expected the id of a signal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_line_and_the_reason_are_named(case):
    find, put, where, message = CASES[case]
    text = re.sub(find, put, TEXT, count=1, flags=re.DOTALL)
    assert text != TEXT
    messages = [str(f.as_error("a.xodr")) for f in check_map(text, "a.xodr")]
    assert f"a.xodr:{_line_of(text, where)}: {message}" in messages
    with pytest.raises(InputError, match=r"a\.xodr:\d+: "):
        check_xodr(text, "a.xodr")


@pytest.mark.parametrize(
    ("find", "put", "message"),
    [
        (
            r'signalId="\d+"', 'signalId="81"',
            r"controller \d+: signalId = '81', expected the id of a signal",
        ),
        (
            r'<controller id="\d+" type', '<controller id="82" type',
            r"junction \d+: controller = '82', expected the id of a controller",
        ),
    ],
)  # fmt: skip
def test_controllers_lead_to_signals_and_junctions_to_controllers(find, put, message):
    with pytest.raises(InputError, match=message):
        check_xodr(re.sub(find, put, GRID, count=1), "grid.xodr")


def test_truncated_and_foreign_files():
    half = TEXT[: len(TEXT) // 2]
    with pytest.raises(InputError, match=rf"a:{half.count(chr(10)) + 1}, expected well-formed XML"):
        check_map(half, "a")
    for text in ("", "no map", "\x00", "<a>\ud800</a>"):
        with pytest.raises(InputError, match="expected well-formed XML"):
            check_map(text, "a")
    with pytest.raises(InputError, match="a:2: root element = 'osm', expected 'OpenDRIVE'"):
        check_map("\n<osm/>", "a")
    laughs = '<!DOCTYPE x [<!ENTITY a "ha">]><OpenDRIVE>&a;</OpenDRIVE>'
    with pytest.raises(InputError, match="at least one lane type='driving'"):
        check_xodr(laughs, "a")


def test_a_missing_header_is_a_warning_only():
    text = re.sub(r"<header .*?</header>", "", TEXT, flags=re.DOTALL)
    (finding,) = check_map(text, "a")
    assert (finding.severity, finding.key) == (Severity.WARNING, "header")
    check_xodr(text, "a")


def test_what_drives_badly_is_said():
    # The roundabout without its ring's first junction: arms and streets end there.
    root = etree.fromstring(TEXT.encode())
    for road in root.findall("road[@junction='110']"):
        root.remove(road)
    junction = root.find("junction[@id='110']")
    for connection in junction.findall("connection"):
        junction.remove(connection)
    text = etree.tostring(root).decode()
    check_xodr(text.replace('signalReference id="1100"', 'signalReference id="1101"'), "a")
    graph = lane_graph("open", text)
    said = [str(f.as_error("a")) for f in check_drive(graph, NO_FURNITURE)]
    assert "a: road 1 lane -1: successor = 'none', expected a lane that follows on" in said
    assert any("lanes = 55" in s or "that cannot be reached" in s for s in said)
    # Moved by two metres, a street no longer meets its junctions.
    moved = re.sub(
        r'(id="1" junction="-1".*?<geometry [^>]*x=")([^"]*)"',
        lambda m: f'{m[1]}{float(m[2]) + 2.0}"', TEXT, count=1, flags=re.DOTALL,
    )  # fmt: skip
    said = [str(f.as_error("a")) for f in check_drive(lane_graph("moved", moved), NO_FURNITURE)]
    assert any(
        re.search(r"lane -?1 to road .*: gap = 2\.0, expected at most 0\.5 m", s) for s in said
    )


_ODD = ("", "abc", "-1", "0", "1e308", "nan", "inf", "99999999999", "-5", "1.5", "1e-9", "end")


def _mutated(text, seed):
    """A map with one to four random changes: elements lost, doubled, attributes lost, changed."""
    r = random.Random(seed)
    root = etree.fromstring(text.encode())
    elements = [e for e in root.iter() if isinstance(e.tag, str)]
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        element, other, kind = r.choice(elements), r.choice(elements), r.randrange(6)
        parent = element.getparent()
        names = sorted(element.attrib)
        if kind == 0 and parent is not None:
            parent.remove(element)
        elif kind == 1 and parent is not None:
            parent.append(copy.deepcopy(element))
        elif kind == 2 and names:
            del element.attrib[r.choice(names)]
        elif kind == 3 and names and other.attrib:
            element.set(r.choice(names), r.choice(sorted(other.attrib.values())))
        elif names:
            element.set(r.choice(names), r.choice(_ODD))
    text = etree.tostring(root).decode()
    return text if r.random() < 0.9 else text[: r.randrange(len(text))]


def _answer(text):
    """What becomes of a text: refused with a reason, or built whole."""
    try:
        check_xodr(text, "mutant")
        graph = lane_graph("mutant", text)
    except InputError as error:
        return str(error)
    check_drive(graph, road_furniture(text, graph))
    for values in (graph.x, graph.y, graph.z, graph.yaw, graph.width, graph.length, graph.limit):
        assert np.isfinite(values).all()
    return "built"


@pytest.mark.parametrize("seeds", [range(15)])
def test_a_mutated_map_is_built_or_refused_with_a_reason(seeds):
    answers = [_answer(_mutated(TEXT, seed)) for seed in seeds]
    assert 2 < answers.count("built") < len(answers) - 2
    assert all(a == "built" or ", expected " in a for a in answers)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["grid", "motorway", "roundabout"])
def test_many_mutated_maps_are_built_or_refused_with_a_reason(name):
    text = BUILTIN_MAPS[name]()
    for seed in range(300):
        assert _answer(_mutated(text, seed)), seed
