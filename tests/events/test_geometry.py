import numpy as np
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from hdsim.events.geometry import Boxes, overlap, time_to_collision

coordinate = st.floats(-20, 20)
angle = st.floats(-np.pi, np.pi)
size = st.floats(0.5, 10)


@st.composite
def boxes(draw):
    return Boxes(*(np.array(draw(s)) for s in (coordinate, coordinate, angle, size, size)))


def polygon(box):
    return shapely.Polygon(box.corners())


@given(boxes(), boxes())
def test_overlap_agrees_with_shapely_and_is_symmetric(a, b) -> None:
    assume(
        abs(polygon(a).distance(polygon(b))) > 1e-6
        or polygon(a).intersection(polygon(b)).area > 1e-6
    )
    assert bool(overlap(a, b)) == polygon(a).intersects(polygon(b))
    assert bool(overlap(a, b)) == bool(overlap(b, a))


@given(boxes(), boxes(), st.floats(-15, 15), st.floats(-15, 15))
def test_boxes_touch_when_time_to_collision_says_so(a, b, vx, vy) -> None:
    ttc = float(time_to_collision(a, b, vx, vy))

    def apart(t):
        moved = Boxes(b.x + vx * t, b.y + vy * t, b.yaw, b.length, b.width)
        return polygon(a).distance(polygon(moved))

    if np.isinf(ttc):
        assert not any(
            overlap(a, Boxes(b.x + vx * t, b.y + vy * t, b.yaw, b.length, b.width))
            for t in np.linspace(0, 5, 60)
        )
    else:
        assume(ttc < 60)
        assert apart(ttc) < 1e-5
        if ttc > 0:
            assert apart(0.0) > 0
            assert (
                not overlap(
                    a,
                    Boxes(b.x + vx * 0.99 * ttc, b.y + vy * 0.99 * ttc, b.yaw, b.length, b.width),
                )
                or ttc < 1e-3
            )


@given(boxes(), boxes(), st.floats(-15, 15), st.floats(-15, 15), st.floats(-50, 50), angle)
def test_time_to_collision_does_not_depend_on_the_frame(a, b, vx, vy, shift, turn) -> None:
    c, s = np.cos(turn), np.sin(turn)

    def seen(box):
        x, y = c * box.x - s * box.y + shift, s * box.x + c * box.y - shift
        return Boxes(x, y, box.yaw + turn, box.length, box.width)

    here = float(time_to_collision(a, b, vx, vy))
    there = float(time_to_collision(seen(a), seen(b), c * vx - s * vy, s * vx + c * vy))
    # Grazing passes may fall on either side of rounding.
    wider = Boxes(a.x, a.y, a.yaw, a.length * 1.001, a.width * 1.001)
    slimmer = Boxes(a.x, a.y, a.yaw, a.length * 0.999, a.width * 0.999)
    assume(np.isinf(time_to_collision(wider, b, vx, vy)) == np.isinf(here))
    assume(np.isinf(time_to_collision(slimmer, b, vx, vy)) == np.isinf(here))
    assume(np.isinf(here) or here < 100)
    assert np.isclose(here, there, rtol=1e-3, atol=1e-3)
