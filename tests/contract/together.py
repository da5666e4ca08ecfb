"""Programs of several clients at once, each a process: nothing but the plain ``carla`` client.

``python together.py NAME HOST:PORT [ARGUMENT]`` runs one and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import carla
from carla.command import DestroyActor, FutureActor, SetAutopilot, SpawnActor
from programs import TM_PORT_BASE, cars, connect, fresh, synchronous

ADDRESS = []


def another(name, *arguments):
    """Starts a program of this file as a client of its own."""
    return subprocess.Popen(
        [sys.executable, __file__, name, ADDRESS[0], *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process):
    return json.loads(process.stdout.readline())


def _in_a_row(frames):
    return frames == list(range(frames[0], frames[0] + len(frames)))


def listening(client):
    """One process ticks, three listen: all see the same frames and the same car."""
    world = fresh(client)
    car = world.spawn_actor(cars(world)[0], world.get_map().get_spawn_points()[0])
    world.tick()
    listeners = [another("listen", car.id, 40) for _ in range(3)]
    ready = [said(process) for process in listeners]
    car.apply_control(carla.VehicleControl(throttle=0.5))
    track = {}
    for _ in range(60):
        frame = world.tick()
        track[frame] = car.get_location().x
        time.sleep(0.01)
    heard = [said(process) for process in listeners]
    for process in listeners:
        process.wait(20)
    return {
        "ready": ready,
        "frames": [len(h) for h in heard],
        "in_a_row": [_in_a_row([*map(int, h)]) for h in heard],
        "agree": all(
            abs(track[int(f)] - x) < 1e-6 for h in heard for f, x in h.items() if int(f) in track
        ),
    }


def listen(client, car, count):
    world = client.get_world()
    seen = {}

    def note(snapshot):
        if len(seen) < int(count):
            seen[snapshot.frame] = snapshot.find(int(car)).get_transform().location.x

    number = world.on_tick(note)
    print(json.dumps(True), flush=True)
    give_up = time.monotonic() + 20.0
    while len(seen) < int(count) and time.monotonic() < give_up:
        time.sleep(0.01)
    world.remove_on_tick(number)
    return seen


def vanishing(client):
    """Clients that die in the middle of a step leave their actors, and nothing stops."""
    world = fresh(client)
    left = []
    for k in range(3):
        process = another("vanish", k)
        left.append(said(process))
        process.wait(20)
    frames = [world.tick() for _ in range(50)]
    present = [world.get_actor(i) is not None for i in left]
    client.apply_batch_sync([DestroyActor(i) for i in left], True)
    return {
        "in_a_row": _in_a_row(frames),
        "present": present,
        "port_is_free_again": client.get_trafficmanager(TM_PORT_BASE - 1).get_port() > 0,
        "left": len(world.get_actors().filter("vehicle.*")),
    }


def vanish(client, number):
    """Drives with a Traffic Manager of its own, then dies between a cue and its frame."""
    import threading

    world = client.get_world()
    tm = client.get_trafficmanager(TM_PORT_BASE - 1)
    tm.set_synchronous_mode(True)
    place = world.get_map().get_spawn_points()[10 * int(number)]
    car = world.spawn_actor(cars(world)[0], place)
    world.tick()
    car.set_autopilot(True, tm.get_port())
    for _ in range(20):
        world.tick()
    print(json.dumps(car.id), flush=True)
    threading.Thread(target=lambda: [world.tick() for _ in range(100)], daemon=True).start()
    time.sleep(0.02)
    os._exit(0)


def managed_elsewhere(client):
    """A Traffic Manager of another process drives this one's cars, in asynchronous mode."""
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode = False
    settings.fixed_delta_seconds = None
    world.apply_settings(settings)
    world = client.reload_world()
    process = another("manage")
    port = said(process)
    points, model = world.get_map().get_spawn_points(), cars(world)[0]
    made = client.apply_batch_sync(
        [SpawnActor(model, p).then(SetAutopilot(FutureActor, True, port)) for p in points[:40:10]]
    )
    ids = [r.actor_id for r in made if not r.error]
    world.wait_for_tick(10.0)
    starts = {i: world.get_actor(i).get_location() for i in ids}
    first = world.get_snapshot().frame
    moved = 0
    for _ in range(600):
        world.wait_for_tick(10.0)
        moved = sum(world.get_actor(i).get_location().distance(starts[i]) > 5.0 for i in ids)
        if moved == len(ids):
            break
    frames = world.get_snapshot().frame - first
    client.apply_batch_sync([DestroyActor(i) for i in ids])
    process.stdin.close()
    process.wait(20)
    return {"vehicles": len(ids), "moved": moved, "frames": frames}


def manage(client):
    port = TM_PORT_BASE - 3
    client.get_trafficmanager(port)
    print(json.dumps(port), flush=True)
    sys.stdin.read()
    os._exit(0)


def changing_maps(client):
    """The map is changed while another client listens; both go on."""
    world = client.get_world()
    first = world.get_map().name.rpartition("/")[2]
    synchronous(world)
    listener = connect(ADDRESS[0]).get_world()
    heard = []
    listener.on_tick(lambda snapshot: heard.append(snapshot.frame))
    names, frames = [], []
    for name in ("motorway", first):
        world = client.load_world(name, reset_settings=False)
        frames += [world.tick() for _ in range(10)]
        names.append(world.get_map().name.rpartition("/")[2])
        car = world.spawn_actor(cars(world)[0], world.get_map().get_spawn_points()[0])
        frames.append(world.tick())
        car.destroy()
    time.sleep(0.3)
    return {
        "names": names,
        "frames_grow": frames == sorted(set(frames)),
        "heard": len(set(frames) & set(heard)),
        "ticked": len(frames),
    }


def main():
    name, address, *arguments = sys.argv[1:]
    ADDRESS.append(address)
    report = globals()[name](connect(address), *arguments)
    print(json.dumps(report), flush=True)
    # The client's threads may still be at work; nothing is left to wait for.
    os._exit(0)


if __name__ == "__main__":
    main()
