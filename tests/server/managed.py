"""``python managed.py PORT VEHICLES TICKS``: a program whose vehicles a Traffic Manager drives."""

from __future__ import annotations

import json
import os
import sys

import carla
from carla.command import SetAutopilot, SpawnActor


def main(port: int, vehicles: int, ticks: int) -> None:
    client = carla.Client("127.0.0.1", port, worker_threads=4)
    client.set_timeout(60.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    blueprints = sorted(world.get_blueprint_library().filter("vehicle.*"), key=lambda b: b.id)
    cars = [b for b in blueprints if b.get_attribute("base_type") == "car"]
    points = world.get_map().get_spawn_points()
    spread = points[:: max(len(points) // vehicles, 1)]
    # The same in every session, and below the ports that the system gives to whoever asks.
    tm = client.get_trafficmanager(20000 + port % 12000)
    tm.set_synchronous_mode(True)
    tm.set_random_device_seed(1)
    world.tick()
    spawns = [SpawnActor(cars[i % len(cars)], p) for i, p in enumerate(spread[:vehicles])]
    ids = [a.actor_id for a in client.apply_batch_sync(spawns) if not a.error]
    world.tick()
    starts = [a.get_location() for a in world.get_actors(ids)]
    client.apply_batch_sync([SetAutopilot(i, True, tm.get_port()) for i in ids])
    for _ in range(ticks):
        world.tick()
    ends = [a.get_location() for a in world.get_actors(ids)]
    moved = max(a.distance(b) for a, b in zip(starts, ends, strict=False))
    print(json.dumps({"moved_m": moved}), flush=True)
    os._exit(0)  # as a program that is killed: the Traffic Manager is not shut down


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:4]))
