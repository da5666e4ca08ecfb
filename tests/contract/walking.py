"""Pedestrian programs of the contract suite: nothing but the plain ``carla`` client.

``python walking.py NAME HOST:PORT`` runs one and prints what it saw as a line of JSON. A bad
navigation mesh aborts the process in the client's own code, so each run has one of its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys

import carla
from carla.command import DestroyActor, FutureActor, SetAutopilot, SpawnActor
from programs import cars, connect, fresh, manager

WALKERS = 20
CARS = 20
TICKS = 1200
SAMPLE_TICKS = 10


def locations(client):
    """Random places of the navigation mesh, before and after a change of map."""
    world = client.get_world()
    first = [_point(world.get_random_location_from_navigation()) for _ in range(300)]
    world.set_pedestrians_seed(7)
    seeded = [_point(world.get_random_location_from_navigation()) for _ in range(5)]
    world.set_pedestrians_seed(7)
    again = [_point(world.get_random_location_from_navigation()) for _ in range(5)]
    before = world.get_map().name
    world = client.load_world("roundabout" if before.endswith("grid") else "grid")
    other = [_point(world.get_random_location_from_navigation()) for _ in range(50)]
    client.load_world(before.rpartition("/")[2])
    return {"first": first, "repeats": seeded == again, "other": other}


def arrive(client):
    """A client that has just come."""
    return {"found": client.get_world().get_random_location_from_navigation() is not None}


def strollers(client):
    """AI walkers under way for a minute, as CARLA's generate_traffic spawns them."""
    world = fresh(client)
    world.set_pedestrians_seed(11)
    world.set_pedestrians_cross_factor(0.0)
    return _walk(client, world, TICKS)


def crossers(client):
    """A walker is sent across the street in a bend of the grid, far from any crosswalk.

    Detours of up to ten times the way across the road are what CARLA's walkers prefer to it
    (AREA_ROAD_COST), also those that may cross.
    """
    seen = {}
    for factor in (0.0, 1.0):
        world = fresh(client)
        world.set_pedestrians_seed(11)
        world.set_pedestrians_cross_factor(factor)
        library = world.get_blueprint_library()
        walker = world.spawn_actor(
            library.filter("walker.pedestrian.*")[0],
            carla.Transform(carla.Location(5.8, -5.8, 1.0)),
        )
        controller = world.spawn_actor(
            library.find("controller.ai.walker"), carla.Transform(), attach_to=walker
        )
        world.tick()
        controller.start()
        controller.go_to_location(carla.Location(17.6, -17.6, 0.0))
        track = []
        for _ in range(400):
            world.tick()
            track.append(_point(walker.get_location()))
        controller.stop()
        seen["may" if factor else "may not"] = track
    return seen


def among_cars(client):
    """AI walkers and Traffic Manager vehicles share the streets for a minute."""
    world = fresh(client)
    world.set_pedestrians_seed(11)
    world.set_pedestrians_cross_factor(0.0)
    tm = manager(client)
    points = world.get_map().get_spawn_points()
    models = cars(world)
    batch = [
        SpawnActor(models[i % len(models)], point).then(
            SetAutopilot(FutureActor, True, tm.get_port())
        )
        for i, point in enumerate(points[:: max(1, len(points) // CARS)][:CARS])
    ]
    vehicles = [r.actor_id for r in client.apply_batch_sync(batch, True) if not r.error]
    seen = _walk(client, world, TICKS, vehicles)
    tm.set_synchronous_mode(False)
    tm.shut_down()
    return seen


def run_over(client):
    """A car drives into an AI walker that stands in its way."""
    world = fresh(client)
    library = world.get_blueprint_library()
    world.set_pedestrians_seed(3)
    place = world.get_random_location_from_navigation()
    walker = world.spawn_actor(
        library.filter("walker.pedestrian.*")[0], carla.Transform(place + carla.Location(z=1.0))
    )
    controller = world.spawn_actor(
        library.find("controller.ai.walker"), carla.Transform(), attach_to=walker
    )
    world.tick()
    controller.start()
    controller.set_max_speed(0.0)
    start = walker.get_location()
    car = world.spawn_actor(
        library.find("vehicle.tesla.model3"), world.get_map().get_spawn_points()[0]
    )
    sensor = world.spawn_actor(
        library.find("sensor.other.collision"), carla.Transform(), attach_to=car
    )
    hits = []
    sensor.listen(hits.append)
    world.tick()
    back = carla.Location(start.x - 10.0, start.y, 0.0)
    car.set_transform(carla.Transform(back, carla.Rotation()))
    car.set_target_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    for _ in range(30):
        world.tick()
    return {
        "hit": sorted({event.other_actor.type_id for event in hits}),
        "car_mps": car.get_velocity().x,
        "thrown_m": walker.get_location().x - start.x,
        "controller_left": controller.id in [a.id for a in world.get_actors()],
    }


def _walk(client, world, ticks, vehicles=()):
    library = world.get_blueprint_library()
    blueprints = sorted(library.filter("walker.pedestrian.*"), key=lambda b: b.id)
    places = [world.get_random_location_from_navigation() for _ in range(WALKERS)]
    batch = [
        SpawnActor(blueprints[i % len(blueprints)], carla.Transform(place + carla.Location(z=1.0)))
        for i, place in enumerate(places)
    ]
    walkers = [r.actor_id for r in client.apply_batch_sync(batch, True) if not r.error]
    blueprint = library.find("controller.ai.walker")
    batch = [SpawnActor(blueprint, carla.Transform(), walker) for walker in walkers]
    controllers = [r.actor_id for r in client.apply_batch_sync(batch, True) if not r.error]
    world.tick()
    for k, controller in enumerate(world.get_actors(controllers)):
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controller.set_max_speed(1.0 + 0.05 * k)
    tracks = {walker: [] for walker in walkers}
    speeds = dict.fromkeys(walkers, 0.0)
    digest = hashlib.sha256()
    boxes = {v.id: v.bounding_box.extent for v in world.get_actors(list(vehicles))}
    driven, starts, inside = 0.0, {}, set()
    for tick in range(ticks):
        world.tick()
        snapshot = world.get_snapshot()
        for walker in walkers:
            seen = snapshot.find(walker)
            at = _point(seen.get_transform().location)
            digest.update(repr(at).encode())
            speed = seen.get_velocity()
            speeds[walker] = max(speeds[walker], math.hypot(speed.x, speed.y))
            if tick % SAMPLE_TICKS == 0:
                tracks[walker].append(at)
        for vehicle in vehicles:
            pose = snapshot.find(vehicle).get_transform()
            digest.update(repr(_point(pose.location)).encode())
            here = starts.setdefault(vehicle, pose.location)
            driven, starts[vehicle] = driven + here.distance(pose.location), pose.location
            for walker in walkers:
                if _covers(pose, boxes[vehicle], snapshot.find(walker).get_transform().location):
                    inside.add((walker, vehicle))
    for controller in world.get_actors(controllers):
        controller.stop()
    ended = client.apply_batch_sync([DestroyActor(a) for a in controllers + walkers], True)
    return {
        "walkers": len(walkers),
        "controllers": len(controllers),
        "tracks": list(tracks.values()),
        "top_speeds": list(speeds.values()),
        "destroy_errors": [r.error for r in ended if r.error],
        "driven_m": driven,
        "touched": len(inside),
        "hash": digest.hexdigest(),
    }


def _covers(pose, extent, location):
    """Whether a place is under a vehicle, seen from above."""
    dx, dy = location.x - pose.location.x, location.y - pose.location.y
    yaw = math.radians(pose.rotation.yaw)
    along = dx * math.cos(yaw) + dy * math.sin(yaw)
    aside = dy * math.cos(yaw) - dx * math.sin(yaw)
    return abs(along) < extent.x and abs(aside) < extent.y


def _point(location):
    return [location.x, location.y, location.z]


if __name__ == "__main__":
    result = globals()[sys.argv[1]](connect(sys.argv[2]))
    print(json.dumps(result), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)
