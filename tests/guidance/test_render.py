"""Programs as tables: every parameter that acts is shown."""

from __future__ import annotations

import pytest

from hdsim.guidance.render import values
from hdsim.perception.catalogue import LookAway, PerceptionProgram
from hdsim.perception.parameters import KINDS

REQUIRED = {
    "misread_signal": {"actual": "red", "seen": "green", "probability": 0.1},
    "scale_speed_limit": {"factor": 1.1},
    "scale_size": {"factor": 1.1},
    "useful_field": {"radius_deg": 30.0},
    "delay": {"delay_s": 0.1},
}


def test_what_shapes_a_glance_is_shown_with_it():
    shown = values(LookAway(course_error_deg=0.7))
    assert "glance_median_s 1.02" in shown
    assert "course_error_deg 0.7" in shown


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_operation_can_be_shown(kind):
    written = {"layer": "attention", "operations": [{"op": kind, **REQUIRED.get(kind, {})}]}
    (operation,) = PerceptionProgram.model_validate(written).operations
    assert isinstance(values(operation), str)
