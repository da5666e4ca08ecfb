"""What CARLA's own smoke tests ask of a server, as far as it needs no pictures.

``python smoke.py NAME HOST:PORT`` runs one and prints what it saw as a line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys

import carla
from carla.command import DestroyActor, SpawnActor
from programs import connect, fresh

ONE_LIGHT = """<?xml version="1.0"?>
<OpenDRIVE>
  <header revMajor="1" revMinor="4" name="one light" version="1.0"/>
  <road name="straight" length="80" id="1" junction="-1">
    <planView><geometry s="0" x="0" y="0" hdg="0" length="80"><line/></geometry></planView>
    <lanes><laneSection s="0">
      <center><lane id="0" type="none"/></center>
      <right><lane id="-1" type="driving">
        <width sOffset="0" a="3.5" b="0" c="0" d="0"/>
      </lane></right>
    </laneSection></lanes>
    <signals>
      <signal id="10" s="40" t="-5" zOffset="0" orientation="+" dynamic="yes" name="light"
          country="OpenDRIVE" type="1000001" subtype="-1" value="-1" height="1" width="1">
        <validity fromLane="-1" toLane="-1"/>
      </signal>
    </signals>
  </road>
  <controller name="c" id="100"><control signalId="10" type="0"/></controller>
</OpenDRIVE>"""


def snapshot(client):
    """Any vehicle stands where it was spawned, and every actor is in the snapshot."""
    world = fresh(client)
    random.seed(3)
    models = list(world.get_blueprint_library().filter("vehicle.*"))
    points = world.get_map().get_spawn_points()[:20]
    made = client.apply_batch_sync([SpawnActor(random.choice(models), p) for p in points], True)
    frame = world.tick()
    seen = world.get_snapshot()
    off = []
    for answer, point in zip(made, points, strict=True):
        at = seen.find(answer.actor_id).get_transform()
        off.append(at.location.distance_2d(point.location))
        off.append(abs((at.rotation.yaw - point.rotation.yaw + 180.0) % 360.0 - 180.0))
    client.apply_batch_sync([DestroyActor(a.actor_id) for a in made], True)
    return {
        "errors": [a.error for a in made if a.error],
        "frame": frame == seen.timestamp.frame,
        "all": all(seen.has_actor(a.id) for a in world.get_actors()),
        "largest_error": max(off),
    }


def steps(client):
    """Fixed steps in asynchronous mode are what was asked for, in every frame."""
    world = client.reload_world()
    settings = world.get_settings()
    errors = []
    for step in (0.1, 0.066667, 0.05, 0.033333, 0.016667):
        settings.fixed_delta_seconds = step
        world.apply_settings(settings)
        errors += [abs(world.wait_for_tick().timestamp.delta_seconds - step) for _ in range(8)]
    settings.fixed_delta_seconds = None
    world.apply_settings(settings)
    return {"largest_error": max(errors)}


def maps(client):
    """Every built-in map: spawn points on lanes, a topology, waypoints that lead on."""
    first = client.get_world().get_map().name.rpartition("/")[2]
    found = {}
    for name in [n for n in client.get_available_maps() if "Town" not in n]:
        road = client.load_world(name).get_map()
        points = road.get_spawn_points()
        on = [road.get_waypoint(p.location, project_to_road=False) is not None for p in points]
        walk = list(road.generate_waypoints(5.0))[:100]
        for _ in range(10):
            walk = [w.next(4.0)[0] for w in walk if w.next(4.0)]
        found[name.rpartition("/")[2]] = {
            "name": road.name.rpartition("/")[2],
            "points": len(points),
            "on_lanes": all(on),
            "topology": len(road.get_topology()),
            "led_on": len(walk),
        }
    client.load_world(first)
    return found


def props(client):
    """Every prop can be spawned."""
    world = fresh(client)
    models = world.get_blueprint_library().filter("static.prop.*")
    points = world.get_map().get_spawn_points()
    made = client.apply_batch_sync(
        [SpawnActor(m, points[k % len(points)]) for k, m in enumerate(models)], True
    )
    world.tick()
    seen = len(world.get_actors().filter("static.prop.*"))
    return {
        "models": len(models),
        "errors": [a.error for a in made if a.error],
        "seen": seen,
    }


def physics_records(client):
    """What is written to the physics of any model comes back."""
    world = fresh(client)
    point = world.get_map().get_spawn_points()[0]
    wrong = []
    for model in world.get_blueprint_library().filter("vehicle.*"):
        car = world.spawn_actor(model, point)
        world.tick()
        for drag, friction, stiffness in (
            (5.0, 3.5, 1000.0),
            (0.0, 0.0, 1000.0),
            (0.3, 5.0, 987.0),
        ):
            record = car.get_physics_control()
            record.drag_coefficient = drag
            wheels = record.wheels
            for wheel in wheels:
                wheel.tire_friction, wheel.long_stiff_value = friction, stiffness
            record.wheels = wheels
            car.apply_physics_control(record)
            world.tick()
            if _told(car.get_physics_control()) != _told(record):
                wrong.append(model.id)
        car.destroy()
        world.tick()
    return {"wrong": sorted(set(wrong))}


def _told(value):
    """A record as plain values, without the places of the wheels."""
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, list):
        return [_told(v) for v in value]
    names = ("x", "y", "z") if isinstance(value, (carla.Vector2D, carla.Vector3D)) else dir(value)
    return [
        _told(getattr(value, n))
        for n in names
        if not n.startswith("_") and n != "position" and hasattr(value, n)
    ]


def without_friction(client):
    """A car without friction and one without weight keep their speed."""
    world = fresh(client)
    points, model = world.get_map().get_spawn_points(), "vehicle.tesla.model3"
    blueprint = world.get_blueprint_library().find(model)
    kept = []
    for slippery in (True, False):
        car = world.spawn_actor(blueprint, points[0])
        world.tick()
        record = car.get_physics_control()
        record.drag_coefficient = 0.0
        if slippery:
            wheels = record.wheels
            for wheel in wheels:
                wheel.tire_friction = 0.0
            record.wheels = wheels
        car.apply_physics_control(record)
        car.set_enable_gravity(slippery)
        car.set_target_velocity(points[0].get_forward_vector() * 20.0)
        for _ in range(20):
            world.tick()
        kept.append(car.get_velocity().length())
        car.destroy()
        world.tick()
    return {"kept_mps": kept}


def lone_light(client):
    """A light outside junctions, in a world that the client brings."""
    first = client.get_world().get_map().name.rpartition("/")[2]
    world = client.generate_opendrive_world(ONE_LIGHT, carla.OpendriveGenerationParameters())
    world.wait_for_tick()
    (light,) = world.get_actors().filter("traffic.traffic_light*")
    times = [light.get_green_time(), light.get_yellow_time(), light.get_red_time()]
    shown = []
    for state in ("Green", "Yellow", "Red"):
        light.set_state(getattr(carla.TrafficLightState, state))
        world.wait_for_tick(10.0)
        shown.append(str(light.get_state()))
    report = {"id": light.get_opendrive_id(), "times": times, "shown": shown}
    client.load_world(first)
    return report


def main():
    name, address = sys.argv[1:]
    report = globals()[name](connect(address))
    print(json.dumps(report), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
