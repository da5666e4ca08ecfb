"""What a remote call may fail with."""

from __future__ import annotations


class CallError(Exception):
    """A remote call that cannot be done; its text reaches the client as a ``RuntimeError``."""
