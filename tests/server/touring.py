"""``python touring.py PORT VEHICLES TICKS``: Traffic Manager vehicles tour a map.

Prints as JSON where each was in every tenth frame (x, y to the right, road id), how many are left,
and how many pairs touched.
"""

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
    town = world.get_map()
    tm = client.get_trafficmanager(port + 1 if port < 65535 else 8000)
    tm.set_synchronous_mode(True)
    tm.set_random_device_seed(1)
    car = world.get_blueprint_library().find("vehicle.tesla.model3")
    points = town.get_spawn_points()
    spread = points[:: max(len(points) // vehicles, 1)][:vehicles]
    made = client.apply_batch_sync([SpawnActor(car, p) for p in spread], True)
    ids = [a.actor_id for a in made if not a.error]
    touched: set[tuple[int, int]] = set()
    sensor = world.get_blueprint_library().find("sensor.other.collision")
    for actor in world.get_actors(ids):
        ear = world.spawn_actor(sensor, carla.Transform(), attach_to=actor)
        ear.listen(lambda e: touched.add(tuple(sorted((e.actor.id, e.other_actor.id)))))
    client.apply_batch_sync([SetAutopilot(i, True, tm.get_port()) for i in ids])
    seen = []
    for k in range(ticks):
        world.tick()
        if k % 10 == 0:
            shot = world.get_snapshot()
            row = []
            for i in ids:
                record = shot.find(i)
                if record is not None:
                    at = record.get_transform().location
                    row.append((at.x, at.y, town.get_waypoint(at).road_id))
            seen.append(row)
    left = sum(world.get_snapshot().find(i) is not None for i in ids)
    print(
        json.dumps({"vehicles": len(ids), "left": left, "touched": len(touched), "seen": seen}),
        flush=True,
    )
    os._exit(0)  # as a program that is killed: the Traffic Manager is not shut down


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:4]))
