"""``module:name`` to what it names: how users plug in code of their own."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from hdsim.core.errors import InputError

IMPORTABLE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def load_callable(name: str, where: str, key: str) -> Any:
    """What ``module:name`` names; it can be called.

    Args:
        name: The module is looked for beside the file first.
        where: The file that names it.
        key: The key that names it, for messages.

    Raises:
        InputError: If there is no such module or attribute, or it cannot be called.
    """
    module_name, _, attribute = name.partition(":")
    beside = str(Path(where).resolve().parent)
    if beside not in sys.path:
        sys.path.insert(0, beside)
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(where, key, name, f"an importable module:name ({error})") from error
    if not callable(found):
        raise InputError(where, key, name, "something that can be called")
    return found
