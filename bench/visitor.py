"""A client that visits a server: ``python -m bench.visitor PORT KIND VEHICLES TICKS``.

It prints how many ticks it has made, every hundred.
"""

from __future__ import annotations

import os
import sys

import carla
from carla.command import ApplyVehicleControl, DestroyActor, SetAutopilot, SpawnActor

KINDS = ("managed", "driven", "sensors", "listener")
_EVERY = 100


def visit(port: int, kind: str, vehicles: int, ticks: int) -> None:
    """Comes, ticks (or listens to the ticks of others), and goes."""
    client = carla.Client("127.0.0.1", port, worker_threads=4)
    client.set_timeout(60.0)
    world = client.get_world()
    if kind == "listener":
        for done in range(ticks):
            world.wait_for_tick(60.0)
            _progress(done)
        return
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    if vehicles % 2:
        world = client.reload_world(False)
    else:  # what a client that was killed has left
        world.tick()
        left = [a.id for a in world.get_actors().filter("vehicle.*")]
        client.apply_batch_sync([DestroyActor(i) for i in left], False)
    blueprints = world.get_blueprint_library()
    model = blueprints.find("vehicle.tesla.model3")
    points = world.get_map().get_spawn_points()
    spread = points[:: max(len(points) // vehicles, 1)][:vehicles]
    answers = client.apply_batch_sync([SpawnActor(model, p) for p in spread], False)
    ids = [a.actor_id for a in answers if not a.error]
    world.tick()
    if kind == "sensors":
        for actor in world.get_actors(ids):
            for name in ("collision", "lane_invasion"):
                sensor = world.spawn_actor(
                    blueprints.find(f"sensor.other.{name}"), carla.Transform(), actor
                )
                sensor.listen(lambda _: None)
    if kind == "managed":
        # A port of its own, below those that the system gives to whoever asks: the Traffic Manager
        # of a client that was killed may hold another.
        manager = client.get_trafficmanager(20000 + os.getpid() % 12000)
        manager.set_synchronous_mode(True)
        manager.set_random_device_seed(vehicles)
        client.apply_batch_sync([SetAutopilot(i, True, manager.get_port()) for i in ids], False)
    for done in range(ticks):
        if kind != "managed":
            control = carla.VehicleControl(throttle=0.3, steer=0.2)
            client.apply_batch([ApplyVehicleControl(i, control) for i in ids])
        world.tick()
        _progress(done)
    if kind == "managed":
        manager.shut_down()


def _progress(done: int) -> None:
    if (done + 1) % _EVERY == 0:
        print(done + 1, flush=True)


if __name__ == "__main__":
    visit(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.flush()
    os._exit(0)  # the client's threads need no leave
