"""Where the data folders are: shipped inside the package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from hdsim.core.errors import InfrastructureError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_dir(name: Literal["drivers", "scenarios", "prompts"]) -> Path:
    """Folder of the data that comes with HDSim.

    An installed wheel carries it as ``hdsim/data/NAME``; an editable checkout has it at its top.

    Raises:
        InfrastructureError: If neither exists; the installation is broken.
    """
    places = (_PACKAGE / "data" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise InfrastructureError(
        f"data folder {name!r} is missing; looked for {places[0]} and {places[1]}"
    )
