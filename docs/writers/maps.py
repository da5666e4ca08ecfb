"""``maps.md``: built-in maps, and which signals are which sign."""

from __future__ import annotations

from collections.abc import Iterable

from hdsim.road.build import lane_graph
from hdsim.road.builtin import BUILTIN_MAPS
from hdsim.road.furniture import road_furniture
from hdsim.road.signs import SIGN_CATALOGUES, SignKind, sign_kind
from hdsim.road.spawn import spawn_points
from writers.markdown import table


def builtin_maps() -> str:
    """The built-in maps with their sizes."""
    rows = []
    for name, text in BUILTIN_MAPS.items():
        graph = lane_graph(name, text())
        furniture = road_furniture(text(), graph)
        kinds = [sign.kind for sign in furniture.signs]
        rows.append(
            (
                f"`{name}`",
                f"{float(graph.length.sum()) / 1000.0:.1f}",
                str(len({int(j) for j in graph.junction if j >= 0})),
                str(len(graph.signals)),
                *(str(kinds.count(kind)) for kind in SignKind),
                str(len(furniture.crosswalks)),
                str(len(spawn_points(graph))),
            )
        )
    head = ("map", "lanes [km]", "junctions", "signals", *_words_of(SignKind), "crosswalks")
    return table((*head, "spawn points"), rows)


def _words_of(kinds: Iterable[SignKind]) -> list[str]:
    return [f"{kind.value.replace('_', ' ')} signs" for kind in kinds]


def sign_types() -> str:
    """Which OpenDRIVE signal types are which sign."""
    rows = [
        (str(sign_kind(t)).replace("_", " "), f"`{t.upper()}`", catalogue)
        for catalogue, types in SIGN_CATALOGUES.items()
        for t in types
    ]
    return table(("sign", "type", "catalogue"), sorted(rows))
