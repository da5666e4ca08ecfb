"""An agent that drives itself: route from the map, wheel by pure pursuit, pedals by a rule.

    python examples/foreign/agent.py --port 2000

Nothing but the plain ``carla`` client. The agent stops for red lights and for whatever stands on
its route; it plans over the map's lanes and does not change lanes.
"""

from __future__ import annotations

import argparse
import heapq
import math
from collections.abc import Iterator

import carla

STEP_S = 0.05
SPACING_M = 2.0
CRUISE_MPS = 8.0
COMFORT = 2.0  # sideways acceleration in bends [m/s^2]
BRAKE = 4.0  # what the agent counts on when it brakes [m/s^2]

Lane = tuple[int, int, int]


def lane_of(waypoint: carla.Waypoint) -> Lane:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def points_of(start: carla.Waypoint) -> list[carla.Waypoint]:
    """A lane from a waypoint to its end."""
    return [start, *start.next_until_lane_end(SPACING_M)]


def routes(start: carla.Waypoint) -> Iterator[tuple[float, list[carla.Waypoint]]]:
    """Shortest ways from a waypoint to the end of every lane in reach, nearest first (Dijkstra)."""
    done: set[Lane] = set()
    queue: list[tuple[float, int, carla.Waypoint, list]] = [(0.0, 0, start, [])]
    number = 0
    while queue:
        length, _, waypoint, way = heapq.heappop(queue)
        lane = lane_of(waypoint)
        if lane in done:
            continue
        done.add(lane)
        here = points_of(waypoint)
        way = way + here
        length += SPACING_M * len(here)
        yield length, way
        for following in here[-1].next(SPACING_M):
            number += 1
            heapq.heappush(queue, (length, number, following, way))


def a_route(start: carla.Waypoint, least_m: float) -> list[carla.Waypoint]:
    """The shortest route of at least a length that ends outside junctions."""
    for length, way in routes(start):
        if length >= least_m and not way[-1].is_junction:
            return way
    raise SystemExit(f"no lane ends {least_m:.0f} m or more from the start")


class Agent:
    """Drives a vehicle along a route."""

    def __init__(self, vehicle: carla.Vehicle, route: list[carla.Waypoint]) -> None:
        self.vehicle = vehicle
        self.route = [w.transform.location for w in route]
        self.at = 0
        physics = vehicle.get_physics_control()
        self.full_lock = math.radians(max(w.max_steer_angle for w in physics.wheels))
        front, *_, back = (w.position for w in physics.wheels)
        self.wheelbase = math.hypot(front.x - back.x, front.y - back.y) / 100.0

    @property
    def left_m(self) -> float:
        """Length of the route ahead."""
        return SPACING_M * (len(self.route) - 1 - self.at)

    def control(self, others: list[carla.Actor]) -> carla.VehicleControl:
        """What to do now."""
        transform, speed = self.vehicle.get_transform(), self.vehicle.get_velocity().length()
        here = transform.location
        while self.at + 1 < len(self.route) and (
            here.distance_2d(self.route[self.at + 1]) <= here.distance_2d(self.route[self.at])
        ):
            self.at += 1
        reach = min(self.at + round((4.0 + 0.4 * speed) / SPACING_M), len(self.route) - 1)
        aim = self.route[reach]
        bearing = math.atan2(aim.y - here.y, aim.x - here.x) - math.radians(transform.rotation.yaw)
        away = max(here.distance_2d(aim), 1.0)
        curvature = 2.0 * math.sin(bearing) / away
        steer = math.atan(curvature * self.wheelbase) / self.full_lock

        allowed = min(self.vehicle.get_speed_limit() / 3.6, CRUISE_MPS)
        allowed = min(allowed, math.sqrt(COMFORT / max(abs(curvature), 1e-3)))
        gap = min(self.gap(others), self.left_m)
        allowed = min(allowed, math.sqrt(2.0 * BRAKE * max(gap - 3.0, 0.0)))
        if self.vehicle.is_at_traffic_light():
            state = self.vehicle.get_traffic_light_state()
            if state != carla.TrafficLightState.Green:
                allowed = 0.0
        wanted = allowed - speed
        return carla.VehicleControl(
            throttle=min(max(0.5 * wanted, 0.0), 0.7),
            brake=min(max(-0.4 * wanted, 0.0), 1.0) if wanted < -0.3 or allowed == 0.0 else 0.0,
            steer=min(max(steer, -1.0), 1.0),
        )

    def gap(self, others: list[carla.Actor]) -> float:
        """Distance along the route to the nearest body on it [m]."""
        ahead = self.route[self.at : self.at + round(30.0 / SPACING_M)]
        nose = self.vehicle.bounding_box.extent.x
        for k, point in enumerate(ahead):
            for other in others:
                size = other.bounding_box.extent
                if other.get_location().distance_2d(point) < 1.0 + max(size.x, size.y) / 2.0:
                    return SPACING_M * k - nose - size.x
        return math.inf


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--metres", type=float, default=500.0, help="least length of the route")
    parser.add_argument("--seconds", type=float, default=240.0, help="longest drive")
    a = parser.parse_args()

    client = carla.Client(a.host, a.port)
    client.set_timeout(20.0)
    world = client.get_world()
    before = world.get_settings()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, STEP_S
    world.apply_settings(settings)
    road = world.get_map()
    model = world.get_blueprint_library().find("vehicle.tesla.model3")
    model.set_attribute("role_name", "hero")
    vehicle = next(
        made for p in road.get_spawn_points() if (made := world.try_spawn_actor(model, p))
    )
    try:
        world.tick()
        agent = Agent(vehicle, a_route(road.get_waypoint(vehicle.get_location()), a.metres))
        print(f"a route of {agent.left_m:.0f} m")
        farthest, stopped = 0.0, 0
        for tick in range(round(a.seconds / STEP_S)):
            others = [x for x in world.get_actors() if x.type_id.startswith(("vehicle", "walker"))]
            others = [x for x in others if x.id != vehicle.id]
            vehicle.apply_control(agent.control(others))
            world.tick()
            here = vehicle.get_location()
            on_lane = road.get_waypoint(here).transform.location
            farthest = max(farthest, here.distance_2d(on_lane))
            stopped += vehicle.get_velocity().length() < 0.1
            if agent.left_m < 8.0 and vehicle.get_velocity().length() < 0.1:
                print(
                    f"arrived after {tick * STEP_S:.0f} s, {stopped * STEP_S:.0f} s of it standing"
                )
                break
        else:
            print(f"did not arrive: {agent.left_m:.0f} m are left")
        print(f"never more than {farthest:.2f} m off the middle of a lane")
    finally:
        vehicle.destroy()
        world.apply_settings(before)


if __name__ == "__main__":
    main()
