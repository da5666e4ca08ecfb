"""CARLA's first steps without Unreal: nothing but the plain ``carla`` client.

    python examples/01_server_first_steps.py                  # with an embedded server of its own
    python examples/01_server_first_steps.py localhost 2000   # on a running one, HDSim's or CARLA's

Ten cars drive for ten seconds under the Traffic Manager's autopilot.
"""

from __future__ import annotations

import socket
import sys

import carla

from hdsim.world.embedded import embedded_server


def first_steps(host: str, port: int) -> None:
    client = carla.Client(host, port)
    client.set_timeout(10.0)
    world = client.get_world()
    print(f"{world.get_map().name}, server {client.get_server_version()}")

    before = world.get_settings()
    settings = world.get_settings()
    settings.synchronous_mode = True
    settings.fixed_delta_seconds = 0.05
    world.apply_settings(settings)
    manager = client.get_trafficmanager(free_port())
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)

    model = world.get_blueprint_library().find("vehicle.tesla.model3")
    points = world.get_map().get_spawn_points()
    cars = [world.spawn_actor(model, point) for point in points[:10]]
    try:
        for car in cars:
            car.set_autopilot(True, manager.get_port())
        for _ in range(200):
            world.tick()
        snapshot = world.get_snapshot()
        speeds = [snapshot.find(car.id).get_velocity().length() for car in cars]
        print(f"frame {snapshot.frame}, {snapshot.timestamp.elapsed_seconds:.2f} s")
        print("speeds [m/s]:", " ".join(f"{speed:.1f}" for speed in speeds))
    finally:
        client.apply_batch_sync([carla.command.DestroyActor(car) for car in cars])
        manager.shut_down()
        world.apply_settings(before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        first_steps(sys.argv[1], int(sys.argv[2]))
    else:
        with embedded_server("grid") as (own_host, own_port):
            first_steps(own_host, own_port)
