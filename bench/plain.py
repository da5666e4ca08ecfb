"""A client program that drives vehicles to and fro, with nothing but the plain ``carla`` client.

``python -m bench.plain ADDRESS SERVER_PID '{"vehicles": 50, ...}'`` prints a line of JSON: what
each step took. It is a process of its own, so that no Traffic Manager outlives its measurement.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import carla
from carla.command import ApplyVehicleControl, SetAutopilot, SpawnActor

WARM_UP_STEPS = 100
# Vehicles drive forwards, stop, drive back and stop [steps], so that all of them move all the time
# and none leaves its lane or runs into another.
_FORTH, _STOP = 30, 10
_STEP_S = 0.05
# Where there are more vehicles than spawn points [m].
_NOSE_TO_NOSE_M = 4.2


@dataclass(frozen=True, slots=True)
class Traffic:
    """What to measure.

    Attributes:
        vehicles: Vehicles that this program commands at every step.
        managed: Vehicles that a Traffic Manager drives.
        acknowledged: Wait for the answer to each batch.
        steps: Steps to measure, after a warm-up.
    """

    vehicles: int
    managed: int = 0
    acknowledged: bool = False
    steps: int = 600


def spawn(client: carla.Client, world: carla.World, count: int) -> list[int]:
    """So many cars, on spawn points or, where these do not suffice, small ones along the lanes."""
    points = world.get_map().get_spawn_points()
    model = "vehicle.tesla.model3" if count <= len(points) else "vehicle.micro.microlino"
    blueprint = world.get_blueprint_library().find(model)
    blueprint.set_attribute("role_name", "hero")
    if count > len(points):
        waypoints = world.get_map().generate_waypoints(_NOSE_TO_NOSE_M)
        points = [w.transform for w in waypoints if not w.is_junction]
    found: list[int] = []
    places = iter(points[:: max(len(points) // count, 1)])
    while len(found) < count:
        commands = []
        for place in places:
            place.location.z += 0.1
            commands.append(SpawnActor(blueprint, place))
            if len(commands) == count - len(found):
                break
        if not commands:
            raise SystemExit(f"no room for {count} vehicles, only for {len(found)}")
        answers = client.apply_batch_sync(commands, False)
        found += [a.actor_id for a in answers if not a.error]
    return found


def control(step: int) -> tuple[float, float, bool]:
    """Throttle, brake and reverse of every vehicle at a step."""
    turn, into = divmod(step, _FORTH + _STOP)
    return (0.4, 0.0, turn % 2 == 1) if into < _FORTH else (0.0, 0.6, turn % 2 == 1)


def server_cpu_s(pid: int) -> float:
    """CPU time of the server so far [s]; 0 where that cannot be had."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def measure(address: str, pid: int, traffic: Traffic) -> dict[str, float]:
    """Medians over the measured steps [ms], and the server's CPU time per step [ms]."""
    host, _, port = address.rpartition(":")
    client = carla.Client(host, int(port), worker_threads=2)
    client.set_timeout(60.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, _STEP_S
    world.apply_settings(settings)
    everybody = spawn(client, world, traffic.vehicles + traffic.managed)
    world.tick()
    own, managed = everybody[traffic.managed :], everybody[: traffic.managed]
    if managed:
        manager = client.get_trafficmanager(int(port) + 1 if int(port) < 65535 else 8000)
        manager.set_synchronous_mode(True)
        manager.set_random_device_seed(1)
        client.apply_batch_sync([SetAutopilot(i, True, manager.get_port()) for i in managed])
    send = client.apply_batch_sync if traffic.acknowledged else client.apply_batch
    batch, tick, began_cpu = [], [], 0.0
    for step in range(WARM_UP_STEPS + traffic.steps):
        if step == WARM_UP_STEPS:
            began_cpu = server_cpu_s(pid)
        throttle, brake, reverse = control(step)
        t0 = time.perf_counter()
        if own:
            send(
                [
                    ApplyVehicleControl(
                        i, carla.VehicleControl(throttle=throttle, brake=brake, reverse=reverse)
                    )
                    for i in own
                ]
            )
        t1 = time.perf_counter()
        world.tick()
        t2 = time.perf_counter()
        batch.append(1e3 * (t1 - t0))
        tick.append(1e3 * (t2 - t1))
    batch, tick = batch[WARM_UP_STEPS:], tick[WARM_UP_STEPS:]
    return {
        "batch": statistics.median(batch),
        "tick": statistics.median(tick),
        "step": statistics.median(b + t for b, t in zip(batch, tick, strict=True)),
        "server CPU": 1e3 * (server_cpu_s(pid) - began_cpu) / traffic.steps,
    }


def arguments(address: str, pid: int, traffic: Traffic) -> list[str]:
    """The command that measures some traffic."""
    return [sys.executable, "-m", "bench.plain", address, str(pid), json.dumps(asdict(traffic))]


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), Traffic(**json.loads(sys.argv[3])))))
    sys.stdout.flush()
    os._exit(0)  # the client's threads need no leave
