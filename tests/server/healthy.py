"""``python healthy.py PORT``: a client ticks, drives, clears up; prints how many actors stay."""

from __future__ import annotations

import math
import os
import sys

import carla


def main(port: int) -> None:
    client = carla.Client("127.0.0.1", port, worker_threads=4)
    client.set_timeout(20.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    frames = [world.tick() for _ in range(5)]
    assert frames == list(range(frames[0], frames[0] + 5)), frames
    shown = [a.id for a in world.get_snapshot()]
    known = world.get_actors(shown)
    assert sorted(a.id for a in known) == sorted(shown), "ghosts in the snapshot"
    for seen in world.get_snapshot():
        at = seen.get_transform().location
        assert all(map(math.isfinite, (at.x, at.y, at.z))), (seen.id, at)
    mine = [a for a in known if a.type_id.startswith(("vehicle.", "walker.", "sensor.", "static."))]
    client.apply_batch_sync([carla.command.DestroyActor(a.id) for a in mine])
    world.tick()
    left = [a.type_id for a in world.get_actors() if a.id in {m.id for m in mine}]
    assert not left, left
    world = client.load_world("grid", False)
    world.apply_settings(settings)
    world.tick()
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    car = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[0])
    world.tick()
    start = car.get_location()
    car.apply_control(carla.VehicleControl(throttle=0.5))
    for _ in range(20):
        world.tick()
    moved = car.get_location().distance(start)
    assert 0.2 < moved < 20.0, moved
    assert car.destroy()
    world.tick()
    print(len(world.get_actors()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
