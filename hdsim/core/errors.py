"""The error tree.

HdsimError                 anything HDSim raises on purpose          exit code 1
├── InputError             a file, flag or answer is wrong            exit code 2
└── InfrastructureError    server, client, process: never a score     exit code 3
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HdsimError(Exception):
    """Base of every error that HDSim raises on purpose."""

    exit_code = 1


class InputError(HdsimError):
    """Something a user wrote is wrong; says where, which key, the value and what was expected.

    Args:
        where: File (``drivers/a.yaml``, optionally with ``:LINE``), flag (``--port``) or source.
        key: Dotted path of the key inside ``where``; empty when the whole of it is wrong.
        value: What was found; left out of the message when ``None``.
        expected: What would have been right, completing "expected ...".
    """

    exit_code = 2

    def __init__(self, where: str, key: str = "", value: object = None, expected: str = "") -> None:
        self.where, self.key, self.value, self.expected = where, key, value, expected
        place = f"{where}: {key}" if key else where
        found = "" if value is None else f" = {value!r}"
        super().__init__(f"{place}{found}, expected {expected}" if expected else f"{place}{found}")


class InfrastructureError(HdsimError):
    """A server, client or process failed; recorded as a status, never as a score."""

    exit_code = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the closest known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""
