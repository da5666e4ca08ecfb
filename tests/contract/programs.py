"""Client programs of the contract suite: nothing but the plain ``carla`` client.

``python programs.py NAME HOST:PORT`` runs one and prints what it saw as a line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import socket
import sys
import time

import carla
from carla.command import ApplyVehicleControl, DestroyActor, FutureActor, SetAutopilot, SpawnActor

STEP_S = 0.05
TM_PORT_BASE = 20000
ADDRESS = []


def connect(address):
    host, port = address.split(":")
    client = carla.Client(host, int(port), worker_threads=4)
    client.set_timeout(20.0)
    return client


def synchronous(world):
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = STEP_S
    world.apply_settings(settings)


def fresh(client):
    """A new episode in synchronous mode."""
    synchronous(client.get_world())
    return client.reload_world(False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def manager(client, seed=1):
    tm = client.get_trafficmanager(free_port())
    tm.set_synchronous_mode(True)
    tm.set_random_device_seed(seed)
    return tm


def cars(world):
    found = world.get_blueprint_library().filter("vehicle.*")
    return sorted((b for b in found if b.get_attribute("base_type") == "car"), key=lambda b: b.id)


def error_of(call, *args):
    try:
        call(*args)
    except RuntimeError as error:
        return str(error)
    return ""


def first_steps(client):
    """CARLA's first-steps tutorial, as far as it needs no camera."""
    world = client.reload_world()
    library = world.get_blueprint_library()
    points = world.get_map().get_spawn_points()
    spectator = world.get_spectator()
    spectator.set_transform(carla.Transform(carla.Location(1, 2, 50), carla.Rotation(pitch=-90)))
    vehicle = world.try_spawn_actor(library.find("vehicle.lincoln.mkz_2020"), points[0])
    refused = world.try_spawn_actor(library.find("vehicle.audi.tt"), points[0])
    synchronous(world)
    tm = manager(client)
    vehicle.set_autopilot(True, tm.get_port())
    frames = [world.tick() for _ in range(200)]
    snapshot = world.get_snapshot()
    seen = snapshot.find(vehicle.id)
    waypoint = world.get_map().get_waypoint(vehicle.get_location())
    report = {
        "version": client.get_server_version(),
        "frames_in_a_row": frames == list(range(frames[0], frames[0] + len(frames))),
        "delta_s": snapshot.timestamp.delta_seconds,
        "moved_m": vehicle.get_location().distance(points[0].location),
        "speed_mps": seen.get_velocity().length(),
        "off_lane_m": vehicle.get_location().distance(waypoint.transform.location),
        "occupied_point_refused": refused is None,
        "role": vehicle.attributes["role_name"],
        "wheels": vehicle.attributes["number_of_wheels"],
        "length_m": 2 * vehicle.bounding_box.extent.x,
        "spectator": [getattr(world.get_spectator().get_location(), a) for a in "xyz"],
        "destroyed": vehicle.destroy(),
    }
    world.tick()
    report["left"] = len(world.get_actors().filter("vehicle.*"))
    return report


def batch(client):
    """Spawning with `.then`, control and destruction in batches, errors per command."""
    world = fresh(client)
    points, blueprint = world.get_map().get_spawn_points(), cars(world)[0]
    ahead = ApplyVehicleControl(FutureActor, carla.VehicleControl(throttle=1.0))
    twice = [points[0], points[5], points[0]]
    made = client.apply_batch_sync([SpawnActor(blueprint, p).then(ahead) for p in twice], True)
    ids = [r.actor_id for r in made if not r.error]
    for _ in range(19):
        world.tick()
    speeds = [v.get_velocity().length() for v in world.get_actors(ids)]
    nobody = carla.command.ApplyTransform(999999, points[1])
    mixed = client.apply_batch_sync([nobody, DestroyActor(ids[0])])
    world.tick()
    return {
        "errors": [r.error for r in made],
        "speeds_mps": speeds,
        "mixed": [r.error for r in mixed],
        "left": len(world.get_actors().filter("vehicle.*")),
    }


def motion(client):
    """Stopping distance, teleport, target velocity, and physics that is off."""
    world = fresh(client)
    points = world.get_map().get_spawn_points()
    car = world.spawn_actor(cars(world)[0], points[0])
    world.tick()
    forward = points[0].get_forward_vector()
    car.set_target_velocity(forward * 10.0)
    car.apply_control(carla.VehicleControl(brake=1.0))
    for _ in range(60):
        world.tick()
    braking = car.get_location().distance_2d(points[0].location)
    car.set_transform(points[3])
    world.tick()
    moved = car.get_location().distance_2d(points[3].location)
    car.set_simulate_physics(False)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    for _ in range(10):
        world.tick()
    held = car.get_location().distance_2d(points[3].location)
    control = car.get_control()
    physics = car.get_physics_control()
    wheels = [w.position for w in physics.wheels]
    car.set_light_state(carla.VehicleLightState.Brake)
    world.tick()
    return {
        "braking_m": braking,
        "after_teleport_m": moved,
        "held_m": held,
        "throttle": control.throttle,
        "max_steer_deg": physics.wheels[0].max_steer_angle,
        "wheelbase_m": (wheels[0] - wheels[2]).length() / 100.0,
        "lights": str(car.get_light_state()) == str(carla.VehicleLightState.Brake),
        "speed_limit_kmh": car.get_speed_limit(),
    }


def collision(client):
    """A car runs into a standing one."""
    world = fresh(client)
    library = world.get_blueprint_library()
    point = world.get_map().get_spawn_points()[0]
    target = world.spawn_actor(library.find("vehicle.tesla.model3"), point)
    world.tick()
    behind = carla.Transform(point.location - point.get_forward_vector() * 12.0, point.rotation)
    runner = world.spawn_actor(library.find("vehicle.tesla.model3"), behind)
    sensor = world.spawn_actor(
        library.find("sensor.other.collision"), carla.Transform(), attach_to=runner
    )
    events = []
    sensor.listen(
        lambda e: events.append((e.frame, e.actor.id, e.other_actor.id, e.normal_impulse.length()))
    )
    world.tick()
    runner.set_target_velocity(point.get_forward_vector() * 10.0)
    for _ in range(40):
        world.tick()
    time.sleep(0.3)
    sensor.stop()
    first = min(events, default=None)
    return {
        "events": len(events),
        "pair_is_right": bool(first) and first[1:3] == (runner.id, target.id),
        "first_impulse": first[3] if first else 0.0,
        "gap_m": runner.get_location().distance_2d(target.get_location())
        - 2 * runner.bounding_box.extent.x,
        "pushed_m": target.get_location().distance_2d(point.location),
    }


def lights(client):
    """Groups change in turn; states can be set, frozen and timed."""
    world = fresh(client)
    all_lights = sorted(world.get_actors().filter("traffic.traffic_light"), key=lambda a: a.id)
    light = all_lights[0]
    group = light.get_group_traffic_lights()
    greens = []
    for _ in range(int(60 / STEP_S)):
        world.tick()
        greens.append(sum(a.get_state() == carla.TrafficLightState.Green for a in group))
    light.set_state(carla.TrafficLightState.Green)
    light.set_green_time(33.0)
    world.freeze_all_traffic_lights(True)
    for _ in range(int(40 / STEP_S)):
        world.tick()
    kept = str(light.get_state()) == "Green"
    frozen = light.is_frozen()
    world.freeze_all_traffic_lights(False)
    world.reset_all_traffic_lights()
    world.tick()
    stops = light.get_stop_waypoints()
    return {
        "lights": len(all_lights),
        "group": len(group),
        "some_green": max(greens) > 0,
        "never_all_green": max(greens) < len(group),
        "kept": kept,
        "frozen": frozen,
        "green_s": light.get_green_time(),
        "yellow_s": light.get_yellow_time(),
        "red_s": light.get_red_time(),
        "stop_waypoints": len(stops),
        "found_by_id": world.get_traffic_light_from_opendrive_id(
            light.get_opendrive_id()
        ).id == light.id,
    }  # fmt: skip


def worlds(client):
    """Weather, reload, and an OpenDRIVE world that the client brings."""
    world = client.get_world()
    first, xodr = world.get_map().name, world.get_map().to_opendrive()
    weather = carla.WeatherParameters(cloudiness=77.0, sun_altitude_angle=-5.0)
    world.set_weather(weather)
    synchronous(world)
    world.tick()
    cloudiness = world.get_weather().cloudiness
    world.spawn_actor(cars(world)[0], world.get_map().get_spawn_points()[0])
    before = world.id
    again = client.reload_world(False)
    again.tick()
    left = len(again.get_actors().filter("vehicle.*"))
    kept = again.get_settings().synchronous_mode
    generated = client.generate_opendrive_world(xodr, carla.OpendriveGenerationParameters())
    report = {
        "cloudiness": cloudiness,
        "new_episode": again.id != before,
        "left": left,
        "settings_kept": kept,
        "generated": generated.get_map().name,
        "asynchronous_after_load": not generated.get_settings().synchronous_mode,
        "frames_flow": generated.wait_for_tick(5.0).frame > 0,
        "unknown_map": error_of(client.load_world, "Atlantis"),
        "available": client.get_available_maps(),
    }
    client.load_world(first)
    return report


def _drive(client, count, seconds):
    """The Traffic Manager drives; what happened, and a hash of every position."""
    world = fresh(client)
    tm = manager(client)
    road, library = world.get_map(), world.get_blueprint_library()
    points = road.get_spawn_points()
    points = points[:: max(1, len(points) // count)][:count]
    models = cars(world)
    made = client.apply_batch_sync(
        [
            SpawnActor(models[i % len(models)], p).then(
                SetAutopilot(FutureActor, True, tm.get_port())
            )
            for i, p in enumerate(points)
        ],
        True,
    )
    ids = [r.actor_id for r in made if not r.error]
    vehicles = list(world.get_actors(ids))
    hits = set()
    sensors = []
    for v in vehicles:
        sensor = world.spawn_actor(
            library.find("sensor.other.collision"), carla.Transform(), attach_to=v
        )
        sensor.listen(lambda e: hits.add(tuple(sorted((e.actor.id, e.other_actor.id)))))
        sensors.append(sensor)
    digest, offsets, travelled, stopped_on_red, red_runs = hashlib.sha256(), [], 0.0, 0, 0
    held = {}
    standing = dict.fromkeys(ids, 0)
    longest = 0
    start = time.monotonic()
    ticks = int(seconds / STEP_S)
    for tick in range(ticks):
        world.tick()
        snapshot = world.get_snapshot()
        for v in vehicles:
            seen = snapshot.find(v.id)
            if seen is None:
                continue
            t, speed = seen.get_transform(), seen.get_velocity().length()
            where = t.location
            digest.update(f"{v.id} {where.x!r} {where.y!r} {t.rotation.yaw!r}".encode())
            travelled += speed * STEP_S
            standing[v.id] = standing[v.id] + 1 if speed < 0.1 else 0
            longest = max(longest, standing[v.id])
            if tick % 10:
                continue
            at = road.get_waypoint(where)
            if not at.is_junction:
                offsets.append(where.distance_2d(at.transform.location))
            red = v.is_at_traffic_light() and str(v.get_traffic_light_state()) == "Red"
            stopped_on_red += bool(red and speed < 0.1)
            # Half a second ago it was held by a red light, still is by its side, and is inside.
            red_runs += bool(held.get(v.id) and at.is_junction and speed > 1.0)
            held[v.id] = red and not at.is_junction
    wall = time.monotonic() - start
    for sensor in sensors:
        sensor.stop()
    offsets.sort()
    present = len(world.get_actors().filter("vehicle.*"))
    tm.shut_down()
    return {
        "vehicles": len(ids),
        "present": present,
        "km": travelled / 1000.0,
        "offset_median_m": offsets[len(offsets) // 2],
        "offset_p95_m": offsets[int(0.95 * len(offsets))],
        "offset_max_m": offsets[-1],
        "collision_pairs": len(hits),
        "stopped_on_red": stopped_on_red,
        "red_runs": red_runs,
        "longest_standing_s": longest * STEP_S,
        "ticks_per_s": ticks / wall,
        "finite": all(math.isfinite(o) for o in offsets),
        "hash": digest.hexdigest(),
    }


def sharing(client):
    """Two Traffic Managers, hybrid physics, and a second client that only listens."""
    world = fresh(client)
    listener = connect(ADDRESS[0]).get_world()
    heard = []
    listener.on_tick(lambda snapshot: heard.append((snapshot.frame, len(snapshot))))
    first, second = manager(client), manager(client)
    second.set_hybrid_physics_mode(True)
    second.set_hybrid_physics_radius(30.0)
    points, model = world.get_map().get_spawn_points(), cars(world)[0]
    made = client.apply_batch_sync(
        [
            SpawnActor(model, p).then(SetAutopilot(FutureActor, True, tm.get_port()))
            for i, p in enumerate(points[:60:4])
            for tm in [(first, second)[i % 2]]
        ],
        True,
    )
    ids = [r.actor_id for r in made if not r.error]
    starts = {v.id: v.get_location() for v in world.get_actors(ids)}
    frames = [world.tick() for _ in range(400)]
    time.sleep(0.3)
    moved = [v.get_location().distance(starts[v.id]) for v in world.get_actors(ids)]
    for tm in (first, second):
        tm.shut_down()
    return {
        "vehicles": len(ids),
        "moved": sum(m > 5.0 for m in moved),
        "heard_all": set(frames) <= {frame for frame, _ in heard},
        "actors_heard": max(count for _, count in heard) - len(ids),
    }


def traffic(client):
    """20 vehicles for a minute."""
    return _drive(client, 20, 60.0)


def traffic_long(client):
    """50 vehicles for ten minutes."""
    return _drive(client, 50, 600.0)


def main():
    name, address = sys.argv[1:]
    ADDRESS.append(address)
    report = globals()[name](connect(address))
    print(json.dumps(report), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
