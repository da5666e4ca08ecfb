"""Programs that act on actors and ask about the world: nothing but the plain ``carla`` client.

``python acting.py NAME HOST:PORT`` runs one and prints what it saw as a line of JSON.
"""

from __future__ import annotations

import json
import math
import os
import sys

import carla
from carla.command import (
    ApplyAngularImpulse,
    ApplyForce,
    ApplyImpulse,
    ApplyTargetAngularVelocity,
    ApplyTargetVelocity,
    ApplyTorque,
    ApplyTransform,
    ApplyVehicleAckermannControl,
    ApplyVehicleControl,
    ApplyVehiclePhysicsControl,
    ApplyWalkerControl,
    ApplyWalkerState,
    DestroyActor,
    FutureActor,
    SetAutopilot,
    SetEnableGravity,
    SetSimulatePhysics,
    SetVehicleLightState,
    SpawnActor,
)
from programs import cars, connect, error_of, fresh

STEP_S = 0.05


def ticks(world, count):
    for _ in range(count):
        world.tick()


def one_car(world, point=0, model="vehicle.tesla.model3"):
    place = world.get_map().get_spawn_points()[point]
    car = world.spawn_actor(world.get_blueprint_library().find(model), place)
    world.tick()
    return car, place


def ackermann(client):
    """A car under Ackermann control reaches its speed, and stops."""
    world = fresh(client)
    car, place = one_car(world)
    before = car.get_ackermann_controller_settings()
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=5.0, acceleration=3.0))
    ticks(world, 200)
    fast = car.get_velocity().length()
    settings = carla.AckermannControllerSettings(0.2, 0.01, 0.2, 0.02, 0.0, 0.01)
    car.apply_ackermann_controller_settings(settings)
    car.apply_ackermann_control(carla.VehicleAckermannControl(steer=0.0, speed=0.0))
    ticks(world, 300)
    kept = car.get_ackermann_controller_settings()
    return {
        "speed_kp": before.speed_kp,
        "speed_mps": fast,
        "stopped_mps": car.get_velocity().length(),
        "went_ahead": car.get_location().distance(place.location) > 5.0,
        "kept": [kept.speed_kp, kept.speed_ki, kept.accel_kp],
    }


def pushes(client):
    """Blows, forces, and velocities that are set or held."""
    world = fresh(client)
    car, place = one_car(world)
    mass, ahead = car.get_physics_control().mass, place.get_forward_vector()
    report = {}

    def still():
        car.set_target_velocity(carla.Vector3D())
        car.set_target_angular_velocity(carla.Vector3D())
        car.set_transform(place)
        ticks(world, 2)

    car.add_impulse(ahead * mass * 3.0)
    world.tick()
    report["impulse_mps"] = car.get_velocity().length()
    still()
    for _ in range(20):
        car.add_force(ahead * mass * 3.0)
        world.tick()
    report["force_mps"] = car.get_velocity().length()
    still()
    car.set_target_angular_velocity(carla.Vector3D(z=40.0))
    world.tick()
    report["turn_degps"] = car.get_angular_velocity().z
    still()
    car.enable_constant_velocity(carla.Vector3D(x=6.0))
    car.apply_control(carla.VehicleControl(brake=1.0))
    start = car.get_location()
    ticks(world, 20)
    report["held_m"] = car.get_location().distance(start)
    report["held_mps"] = car.get_velocity().length()
    car.disable_constant_velocity()
    ticks(world, 60)
    report["let_go_mps"] = car.get_velocity().length()
    car.add_angular_impulse(carla.Vector3D(z=10.0))
    car.add_torque(carla.Vector3D(z=10.0))
    car.set_enable_gravity(False)
    car.set_collisions(False)
    car.open_door(carla.VehicleDoor.All)
    car.close_door(carla.VehicleDoor.FL)
    car.set_wheel_steer_direction(carla.VehicleWheelLocation.FL_Wheel, 10.0)
    car.apply_control(carla.VehicleControl(steer=0.5))
    ticks(world, 20)
    report["wheel_deg"] = car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
    report["rear_wheel_deg"] = car.get_wheel_steer_angle(carla.VehicleWheelLocation.BL_Wheel)
    report["bones"] = [car.get_bone_names(), car.get_component_names(), car.get_socket_names()]
    report["failure"] = str(car.get_failure_state())
    return report


def physics(client):
    """Physics read, written, and felt; telemetry."""
    world = fresh(client)
    car, place = one_car(world)
    record = car.get_physics_control()
    mass, record.mass = record.mass, 2.0 * record.mass
    wheels = record.wheels
    for wheel in wheels:
        wheel.tire_friction = 0.3
    record.wheels = wheels
    car.apply_physics_control(record)
    world.tick()
    kept = car.get_physics_control()
    car.set_target_velocity(place.get_forward_vector() * 8.0)
    car.apply_control(carla.VehicleControl(brake=1.0))
    ticks(world, 200)
    slid = car.get_location().distance(place.location)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    ticks(world, 20)
    seen = car.get_telemetry_data()
    return {
        "mass_ratio": kept.mass / mass,
        "friction": kept.wheels[0].tire_friction,
        "slid_m": slid,
        "telemetry_speed_error": abs(seen.speed - car.get_velocity().length()),
        "throttle": seen.throttle,
        "wheels": len(seen.wheels),
    }


def walkers(client):
    """Walkers by control, state and batch; one is run over."""
    world = fresh(client)
    library = world.get_blueprint_library()
    model = library.find("walker.pedestrian.0005")
    model.set_attribute("is_invincible", "false")
    points = world.get_map().get_spawn_points()
    walker = world.spawn_actor(model, points[0])
    ticks(world, 30)
    start = walker.get_location()
    walker.apply_control(carla.WalkerControl(carla.Vector3D(1, 0, 0), 1.5, False))
    ticks(world, 40)
    walked = walker.get_location() - start
    control = walker.get_control()
    speed = walker.get_velocity().length()
    walker.apply_control(carla.WalkerControl(carla.Vector3D(), 0.0, True))
    heights = []
    for _ in range(30):
        world.tick()
        heights.append(walker.get_location().z - start.z)
    soles = carla.Transform(start - carla.Location(z=walker.bounding_box.extent.z))
    client.apply_batch_sync([ApplyWalkerState(walker, soles, 0.0)])
    world.tick()
    led = walker.get_location().distance(start)
    client.apply_batch_sync([ApplyWalkerControl(walker, carla.WalkerControl())])
    bones = walker.get_bones().bone_transforms
    # A car runs it over.
    behind = carla.Transform(start, points[0].rotation)
    behind.location -= points[0].get_forward_vector() * 15.0
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), behind)
    sensor = world.spawn_actor(
        library.find("sensor.other.collision"), carla.Transform(), attach_to=car
    )
    events = []
    sensor.listen(lambda e: events.append((e.other_actor.id, e.other_actor.type_id)))
    world.tick()
    car.set_target_velocity(points[0].get_forward_vector() * 12.0)
    for _ in range(60):
        car.apply_control(carla.VehicleControl(throttle=0.8))
        world.tick()
    thrown = walker.get_location().distance_2d(start)
    sensor.stop()
    ids, tall = [walker.id, walker.type_id], walker.bounding_box.extent.z
    gone = walker.destroy()
    world.tick()
    return {
        "walked_m": [walked.x, walked.y],
        "control_mps": control.speed,
        "speed_mps": speed,
        "highest_m": max(heights),
        "landed_m": heights[-1],
        "led_m": led,
        "bones": len(bones),
        "extent_z": tall,
        "age": model.get_attribute("age").as_str(),
        "speeds": list(model.get_attribute("speed").recommended_values),
        "hit": ids in [list(e) for e in events],
        "thrown_m": thrown,
        "destroyed": gone,
        "left": len(world.get_actors().filter("walker.*")),
    }


def things(client):
    """Props, rays, objects, boxes, names."""
    world = fresh(client)
    car, place = one_car(world)
    library = world.get_blueprint_library()
    ahead = place.get_forward_vector()
    spot = carla.Transform(place.location + ahead * 12.0, place.rotation)
    spot.location.z -= 0.5
    wall = world.spawn_actor(library.find("static.prop.streetbarrier"), spot)
    world.tick()
    eye = car.get_location() + ahead * 4.0 + carla.Location(z=0.5)
    points = world.cast_ray(eye, eye + ahead * 30.0)
    down = world.ground_projection(eye + carla.Location(z=2.0), 20.0)
    forward = world.project_point(eye, ahead, 30.0)
    nothing = world.project_point(eye + carla.Location(z=50.0), ahead, 5.0)
    any_label = carla.CityObjectLabel.Any
    boxes = world.get_level_bbs(carla.CityObjectLabel.Car)
    world.enable_environment_objects({1, 2}, False)
    lights = world.get_environment_objects(carla.CityObjectLabel.TrafficLight)
    car.set_target_velocity(ahead * 10.0)
    ticks(world, 60)
    return {
        "ray": [str(p.label) for p in points],
        "ray_m": points[0].location.distance(eye) if points else None,
        "ground": str(down.label) if down else None,
        "ground_z": down.location.z - place.location.z if down else None,
        "forward": str(forward.label) if forward else None,
        "nothing": nothing is None,
        "car_boxes": len(boxes),
        "car_box_owner": boxes[0].actor_id == car.id if boxes else None,
        "light_objects": len(lights),
        "objects": len(world.get_environment_objects(any_label)),
        "names": len(world.get_names_of_all_objects()),
        "stopped_before_m": car.get_location().distance_2d(spot.location)
        - car.bounding_box.extent.x,
        "wall_moved_m": wall.get_location().distance_2d(spot.location),
        "wall_gone": wall.destroy(),
    }


def map_and_lights(client):
    """Lights and landmarks by waypoint, junction and id; signs as actors; stop waypoints."""
    world = fresh(client)
    world.tick()
    road = world.get_map()
    lights = world.get_actors().filter("traffic.traffic_light")
    light = sorted(lights, key=lambda a: a.id)[0]
    stop = light.get_stop_waypoints()[0]
    before = (stop.previous(10.0) or [stop])[0]
    by_waypoint = [a.id for a in world.get_traffic_lights_from_waypoint(before, 40.0)]
    affected = light.get_affected_lane_waypoints()
    inside = stop.next(8.0)[0]
    junction = inside.get_junction()
    in_junction = world.get_traffic_lights_in_junction(junction.id) if junction else []
    marks = before.get_landmarks_of_type(40.0, "1000001", False)
    by_mark = world.get_traffic_light(marks[0]).id if marks else None
    signs = [a for a in world.get_actors().filter("traffic.*") if "light" not in a.type_id]
    of_mark = [
        found.id
        for m in road.get_all_landmarks()
        if m.type in ("205", "206", "274") and (found := world.get_traffic_sign(m)) is not None
    ]
    light.freeze(True)
    world.tick()
    frozen = light.is_frozen()
    light.freeze(False)
    light.reset_group()
    world.reset_all_traffic_lights()
    world.tick()
    return {
        "by_waypoint": light.id in by_waypoint,
        "affected": len(affected),
        "junction": junction is not None,
        "in_junction": light.id in [a.id for a in in_junction],
        "by_mark": by_mark in [a.id for a in light.get_group_traffic_lights()],
        "signs": sorted({a.type_id for a in signs}),
        "sign_ids": sorted(a.id for a in signs),
        "of_mark": sorted(set(of_mark)),
        "trigger_m": [a.trigger_volume.extent.x for a in signs],
        "light_boxes": len(light.get_light_boxes()),
        "pole": light.get_pole_index(),
        "frozen": frozen,
        "crosswalk_points": len(road.get_crosswalks()),
    }


def every_command(client):
    """Each command of a batch once, those of a car also after its spawn."""
    world = fresh(client)
    library = world.get_blueprint_library()
    points = world.get_map().get_spawn_points()
    v, model = carla.Vector3D(x=1.0), library.find("vehicle.tesla.model3")
    record = one_car(world, 20)[0].get_physics_control()
    of_car = [
        lambda a: ApplyVehicleControl(a, carla.VehicleControl(throttle=0.5)),
        lambda a: ApplyVehicleAckermannControl(a, carla.VehicleAckermannControl(speed=3.0)),
        lambda a: ApplyVehiclePhysicsControl(a, record),
        lambda a: ApplyTransform(a, points[3]),
        lambda a: ApplyTargetVelocity(a, v),
        lambda a: ApplyTargetAngularVelocity(a, v),
        lambda a: ApplyImpulse(a, v),
        lambda a: ApplyForce(a, v),
        lambda a: ApplyAngularImpulse(a, v),
        lambda a: ApplyTorque(a, v),
        lambda a: SetSimulatePhysics(a, True),
        lambda a: SetEnableGravity(a, True),
        lambda a: SetAutopilot(a, False),
        lambda a: SetVehicleLightState(a, carla.VehicleLightState.LowBeam),
    ]
    spawn = SpawnActor(model, points[0])
    for command in of_car:
        spawn = spawn.then(command(FutureActor))
    of_walker = [
        lambda a: ApplyWalkerControl(a, carla.WalkerControl(v, 1.0, False)),
        lambda a: ApplyWalkerState(a, points[5], 1.0),
    ]
    pedestrian = SpawnActor(library.find("walker.pedestrian.0001"), points[5])
    for command in of_walker:
        pedestrian = pedestrian.then(command(FutureActor))
    made = client.apply_batch_sync([spawn, pedestrian], True)
    car, walker = (r.actor_id for r in made)
    after = client.apply_batch_sync(
        [c(car) for c in of_car] + [c(walker) for c in of_walker] + [DestroyActor(walker)], True
    )
    lights = world.get_actor(car).get_light_state()
    return {
        "spawned": [r.error for r in made],
        "errors": [r.error for r in after],
        "lights": str(lights) == str(carla.VehicleLightState.LowBeam),
        "near_m": world.get_actor(car).get_location().distance_2d(points[3].location),
    }


def no_ops(client):
    """What is accepted without effect, and what is refused with a reason."""
    world = fresh(client)
    car, _ = one_car(world)
    debug = world.debug
    here = car.get_location()
    debug.draw_point(here)
    debug.draw_line(here, here + carla.Location(x=1))
    debug.draw_arrow(here, here + carla.Location(x=1))
    debug.draw_box(carla.BoundingBox(here, carla.Vector3D(1, 1, 1)), carla.Rotation())
    debug.draw_string(here, "here")
    world.load_map_layer(carla.MapLayer.Buildings)
    world.unload_map_layer(carla.MapLayer.All)
    lamps = world.get_lightmanager()
    lamps.turn_on(lamps.get_all_lights())
    gravity = world.get_imui_sensor_gravity()
    world.set_imui_sensor_gravity(1.62)
    moon = world.get_imui_sensor_gravity()
    world.set_imui_sensor_gravity(gravity)
    world.set_annotations_traverse_translucency(True)
    texture = carla.TextureColor(1, 1)
    world.apply_color_texture_to_object("x", carla.MaterialParameter.Diffuse, texture)
    car.show_debug_telemetry(True)
    return {
        "lamps": len(lamps.get_all_lights()),
        "gravity": [gravity, moon],
        "carsim": error_of(car.enable_carsim, ""),
        "pitch": error_of(car.get_wheel_pitch_angle, carla.VehicleWheelLocation.FL_Wheel),
        "recorder": error_of(client.start_recorder, "x.rec"),
        "files": client.get_required_files("", False),
        "alive": world.tick() > 0,
    }


def recorder(client):
    """A recording is made, asked about, and played back."""
    world = fresh(client)
    model = cars(world)[0]
    model.set_attribute("role_name", "hero")
    place = world.get_map().get_spawn_points()[0]
    path = client.start_recorder("drive.rec", True)
    car = world.spawn_actor(model, place)
    world.tick()
    car.apply_control(carla.VehicleControl(throttle=0.6))
    track = []
    for _ in range(100):
        world.tick()
        where = car.get_location()
        track.append((where.x, where.y))
    client.stop_recorder()
    info = client.show_recorder_file_info("drive.rec", False)
    blocked = client.show_recorder_actors_blocked("drive.rec", 1.0, 10.0)
    hits = client.show_recorder_collisions("drive.rec", "a", "a")
    world = client.reload_world(False)
    world.tick()
    client.set_replayer_time_factor(1.0)
    client.set_replayer_ignore_hero(False)
    client.set_replayer_ignore_spectator(True)
    said = client.replay_file("drive.rec", 1.0, 3.0, 0)
    errors = []
    for k in range(40):
        world.tick()
        (ghost,) = world.get_actors().filter("vehicle.*")
        where = ghost.get_location()
        errors.append(math.dist(track[20 + k], (where.x, where.y)))
    client.stop_replayer(False)
    world.tick()
    return {
        "path": path,
        "info": info.split("\n")[:6],
        "frames": "Frames: " in info,
        "blocked": "Duration" in blocked,
        "hits": "Actor 1" in hits,
        "said": said.split("\n")[0],
        "largest_error_m": max(errors),
        "left": len(world.get_actors().filter("vehicle.*")),
        "outside": error_of(client.start_recorder, "../x.rec"),
        "absolute": error_of(client.show_recorder_file_info, "/etc/passwd", False),
    }


def main():
    name, address = sys.argv[1:]
    report = globals()[name](connect(address))
    print(json.dumps(report), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
