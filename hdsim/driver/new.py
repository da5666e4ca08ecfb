"""A profile file to start from: a parent, some settings, and completion in an editor."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hdsim.core.errors import InputError
from hdsim.driver.load import find, folders, load_profile
from hdsim.driver.profile import NAME_PATTERN, ProfileFile

SCHEMA_FILE = "profile.schema.json"


def new_profile(
    name: str,
    parent: str = "normal",
    settings: Mapping[str, str] | None = None,
    description: str = "",
    folder: Path = Path("drivers"),
) -> Path:
    """Writes ``folder/name.yaml`` and, for editors, the JSON Schema beside it.

    Args:
        name: Of the new profile.
        parent: The profile it extends.
        settings: Values by dotted key, as text: ``{"physiology.alcohol.bac": "0.05"}``.
        description: In plain words.
        folder: Made if it is not there; scenarios look in ``drivers``.

    Returns:
        The new file.

    Raises:
        InputError: If the name is taken or not one, or the profile would be wrong. Nothing is
            written then.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise InputError("NAME", value=name, expected="lower-case letters, digits, - and _")
    path = folder / f"{name}.yaml"
    taken = path if path.exists() else find(name, folders(folder.parent))
    if taken is not None:
        raise InputError("NAME", value=name, expected=f"a name not taken by {taken}")
    load_profile(parent, folder.parent)
    text = _text(name, parent, settings or {}, description)
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        load_profile(path)
    except InputError:
        path.unlink()
        if made:
            folder.rmdir()
        raise
    (folder / SCHEMA_FILE).write_text(
        json.dumps(ProfileFile.model_json_schema(), indent=1) + "\n", encoding="utf-8"
    )
    return path


def _text(name: str, parent: str, settings: Mapping[str, str], description: str) -> str:
    data: dict[str, Any] = {"schema": 1, "name": name, "extends": parent}
    if description:
        data["description"] = description
    for dotted, value in settings.items():
        place = data
        *above, last = dotted.split(".")
        for key in above:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise InputError("--set", dotted, value, "a key that is not below a value")
            place = inner
        place[last] = yaml.safe_load(value)
    body = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    return (
        f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
        f"# All keys: hdsim drivers schema. What they do: hdsim drivers show {name}\n{body}"
    )
