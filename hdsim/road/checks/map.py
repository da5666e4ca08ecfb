"""All checks of a file, and refusing one that has errors."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lxml import etree

from hdsim.core.errors import InputError
from hdsim.road.checks.findings import Finding, Severity, warning
from hdsim.road.checks.references import check_references
from hdsim.road.checks.values import check_values


def parse(text: str, where: str) -> Any:
    """The OpenDRIVE tree of a text.

    Args:
        text: The file's content.
        where: File name for messages.

    Raises:
        InputError: Truncated or broken XML (with line and reason), or another root element.
    """
    # Entities are left alone: no map needs them, and they can grow without bounds.
    parser = etree.XMLParser(resolve_entities=False)
    try:
        root = etree.fromstring(text.encode(errors="surrogateescape"), parser)
    except (etree.XMLSyntaxError, ValueError) as found:
        line, _ = getattr(found, "position", (0, 0))
        reason = str(getattr(found, "msg", found)).split(", line")[0]
        place = f"{where}:{line}" if line else where
        raise InputError(place, expected=f"well-formed XML ({reason})") from found
    if root.tag != "OpenDRIVE":
        raise InputError(f"{where}:{root.sourceline}", "root element", root.tag, "'OpenDRIVE'")
    return root


def check_map(text: str, where: str) -> list[Finding]:
    """Everything that is wrong with a map file, by line.

    Args:
        text: The file's content.
        where: File name for messages.

    Raises:
        InputError: As ``parse``: nothing more can be said of such a file.
    """
    root = parse(text, where)
    found = [*check_values(root), *check_references(root)]
    if root.find("road/lanes/laneSection/*/lane[@type='driving']") is None:
        found.append(Finding(Severity.ERROR, 0, "", None, "at least one lane type='driving'"))
    if root.find("header") is None:
        found.append(warning(root, "header", None, "a header"))
    return sorted(found, key=lambda f: f.line)


@lru_cache(maxsize=8)
def check_xodr(text: str, where: str) -> None:
    """Refuse text that is no OpenDRIVE map that can be driven; a text once found good stays good.

    Args:
        text: The file's content.
        where: File name for messages.

    Raises:
        InputError: The first error, with its line.
    """
    for finding in check_map(text, where):
        if finding.severity is Severity.ERROR:
            raise finding.as_error(where)
