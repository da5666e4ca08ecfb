"""Every part that a profile names exists and is counted once."""

from __future__ import annotations

import json

from hdsim.server.profile import PARTS
from tests.server import storm


def test_shares_of_a_session_add_up(tmp_path):
    path = tmp_path / "profile.json"
    with storm.target(tmp_path / "log", "--profile", str(path)) as t, storm.connect(t) as sock:
        storm.ask(sock, "set_episode_settings", storm.SYNCHRONOUS)
        pose = [[0.0, 0.0, 5.0], [0.0, 0.0, 0.0]]
        car = storm.ask(sock, "spawn_actor", [0, "vehicle.tesla.model3", []], pose)[0][1][0]
        control = [[2, [car, [0.5, 0.0, 0.0, False, False, False, 0]]]]
        for _ in range(50):
            storm.ask(sock, "apply_batch", [control], False)
            storm.ask(sock, "tick_cue")
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["parts"] == list(PARTS)
    assert len(data["frames"]) >= 50
    first, last = data["frames"][-50], data["frames"][-1]
    *spent, cpu = (b - a for a, b in zip(first, last, strict=True))
    assert all(s > 0.0 for s in spent)
    assert sum(spent) <= cpu
