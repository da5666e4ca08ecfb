"""What sensors there are: their attributes, their kind on the wire, and how far each is served.

Attributes and defaults are CARLA 0.9.16's (ActorBlueprintFunctionLibrary.cpp). Bounds are ours:
where CARLA crashes or takes a value as it comes, a value that cannot be served is refused at spawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hdsim.server.actors.attributes import Attribute, AttributeType, Values
from hdsim.server.sensors.cameras import PICTURES, StubCamera
from hdsim.server.sensors.gnss import Gnss
from hdsim.server.sensors.imu import Imu
from hdsim.server.sensors.lidar import Lidar, Pattern
from hdsim.server.sensors.obstacle import Obstacle
from hdsim.server.sensors.radar import Radar

Settings = Gnss | Imu | Lidar | Obstacle | Pattern | Radar | StubCamera

_PLACES = (
    "front", "back", "left", "right", "front_left", "front_right", "back_left", "back_right",
)  # fmt: skip
_UNPLACED = ("other.gnss", "other.imu", "other.radar", "other.v2x", "other.v2x_custom")
_FAR_M = 10_000.0
_NO_PICTURE = (
    "HDSim's embedded server renders nothing; run a CARLA server for pictures, or start this one "
    "with --stub-cameras for blank frames of the right size and rate"
)
_NO_RSS = "CARLA's RSS library is not part of the client on PyPI; there is nothing to serve it with"
_NO_RADIO = "HDSim's embedded server models no radio; write messages between your own actors"


@dataclass(frozen=True, slots=True)
class SensorType:
    """One kind of sensor.

    Attributes:
        name: Blueprint id.
        index: Its number in the header of a message (CARLA's SensorRegistry).
        attributes: Of the blueprint.
        settings: Reads them for a sensor that this server computes; None for the collision
            sensor, which events drive, and for those that the client computes or none does.
        looks: Whether it looks at bodies and road.
        refusal: Why it cannot be spawned; empty when it can.
        served: ``supported``, ``partial``, ``stub`` or ``refused``.
        note: What is served, in a line.
        test: Name of the test that shows it.
    """

    name: str
    index: int
    attributes: tuple[Attribute, ...]
    settings: Callable[[Values], Settings] | None
    looks: bool
    refusal: str
    served: str
    note: str
    test: str


def _number(name: str, value: str, low: float = -1e6, high: float = 1e6) -> Attribute:
    return Attribute(name, AttributeType.FLOAT, value, True, (value,), low, high)


def _whole(name: str, value: str, low: float, high: float) -> Attribute:
    return Attribute(name, AttributeType.INT, value, True, (value,), low, high)


def _truth(name: str, value: str) -> Attribute:
    return Attribute(name, AttributeType.BOOL, value, True, (value,))


_SEED = _whole("noise_seed", "0", -(2**31), 2**31 - 1)
_TICK = _number("sensor_tick", "0.0", 0.0)


def _deviation(name: str) -> Attribute:
    return _number(name, "0.0", 0.0)


_PATTERN = (
    _whole("channels", "32", 1, 1024),
    _number("range", "10.0", 0.0, _FAR_M),
    _whole("points_per_second", "56000", 0, 20_000_000),
    _number("rotation_frequency", "10.0", 0.0, 1000.0),
    _number("upper_fov", "10.0", -90.0, 90.0),
    _number("lower_fov", "-30.0", -90.0, 90.0),
)
_SWEEP = _number("horizontal_fov", "360.0", 1e-3, 360.0)
_LIDAR = (
    *_PATTERN,
    _number("atmosphere_attenuation_rate", "0.004", 0.0),
    _SEED,
    _number("dropoff_general_rate", "0.45", 0.0, 1.0),
    _number("dropoff_intensity_limit", "0.8", 0.0, 1.0),
    _number("dropoff_zero_intensity", "0.4", 0.0, 1.0),
    _deviation("noise_stddev"),
    _SWEEP,
)
_RADAR = (
    _number("horizontal_fov", "30", 0.0, 179.0),
    _number("vertical_fov", "30", 0.0, 179.0),
    _number("range", "100", 0.0, _FAR_M),
    _whole("points_per_second", "1500", 0, 20_000_000),
    _SEED,
)
_OBSTACLE = (
    _number("distance", "5.0", 0.0, _FAR_M),
    _number("hit_radius", "0.5", 0.0, 1000.0),
    _truth("only_dynamics", "false"),
    _truth("debug_linetrace", "false"),
)
_GNSS = (
    _SEED,
    *(a for axis in ("lat", "lon", "alt")
      for a in (_deviation(f"noise_{axis}_stddev"), _number(f"noise_{axis}_bias", "0.0"))),
)  # fmt: skip
_IMU = (
    _SEED,
    *(_deviation(f"noise_accel_stddev_{a}") for a in "xyz"),
    *(_deviation(f"noise_gyro_stddev_{a}") for a in "xyz"),
    *(_number(f"noise_gyro_bias_{a}", "0.0") for a in "xyz"),
)
_PICTURE = (
    _number("fov", "90.0", 1e-3, 360.0),
    _whole("image_size_x", "800", 1, 4096),
    _whole("image_size_y", "600", 1, 4096),
    _number("lens_circle_falloff", "5.0"),
    _number("lens_circle_multiplier", "0.0"),
    _number("lens_k", "-1.0"),
    _number("lens_kcube", "0.0"),
    _number("lens_x_size", "0.08"),
    _number("lens_y_size", "0.08"),
)
# Accepted and without effect on a blank picture; the defaults of CARLA 0.9.16.
_LOOKS = (
    Attribute("exposure_mode", AttributeType.STRING, "histogram", True, ("histogram", "manual")),
    *(_number(name, value) for name, value in (
        ("exposure_compensation", "0.0"), ("shutter_speed", "200.0"), ("iso", "100.0"),
        ("fstop", "1.4"), ("gamma", "2.2"), ("motion_blur_intensity", "0.45"),
        ("motion_blur_max_distortion", "0.35"), ("lens_flare_intensity", "0.1"),
        ("bloom_intensity", "0.675"), ("motion_blur_min_object_screen_size", "0.1"),
        ("exposure_min_bright", "10.0"), ("exposure_max_bright", "12.0"),
        ("exposure_speed_up", "3.0"), ("exposure_speed_down", "1.0"),
        ("calibration_constant", "16.0"), ("focal_distance", "1000.0"), ("min_fstop", "1.2"),
        ("blur_amount", "1.0"), ("blur_radius", "0.0"), ("slope", "0.88"), ("toe", "0.55"),
        ("shoulder", "0.26"), ("black_clip", "0.0"), ("white_clip", "0.04"), ("temp", "6500.0"),
        ("tint", "0.0"), ("chromatic_aberration_intensity", "0.0"),
        ("chromatic_aberration_offset", "0.0"),
    )),
    _whole("blade_count", "5", 0, 100),
    _truth("enable_postprocess_effects", "true"),
)  # fmt: skip
_EVENTS = (  # of CARLA's DVS model; there are no events in a blank picture
    _number("positive_threshold", "0.3"), _number("negative_threshold", "0.3"),
    _number("sigma_positive_threshold", "0.0"), _number("sigma_negative_threshold", "0.0"),
    _whole("refractory_period_ns", "0", 0, 2**31 - 1), _truth("use_log", "true"),
    _number("log_eps", "0.001"),
)  # fmt: skip
WITHOUT_EFFECT = frozenset(
    ["role_name", "ros_name", "debug_linetrace"]
    + [a.name for a in (*_LOOKS, *_EVENTS)]
    + [a.name for a in _PICTURE if a.name.startswith("lens_")]
)  # accepted, kept, given back; they change no reading here
_CAMERAS = (
    ("depth", 1, ()), ("normals", 2, ()), ("dvs", 3, (*_LOOKS, *_EVENTS)), ("optical_flow", 8, ()),
    ("rgb", 13, _LOOKS), ("semantic_segmentation", 14, ()), ("instance_segmentation", 15, ()),
    ("cosmos_visualization", 16, ()),
)  # fmt: skip


def _sensor(name: str, index: int, attributes: tuple[Attribute, ...], **more: Any) -> SensorType:
    roles = ("default",) if name in _UNPLACED else _PLACES
    common = (
        Attribute("role_name", AttributeType.STRING, roles[0], True, roles),
        Attribute("ros_name", AttributeType.STRING, name, True),
    )
    known = {"settings": None, "looks": False, "refusal": "", "served": "supported", "test": ""}
    return SensorType(f"sensor.{name}", index, (*common, *attributes), **{**known, **more})


def _camera(kind: str, index: int, attributes: tuple[Attribute, ...]) -> SensorType:
    return _sensor(
        f"camera.{kind}", index, (_TICK, *_PICTURE, *attributes),
        settings=lambda values: StubCamera.of(kind, values), refusal=_NO_PICTURE, served="stub",
        note="blank frames with --stub-cameras", test="test_stub_cameras",
    )  # fmt: skip


SENSORS = {
    s.name: s
    for s in (
        _sensor("other.collision", 0, (), note="events of both sides of a contact",
                test="test_collision_sensor"),
        _sensor("other.lane_invasion", 6, (), note="computed by the client",
                test="test_lane_invasion"),
        _sensor("other.gnss", 4, (_TICK, *_GNSS), settings=Gnss.of,
                note="CARLA's projection and noise", test="test_gnss"),
        _sensor("other.imu", 5, (_TICK, *_IMU), settings=Imu.of,
                note="no suspension: a vehicle does not pitch and roll by itself",
                test="test_imu"),
        _sensor("other.obstacle", 7, (_TICK, *_OBSTACLE), settings=Obstacle.of, looks=True,
                note="vehicles, walkers and props as boxes; never the road",
                test="test_obstacle"),
        _sensor("other.radar", 9, (_TICK, *_RADAR), settings=Radar.of, looks=True,
                served="partial", note="boxes and road surface; no buildings",
                test="test_radar"),
        _sensor("lidar.ray_cast", 11, (_TICK, *_LIDAR), settings=Lidar.of, looks=True,
                served="partial", note="boxes and road surface; no buildings",
                test="test_lidar"),
        _sensor("lidar.ray_cast_semantic", 10, (_TICK, *_PATTERN, _SWEEP), settings=Pattern.of,
                looks=True, served="partial", note="boxes and road surface; no buildings",
                test="test_semantic_lidar"),
        *(_camera(kind, index, more) for kind, index, more in _CAMERAS),
        _sensor("other.rss", 12, (), refusal=_NO_RSS, served="refused", note="no RSS library",
                test="test_refusals"),
        _sensor("other.v2x", 20, (_TICK,), refusal=_NO_RADIO, served="refused",
                note="no radio model", test="test_refusals"),
        _sensor("other.v2x_custom", 21, (_TICK,), refusal=_NO_RADIO, served="refused",
                note="no radio model", test="test_refusals"),
    )
}  # fmt: skip


def is_camera(name: str) -> bool:
    """Whether a blueprint is a sensor of which ``--stub-cameras`` makes blank frames."""
    return name in SENSORS and SENSORS[name].served == "stub"


assert {name.rpartition(".")[2] for name in SENSORS if is_camera(name)} == set(PICTURES)
