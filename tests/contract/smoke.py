"""What CARLA's own smoke tests ask of a server, as far as it needs no pictures.

``python smoke.py NAME HOST:PORT`` runs one and prints what it saw as a line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import sys
import time

import carla
from carla.command import DestroyActor, SetAutopilot, SpawnActor
from programs import cars, connect, fresh, manager, synchronous

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


def spawn_points(client):
    """The shortest and the longest vehicle on all spawn points at once."""
    world = fresh(client)
    points = world.get_map().get_spawn_points()
    refused = {}
    for name in ("vehicle.bh.crossbike", "vehicle.carlamotors.firetruck"):
        model = world.get_blueprint_library().find(name)
        made = client.apply_batch_sync([SpawnActor(model, p) for p in points], True)
        refused[name] = sum(bool(a.error) for a in made)
        client.apply_batch_sync([DestroyActor(a.actor_id) for a in made if not a.error], True)
    return {"refused": refused}


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


def every_model_hits(client):
    """Any vehicle that runs into something has its collision sensor say so."""
    world = fresh(client)
    library = world.get_blueprint_library()
    point = world.get_map().get_spawn_points()[0]
    ahead = point.get_forward_vector()
    spot = carla.Transform(point.location + ahead * 9.0, point.rotation)
    world.spawn_actor(library.find("static.prop.streetbarrier"), spot)
    silent = []
    for model in library.filter("vehicle.*"):
        car = world.spawn_actor(model, point)
        sensor = world.spawn_actor(
            library.find("sensor.other.collision"), carla.Transform(), attach_to=car
        )
        events = []
        sensor.listen(events.append)
        world.tick()
        car.set_target_velocity(ahead * 10.0)
        for _ in range(30):
            world.tick()
        for _ in range(100):
            if events:
                break
            time.sleep(0.02)
        if not events:
            silent.append(model.id)
        sensor.stop()
        sensor.destroy()
        car.destroy()
        world.tick()
    return {"silent": silent}


def friction_volume(client):
    """A car without friction gets some in a trigger, and loses it behind it."""
    world = fresh(client)
    point = world.get_map().get_spawn_points()[0]
    ahead = point.get_forward_vector()
    trigger = world.get_blueprint_library().find("static.trigger.friction")
    for name, value in (("friction", 5.0), ("extent_x", 500.0), ("extent_y", 500.0)):
        trigger.set_attribute(name, str(value))
    trigger.set_attribute("extent_z", "500.0")
    world.spawn_actor(trigger, carla.Transform(point.location + ahead * 15.0, point.rotation))
    car = world.spawn_actor(cars(world)[0], point)
    world.tick()
    record = car.get_physics_control()
    wheels = record.wheels
    for wheel in wheels:
        wheel.tire_friction = 0.0
    record.wheels, record.drag_coefficient = wheels, 0.0
    car.apply_physics_control(record)
    car.set_target_velocity(ahead * 10.0)
    frictions = []
    for _ in range(60):
        world.tick()
        told = car.get_physics_control().wheels[0].tire_friction
        if not frictions or abs(frictions[-1] - told) > 1e-3:
            frictions.append(told)
        car.set_target_velocity(ahead * 10.0)
    return {"frictions": frictions}


def crashes(client):
    """Two cars collide three times over, the same way each time."""
    digests = []
    for _ in range(3):
        world = fresh(client)
        model = cars(world)[0]
        point = world.get_map().get_spawn_points()[0]
        ahead = point.get_forward_vector()
        one = world.spawn_actor(model, point)
        place = carla.Transform(point.location + ahead * 20.0, point.rotation)
        place.location += point.get_right_vector() * 0.7
        place.rotation.yaw += 180.0
        other = world.spawn_actor(model, place)
        world.tick()
        one.set_target_velocity(ahead * 12.0)
        other.set_target_velocity(ahead * -8.0)
        digest = hashlib.sha256()
        for _ in range(80):
            world.tick()
            for car in (one, other):
                t, v = car.get_transform(), car.get_velocity()
                digest.update(f"{t.location} {t.rotation} {v}".encode())
        digests.append(digest.hexdigest())
    return {"digests": digests, "turned_deg": abs(one.get_transform().rotation.yaw)}


def large_vehicle(client):
    """The Traffic Manager drives the longest vehicles with sane controls."""
    world = fresh(client)
    tm, seen = manager(client), {}
    library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
    names = ("carlamotors.firetruck", "mercedes.sprinter", "mitsubishi.fusorosa")
    trucks = [
        world.spawn_actor(library.find(f"vehicle.{n}"), p)
        for n, p in zip(names, points[::9], strict=False)
    ]
    world.tick()
    client.apply_batch_sync([SetAutopilot(t.id, True, tm.get_port()) for t in trucks])
    start = [t.get_location() for t in trucks]
    values = []
    for _ in range(200):
        world.tick()
        for truck in trucks:
            control = truck.get_control()
            values += [control.steer, control.throttle, control.brake]
    seen["sane"] = all(math.isfinite(v) and -1.0 <= v <= 1.0 for v in values)
    seen["moved_m"] = [t.get_location().distance(s) for t, s in zip(trucks, start, strict=True)]
    tm.shut_down()
    return seen


def replayed(client):
    """What a Traffic Manager drove is played back by new actors of the same kinds, all finite."""
    world = fresh(client)
    tm, points = manager(client), world.get_map().get_spawn_points()
    client.start_recorder("managed.rec", True)
    world.tick()
    models = cars(world)[:3]
    driven = [world.spawn_actor(m, points[7 * k]) for k, m in enumerate(models)]
    client.apply_batch_sync([SetAutopilot(a.id, True, tm.get_port()) for a in driven])
    for _ in range(50):
        world.tick()
    client.stop_recorder()
    for actor in driven:
        actor.destroy()
    for _ in range(3):
        world.tick()
    empty = len(world.get_actors().filter("vehicle.*"))
    client.replay_file("managed.rec", 0.0, 0.0, 0)
    kinds, finite = set(), True
    for _ in range(40):
        world.tick()
        for ghost in world.get_actors().filter("vehicle.*"):
            kinds.add(ghost.type_id)
            v, where = ghost.get_velocity(), ghost.get_location()
            finite &= all(map(math.isfinite, (v.x, v.y, v.z, where.x, where.y, where.z)))
    client.stop_replayer(False)
    tm.shut_down()
    return {
        "empty": empty,
        "kinds": sorted(kinds),
        "driven": [m.id for m in models],
        "finite": finite,
    }


def geography(client):
    """Places to geographic coordinates and back."""
    road, errors = client.get_world().get_map(), []
    for x, y, z in ((0, 0, 0), (300, -200, 5), (-450, 120, 20), (10, 10, 3000)):
        there = road.transform_to_geolocation(carla.Location(x, y, z))
        back = road.geolocation_to_transform(there)
        errors.append(math.dist((x, y, z), (back.x, back.y, back.z)))
    return {"largest_error_m": max(errors)}


def give_way(client):
    """The Traffic Manager stops at stop signs, and at yield signs if somebody comes."""
    first = client.get_world().get_map().name.rpartition("/")[2]
    synchronous(client.get_world())
    world = client.load_world("roundabout", False)
    road, tm = world.get_map(), manager(client)
    seen = {}
    for kind in ("stop", "yield"):
        stood, shown = [], 0
        for sign in list(world.get_actors().filter(f"traffic.{kind}"))[:1]:
            box = sign.trigger_volume
            line = road.get_waypoint(sign.get_transform().transform(box.location))
            start = line.previous(40.0)[0].transform
            start.location.z += 0.3
            car = world.spawn_actor(cars(world)[0], start)
            world.tick()
            car.set_autopilot(True, tm.get_port())
            still, red, farthest = 0, 0, 1e9
            for _ in range(300):
                world.tick()
                farthest = min(farthest, line.transform.location.distance(car.get_location()))
                near = line.transform.location.distance(car.get_location()) < 12.0
                still += near and car.get_velocity().length() < 0.1
                red += str(car.get_traffic_light_state()) == "Red"
                shown += car.is_at_traffic_light()
            stood.append(still * 0.05)
            seen.setdefault(f"{kind} passed", []).append(farthest < 6.0)
            seen.setdefault(f"{kind} red", []).append(red)
            car.set_autopilot(False, tm.get_port())
            car.destroy()
            world.tick()
        seen[f"{kind} stood_s"], seen[f"{kind} lights"] = stood, shown
    tm.shut_down()
    client.load_world(first, False)
    return seen


def main():
    name, address = sys.argv[1:]
    report = globals()[name](connect(address))
    print(json.dumps(report), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
