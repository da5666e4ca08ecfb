"""The lock file: compiled guidance that a team commits, so that later runs drive by the same.

``hdsim guidance lock`` writes it; ``guidance: {lock: guidance.lock.json}`` in ``hdsim.yaml`` makes
every later compilation take its schedules from there, asking no model and reading no table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hdsim.core.errors import InputError
from hdsim.driver.profile import DriverProfile
from hdsim.guidance.schedule import Mode, Schedule

VERSION = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """Locked schedules.

    Attributes:
        source: The file, for messages; empty where nothing is locked.
        schedules: In the order of the file.
    """

    source: str = ""
    schedules: tuple[Schedule, ...] = ()

    def find(self, profile: DriverProfile, mode: Mode) -> Schedule | None:
        """The locked schedule of a profile.

        One compiled from the tables stands for ``offline`` alone, one by a model for ``cached``
        and ``live``.

        Returns:
            ``None`` where nothing is locked, and for a profile that is to be compiled from the
            tables and is not in the file: tables need no model to say the same again.

        Raises:
            InputError: If the profile was changed since, or a model's schedule is missing.
        """
        by_model = mode != "offline"
        same = [s for s in self.schedules if s.name == profile.name]
        fitting = [s for s in same if (s.mode != "offline") == by_model]
        if not self.source or (not fitting and not by_model):
            return None
        again = f"lock it again: hdsim guidance lock {profile.name} --guidance {mode}"
        if not fitting:
            raise InputError(self.source, value=profile.name, expected=f"a locked profile; {again}")
        if fitting[0].profile != profile:
            raise InputError(
                self.source, value=profile.name, expected=f"the profile as it was locked; {again}"
            )
        return fitting[0]

    def with_schedules(self, schedules: Sequence[Schedule]) -> Lock:
        """With schedules added, in place of those of the same profile and kind."""
        kept = {(s.name, s.mode != "offline"): s for s in self.schedules}
        kept |= {(s.name, s.mode != "offline"): s for s in schedules}
        return Lock(self.source, tuple(kept[key] for key in sorted(kept)))

    def write(self, path: Path) -> None:
        """Writes the file; the same schedules give the same bytes."""
        entries = [
            {"sha256": _digest(s), "schedule": json.loads(s.to_json())} for s in self.schedules
        ]
        text = json.dumps({"schema": VERSION, "schedules": entries}, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


def read_lock(path: Path) -> Lock:
    """A lock file.

    Raises:
        InputError: If it is missing, is no lock file, or a schedule was changed by hand.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != VERSION:
            raise InputError(str(path), "schema", data["schema"], str(VERSION))
        entries = [(entry["sha256"], entry["schedule"]) for entry in data["schedules"]]
    except OSError as error:
        raise InputError(str(path), expected=f"a readable file ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(str(path), expected="a lock file of hdsim guidance lock") from None
    schedules = []
    for i, (digest, raw) in enumerate(entries):
        schedule = Schedule.from_json(json.dumps(raw), str(path))
        if _digest(schedule) != digest:
            raise InputError(
                str(path),
                f"schedules[{i}]",
                schedule.name,
                "a schedule as it was locked; lock it again instead of changing it",
            )
        schedules.append(schedule)
    return Lock(str(path), tuple(schedules))


def _digest(schedule: Schedule) -> str:
    return hashlib.sha256(schedule.to_json().encode()).hexdigest()
