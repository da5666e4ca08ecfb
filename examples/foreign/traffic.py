"""Traffic for a town, as a CARLA user writes it: cars on autopilot and walkers with AI controllers.

    python examples/foreign/traffic.py --port 2000 --vehicles 30 --walkers 20 --seconds 60

Nothing but the plain ``carla`` client: it runs on HDSim's embedded server and on CARLA's own.
"""

from __future__ import annotations

import argparse
import random

import carla
from carla.command import DestroyActor, FutureActor, SetAutopilot, SpawnActor

STEP_S = 0.05


def spawn_vehicles(client: carla.Client, world: carla.World, port: int, count: int) -> list[int]:
    """Cars at random spawn points, each handed to the Traffic Manager as it is made."""
    models = [
        b
        for b in world.get_blueprint_library().filter("vehicle.*")
        if b.get_attribute("base_type").as_str() == "car"
    ]
    points = world.get_map().get_spawn_points()
    random.shuffle(points)
    batch = []
    for point in points[:count]:
        model = random.choice(models)
        model.set_attribute("role_name", "autopilot")
        batch.append(SpawnActor(model, point).then(SetAutopilot(FutureActor, True, port)))
    return made(client.apply_batch_sync(batch, True))


def spawn_walkers(client: carla.Client, world: carla.World, count: int) -> tuple[list, list]:
    """Walkers on the pavement, and a controller for each."""
    library = world.get_blueprint_library()
    models = list(library.filter("walker.pedestrian.*"))
    batch, speeds = [], []
    for _ in range(count):
        place = world.get_random_location_from_navigation()
        if place is None:
            continue
        model = random.choice(models)
        model.set_attribute("is_invincible", "false")
        _, walking, running = model.get_attribute("speed").recommended_values
        speeds.append(float(running if random.random() < 0.1 else walking))
        batch.append(SpawnActor(model, carla.Transform(place + carla.Location(z=1.0))))
    answers = client.apply_batch_sync(batch, True)
    walkers = made(answers)
    speeds = [v for v, answer in zip(speeds, answers, strict=True) if not answer.error]
    mind = library.find("controller.ai.walker")
    controllers = made(
        client.apply_batch_sync([SpawnActor(mind, carla.Transform(), w) for w in walkers], True)
    )
    world.tick()
    for controller, speed in zip(world.get_actors(controllers), speeds, strict=True):
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controller.set_max_speed(speed)
    return walkers, controllers


def made(answers: list) -> list[int]:
    """Ids of what was spawned; a place that was taken is no matter."""
    return [answer.actor_id for answer in answers if not answer.error]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--tm-port", type=int, default=8000)
    parser.add_argument("--vehicles", type=int, default=30)
    parser.add_argument("--walkers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    random.seed(a.seed)

    client = carla.Client(a.host, a.port)
    client.set_timeout(20.0)
    world = client.get_world()
    before = world.get_settings()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, STEP_S
    world.apply_settings(settings)
    manager = client.get_trafficmanager(a.tm_port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(a.seed)
    manager.set_global_distance_to_leading_vehicle(2.5)
    world.set_pedestrians_seed(a.seed)

    vehicles = spawn_vehicles(client, world, manager.get_port(), a.vehicles)
    walkers, controllers = spawn_walkers(client, world, a.walkers)
    print(f"spawned {len(vehicles)} vehicles and {len(walkers)} walkers")
    try:
        ways = dict.fromkeys((*vehicles, *walkers), 0.0)
        for _ in range(round(a.seconds / STEP_S)):
            world.tick()
            snapshot = world.get_snapshot()
            for actor in ways:
                seen = snapshot.find(actor)
                if seen is not None:
                    ways[actor] += seen.get_velocity().length() * STEP_S
        print(f"vehicles drove {sum(ways[v] for v in vehicles) / 1000.0:.2f} km")
        print(f"walkers walked {sum(ways[w] for w in walkers) / 1000.0:.2f} km")
    finally:
        for controller in world.get_actors(controllers):
            controller.stop()
        client.apply_batch_sync([DestroyActor(x) for x in (*controllers, *walkers, *vehicles)])
        manager.shut_down()
        world.apply_settings(before)


if __name__ == "__main__":
    main()
