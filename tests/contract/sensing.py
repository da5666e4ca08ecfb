"""Sensor programs of the contract suite: nothing but the plain ``carla`` client.

``python sensing.py NAME HOST:PORT`` runs one and prints what it saw as a line of JSON. A message
of the wrong shape aborts the process in the client's own code, so each run has one of its own.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import queue
import sys
import time

import carla
from programs import STEP_S, cars, connect, error_of, fresh

PATIENCE_S = 10.0


class Ear:
    """A sensor that is listened to; its measurements by frame."""

    def __init__(self, world, name, mount, parent, **attributes):
        blueprint = world.get_blueprint_library().find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        self.actor = world.spawn_actor(blueprint, mount, attach_to=parent)
        self._heard, self._seen = queue.Queue(), {}
        self.actor.listen(self._heard.put)

    def at(self, frame):
        """The measurement of a frame; fails if it does not come."""
        end = time.monotonic() + PATIENCE_S
        while frame not in self._seen:
            data = self._heard.get(timeout=max(end - time.monotonic(), 0.01))
            self._seen[data.frame] = data
        return self._seen[frame]

    def frames(self):
        """The frames heard of so far, oldest first."""
        while not self._heard.empty():
            data = self._heard.get()
            self._seen[data.frame] = data
        return sorted(self._seen)

    def end(self):
        self.actor.stop()
        self.actor.destroy()


def mount(x=0.0, z=0.0, **rotation):
    return carla.Transform(carla.Location(x=x, z=z), carla.Rotation(**rotation))


def subscribed(world, *ears):
    """Ticks until every sensor is heard: a subscription takes its time."""
    for _ in range(200):
        frame = world.tick()
        time.sleep(0.02)
        if all(ear.frames() and ear.frames()[-1] == frame for ear in ears):
            return
    raise RuntimeError("a sensor is not heard")


def ego_and_wall(client, gap=20.0):
    """A car, and another one that far ahead of it (from centre to centre), both held."""
    world = fresh(client)
    point = world.get_map().get_spawn_points()[0]
    ahead = carla.Transform(point.location + point.get_forward_vector() * gap, point.rotation)
    ego, wall = (world.spawn_actor(cars(world)[0], p) for p in (point, ahead))
    for car in (ego, wall):
        car.apply_control(carla.VehicleControl(hand_brake=True))
    for _ in range(20):
        world.tick()
    return world, ego, wall


def gnss(client):
    """GNSS against the map's own projection, on and off a car."""
    world, ego, _ = ego_and_wall(client)
    ears = [
        Ear(world, "sensor.other.gnss", mount(x=1.0, z=2.0), ego),
        Ear(world, "sensor.other.gnss", carla.Transform(carla.Location(300, -40, 5)), None),
    ]
    subscribed(world, *ears)
    frame = world.tick()
    errors, places = [], []
    for ear in ears:
        seen = ear.at(frame)
        want = world.get_map().transform_to_geolocation(seen.transform.location)
        errors.append(max(abs(seen.latitude - want.latitude), abs(seen.longitude - want.longitude)))
        errors.append(abs(seen.altitude - want.altitude))
        own = world.get_snapshot().find(ear.actor.id).get_transform().location
        places.append(seen.transform.location.distance(own))
    free = ears[1].at(frame).transform.location
    report = {"errors": errors, "apart_m": places, "free": [free.x, free.y, free.z]}
    for ear in ears:
        ear.end()
    return report


def imu(client):
    """IMU at rest, and in a steady turn."""
    world, ego, wall = ego_and_wall(client)
    wall.destroy()
    ear = Ear(world, "sensor.other.imu", mount(), ego)
    subscribed(world, ear)
    rest = ear.at(world.tick())
    report = {
        "rest": [getattr(rest.accelerometer, a) for a in "xyz"],
        "compass_error": abs(math.remainder(
            rest.compass - math.radians(ego.get_transform().rotation.yaw + 90.0), 2 * math.pi
        )),
    }  # fmt: skip
    ego.set_target_velocity(ego.get_transform().get_forward_vector() * 6.0)
    ego.apply_control(carla.VehicleControl(throttle=0.4, steer=0.1))
    for _ in range(20):
        frame = world.tick()
    turn, state = ear.at(frame), world.get_snapshot().find(ego.id)
    speed, rate = state.get_velocity().length(), math.radians(state.get_angular_velocity().z)
    report |= {
        "turn": [getattr(turn.accelerometer, a) for a in "xyz"],
        "centripetal": speed * rate,
        "gyro_z": turn.gyroscope.z,
        "rate": rate,
    }
    ear.end()
    return report


def obstacle(client):
    """The obstacle detector on a car that stands 20 m behind another."""
    world, ego, wall = ego_and_wall(client)
    eyes = mount(x=0.0, z=1.0)
    near = Ear(world, "sensor.other.obstacle", eyes, ego, distance=30, hit_radius=0.3)
    short = Ear(world, "sensor.other.obstacle", eyes, ego, distance=5)
    subscribed(world, near)
    seen = near.at(world.tick())
    gap = ego.get_location().distance(wall.get_location())
    report = {
        "distance": seen.distance,
        "want": gap - wall.bounding_box.extent.x - 0.3,
        "other_is_the_car": seen.other_actor.id == wall.id,
        "too_far_is_silent": short.frames() == [],
    }
    near.end()
    short.end()
    return report


def radar(client):
    """A radar on the front of a car, and one that drives."""
    world, ego, wall = ego_and_wall(client)
    front = ego.bounding_box.extent.x + 0.05
    ear = Ear(
        world, "sensor.other.radar", mount(x=front, z=0.8), ego,
        horizontal_fov=6, vertical_fov=4, points_per_second=8000,
    )  # fmt: skip
    subscribed(world, ear)
    still = ear.at(world.tick())
    want = ego.get_location().distance(wall.get_location()) - wall.bounding_box.extent.x - front
    level = [d for d in still if abs(d.altitude) < 0.01 and abs(d.azimuth) < 0.02]
    report = {
        "detections": len(still),
        "depth_error": max(abs(d.depth - want) for d in level) if level else None,
        "still_mps": max(abs(d.velocity) for d in still),
    }
    ego.apply_control(carla.VehicleControl())
    ego.set_target_velocity(ego.get_transform().get_forward_vector() * 8.0)
    world.tick()
    frame = world.tick()
    speed = world.get_snapshot().find(ego.id).get_velocity().length()
    closing = [d.velocity for d in ear.at(frame) if abs(d.altitude) < 0.01]
    report |= {"speed": speed, "closing": [min(closing), max(closing)]}
    ear.end()
    return report


def lidar(client):
    """Both lidars above a car."""
    world, ego, wall = ego_and_wall(client)
    common = {"range": 60, "channels": 16, "points_per_second": 32000, "rotation_frequency": 20}
    clean = {"dropoff_general_rate": 0, "dropoff_intensity_limit": 0, "dropoff_zero_intensity": 0}
    above = mount(z=2.4)
    plain = Ear(world, "sensor.lidar.ray_cast", above, ego, **common, **clean)
    named = Ear(world, "sensor.lidar.ray_cast_semantic", above, ego, **common)
    dropping = Ear(world, "sensor.lidar.ray_cast", above, ego, **common)
    subscribed(world, plain, named, dropping)
    frame = world.tick()
    points, detections, fewer = plain.at(frame), named.at(frame), dropping.at(frame)
    road = [d for d in detections if d.object_tag == 1]
    car = [d for d in detections if d.object_idx == wall.id]
    front = ego.get_location().distance(wall.get_location()) - wall.bounding_box.extent.x
    report = {
        "channels": [points.channels, detections.channels],
        "counts_add_up": [
            sum(m.get_point_count(c) for c in range(16)) == len(m) for m in (points, detections)
        ],
        "points": [len(points), len(detections), len(fewer)],
        "same_points": max(
            a.point.distance(b.point) for a, b in zip(points, detections, strict=True)
        ),
        "raw_bytes": [len(points.raw_data), len(detections.raw_data)],
        "intensity_error": max(
            abs(p.intensity - math.exp(-0.004 * p.point.distance(carla.Location()))) for p in points
        ),
        "road_z": [min(d.point.z for d in road), max(d.point.z for d in road)],
        "car_tags": sorted({d.object_tag for d in car}),
        "car_x_error": abs(min(d.point.x for d in car) - front),
        "cosines": [min(d.cos_inc_angle for d in road), max(d.cos_inc_angle for d in road)],
        "angle": points.horizontal_angle,
    }
    for ear in (plain, named, dropping):
        ear.end()
    return report


def ticks(client):
    """``sensor_tick``, the end of a sensor's stream, and a sensor's end with its car."""
    world, ego, _ = ego_and_wall(client)
    every = Ear(world, "sensor.other.gnss", mount(), ego)
    slow = Ear(world, "sensor.other.gnss", mount(), ego, sensor_tick=4 * STEP_S)
    subscribed(world, every)
    frames = [world.tick() for _ in range(24)]
    every.at(frames[-1])
    time.sleep(0.2)
    late = [f for f in slow.frames() if f in frames]
    stopped = Ear(world, "sensor.other.imu", mount(), ego)
    subscribed(world, stopped)
    stopped.actor.stop()
    sensors = [every.actor.id, slow.actor.id, stopped.actor.id]
    ego.destroy()
    world.tick()
    return {
        "every": [f in every.frames() for f in frames],
        "gaps": [b - a for a, b in itertools.pairwise(late)],
        "slow": len(late),
        "left": [i for i in sensors if world.get_snapshot().find(i) is not None],
        "alive": world.tick() > 0,
    }


def shared(client):
    """Two clients on one sensor, one of which leaves; and a sensor while time flows by itself."""
    world, ego, _ = ego_and_wall(client)
    ear = Ear(world, "sensor.lidar.ray_cast", mount(z=2.4), ego, range=40)
    subscribed(world, ear)
    other = connect(sys.argv[2]).get_world()
    heard = queue.Queue()
    second = other.get_actor(ear.actor.id)
    second.listen(heard.put)
    for _ in range(100):
        frame = world.tick()
        time.sleep(0.02)
        if not heard.empty():
            break
    theirs = heard.get(timeout=PATIENCE_S)
    same = bytes(theirs.raw_data) == bytes(ear.at(theirs.frame).raw_data)
    second.stop()
    frames = [world.tick() for _ in range(10)]
    went_on = all(ear.at(f) is not None for f in frames)
    settings = world.get_settings()
    settings.synchronous_mode = False
    world.apply_settings(settings)
    time.sleep(0.5)
    flowing = [f for f in ear.frames() if f > frame + 10]
    ear.end()
    return {"same": same, "went_on": went_on, "flowing": len(flowing)}


def lane_invasion(client):
    """The lane-invasion sensor, which the client computes."""
    world, ego, wall = ego_and_wall(client)
    wall.destroy()
    heard = []
    sensor = world.spawn_actor(
        world.get_blueprint_library().find("sensor.other.lane_invasion"), mount(), attach_to=ego
    )
    sensor.listen(heard.append)
    ego.set_simulate_physics(False)
    at = ego.get_transform()
    for _ in range(30):
        at.location += at.get_forward_vector() * 0.3 + at.get_right_vector() * 0.15
        ego.set_transform(at)
        world.tick()
        time.sleep(0.01)
    time.sleep(0.3)
    report = {
        "events": len(heard),
        # ``event.actor`` raises: the client makes the event without the episode it belongs to.
        "off_m": heard[0].transform.location.distance(ego.get_location()) if heard else None,
        "markings": len(heard[0].crossed_lane_markings) if heard else 0,
    }
    sensor.stop()
    sensor.destroy()
    return report


def refusals(client):
    """Sensors that cannot be served, and values that cannot."""
    world, ego, _ = ego_and_wall(client)
    library = world.get_blueprint_library()

    def refused(name, **attributes):
        blueprint = library.find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        return error_of(world.spawn_actor, blueprint, mount(), ego)

    return {
        "rgb": refused("sensor.camera.rgb"),
        "rss": refused("sensor.other.rss"),
        "v2x": refused("sensor.other.v2x"),
        "channels": refused("sensor.lidar.ray_cast", channels=0),
        "alive": world.tick() > 0,
    }


def cameras(client):
    """Stub cameras: every kind, and who waits for pictures of every frame."""
    world, ego, _ = ego_and_wall(client)
    kinds = sorted(b.id for b in world.get_blueprint_library().filter("sensor.camera.*"))
    at = mount(x=1.5, z=2.0, pitch=-8)
    ears = {
        kind: Ear(world, kind, at, ego, image_size_x=96, image_size_y=54, fov=70) for kind in kinds
    }
    subscribed(world, *ears.values())
    report = {}
    for _ in range(10):
        frame = world.tick()
        for kind, ear in ears.items():
            data = ear.at(frame)
            report[kind] = [data.width, data.height, data.fov, len(data.raw_data)]
    rgb = ears["sensor.camera.rgb"].at(frame)
    pixel = rgb[0]
    report["first_pixel"] = [pixel.r, pixel.g, pixel.b, pixel.a]
    report["pitch"] = rgb.transform.rotation.pitch
    depth = ears["sensor.camera.depth"].at(frame)
    depth.convert(carla.ColorConverter.Depth)
    report["depth_is_far"] = depth[0].r == 255
    for ear in ears.values():
        ear.end()
    return report


if __name__ == "__main__":
    result = globals()[sys.argv[1]](connect(sys.argv[2]))
    print(json.dumps(result), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)
