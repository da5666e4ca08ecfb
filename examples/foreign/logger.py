"""A data logger: a car on autopilot, its sensors, and every frame as a row of CSV.

    python examples/foreign/logger.py --port 2000 --out log

Nothing but the plain ``carla`` client. It writes ``frames.csv`` (pose, speed, accelerometer,
position by satellite), ``events.csv`` (collisions, lane markings crossed) and ``lidar.csv`` (points
and mean distance of each sweep).
"""

from __future__ import annotations

import argparse
import csv
import threading
import time
from pathlib import Path

import carla
from carla.command import DestroyActor

STEP_S = 0.05


class Log:
    """What sensors said, by frame; their callbacks run on the client's own threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.frames: dict[int, dict[str, float]] = {}
        self.events: list[tuple[int, str, str]] = []
        self.sweeps: list[tuple[int, int, float]] = []

    def put(self, frame: int, **values: float) -> None:
        """Notes values of a frame."""
        with self.lock:
            self.frames.setdefault(frame, {}).update(values)

    def event(self, frame: int, kind: str, what: str) -> None:
        """Notes something that happened."""
        with self.lock:
            self.events.append((frame, kind, what))

    def sweep(self, measured: carla.LidarMeasurement) -> None:
        """Notes the points of a lidar."""
        away = [p.point.x**2 + p.point.y**2 + p.point.z**2 for p in measured]
        mean = sum(d**0.5 for d in away) / len(away) if away else 0.0
        with self.lock:
            self.sweeps.append((measured.frame, len(away), mean))

    def has(self, frame: int) -> bool:
        """Whether every sensor that measures in each frame has spoken of one."""
        with self.lock:
            return {"lat", "accel_x"} <= set(self.frames.get(frame, {}))

    def write(self, folder: Path) -> None:
        """Writes everything as CSV."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.lock:
            rows = [{"frame": frame, **row} for frame, row in sorted(self.frames.items())]
            names = list(dict.fromkeys(name for row in rows for name in row))
            with (folder / "frames.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(rows)
            for name, head, table in (
                ("events", ("frame", "kind", "what"), self.events),
                ("lidar", ("frame", "points", "mean_distance_m"), self.sweeps),
            ):
                with (folder / f"{name}.csv").open("w", newline="") as file:
                    csv.writer(file).writerows([head, *sorted(table)])


def mount(world: carla.World, car: carla.Actor, log: Log) -> list[carla.Sensor]:
    """Puts sensors on a car and has them write to the log."""
    library = world.get_blueprint_library()
    roof = carla.Transform(carla.Location(z=2.0))
    lidar = library.find("sensor.lidar.ray_cast")
    lidar.set_attribute("range", "40")
    lidar.set_attribute("points_per_second", "20000")
    lidar.set_attribute("rotation_frequency", "20")
    listen = {
        "sensor.other.gnss": lambda e: log.put(e.frame, lat=e.latitude, lon=e.longitude),
        "sensor.other.imu": lambda e: log.put(
            e.frame, accel_x=e.accelerometer.x, accel_y=e.accelerometer.y, compass=e.compass
        ),
        "sensor.other.collision": lambda e: log.event(e.frame, "collision", e.other_actor.type_id),
        "sensor.other.lane_invasion": lambda e: log.event(
            e.frame, "lane_invasion", " ".join(str(m.type) for m in e.crossed_lane_markings)
        ),
        lidar: log.sweep,
    }
    sensors = []
    for blueprint, callback in listen.items():
        if isinstance(blueprint, str):
            blueprint = library.find(blueprint)
        sensor = world.spawn_actor(blueprint, roof, attach_to=car)
        sensor.listen(callback)
        sensors.append(sensor)
    return sensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--tm-port", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path, default=Path("log"))
    a = parser.parse_args()

    # Sensor callbacks need threads of the client that do not wait for a tick.
    client = carla.Client(a.host, a.port, worker_threads=8)
    client.set_timeout(20.0)
    world = client.get_world()
    before = world.get_settings()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, STEP_S
    world.apply_settings(settings)
    manager = client.get_trafficmanager(a.tm_port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)
    model = world.get_blueprint_library().find("vehicle.lincoln.mkz_2020")
    points = world.get_map().get_spawn_points()
    car = next(made for p in points if (made := world.try_spawn_actor(model, p)))
    log = Log()
    sensors = mount(world, car, log)
    car.set_autopilot(True, manager.get_port())

    def note(snapshot: carla.WorldSnapshot) -> None:
        seen = snapshot.find(car.id)
        if seen is not None:
            where, speed = seen.get_transform(), seen.get_velocity().length()
            log.put(snapshot.frame, time_s=snapshot.timestamp.elapsed_seconds,
                    x=where.location.x, y=where.location.y, yaw=where.rotation.yaw,
                    speed_mps=speed)  # fmt: skip

    listener = world.on_tick(note)
    try:
        for _ in range(round(a.seconds / STEP_S)):
            frame = world.tick()
            waited = time.monotonic() + 5.0
            while not log.has(frame) and time.monotonic() < waited:
                time.sleep(0.001)  # a tick does not wait for what sensors have to say
    finally:
        world.remove_on_tick(listener)
        for sensor in sensors:
            sensor.stop()
        car.set_autopilot(False, manager.get_port())
        world.tick()  # callbacks that are under way have ended when it returns
        time.sleep(0.2)
        client.apply_batch_sync([DestroyActor(x) for x in (*sensors, car)], True)
        manager.shut_down()
        world.apply_settings(before)
    log.write(a.out)
    print(f"{len(log.frames)} frames, {len(log.events)} events, {len(log.sweeps)} sweeps: {a.out}")


if __name__ == "__main__":
    main()
