"""The navigation mesh that CARLA's client moves its AI walkers on.

The client asks for the files of the folder ``Nav``, fetches those that it has not yet on its disk
under the same name (in ``~/carlaCache`` or ``$CARLA_CACHE_DIR``) and never looks at them again:
the name here holds a hash of the content, so that another mesh is another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
from dataclasses import dataclass
from functools import lru_cache

from hdsim.road.cache import cache_dir
from hdsim.road.pavement import find_pavement
from hdsim.server.navigation.client_files import write_whole
from hdsim.server.navigation.convex import convex_mesh
from hdsim.server.navigation.detour import ConvexMesh, navigation_file
from hdsim.server.navigation.walkways import find_walkways
from hdsim.server.town import Town, parse_town

# Part of the key of the server's own cache: raise it whenever the mesh of the same map changes.
NAVMESH_VERSION = 1
# A map with more corners than fit the numbers of one tile is cut into tiles of this size [m]. One
# tile is better: the client draws a tile first for a random place, and all of them alike.
_ONE_TILE_CORNERS = 30_000
_TILE_M = 500.0


@dataclass(frozen=True, slots=True)
class NavFile:
    """A file for the client.

    Attributes:
        name: As the client asks for it and keeps it; no folder.
        content: Its bytes.
    """

    name: str
    content: bytes


def navigation_mesh(town: Town, tile_m: float = math.inf) -> ConvexMesh:
    """The walkable polygons of a map.

    Args:
        town: The map.
        tile_m: Size of tiles [m], a multiple of 1 cm; all is in one tile if infinite.
    """
    pavement = find_pavement(town.name, town.xodr)
    levels = find_walkways(pavement, town.furniture.crosswalks, town.graph, tile_m)
    if math.isinf(tile_m) and sum(level.corners() for level in levels) > _ONE_TILE_CORNERS:
        return navigation_mesh(town, _TILE_M)
    return convex_mesh(levels, tile_m)


@lru_cache(maxsize=4)
def navigation(name: str, xodr: str) -> NavFile:
    """The navigation file of a map, built once per (text, version) and then read from disk.

    A cache folder that cannot be written leaves the mesh uncached, which changes no answer.

    Args:
        name: Town name.
        xodr: OpenDRIVE text of a map that is being served.
    """
    digest = hashlib.sha256(f"{NAVMESH_VERSION}\n{xodr}".encode()).hexdigest()[:32]
    path = cache_dir() / "navigation" / f"{digest}.bin"
    try:
        content = path.read_bytes()
    except OSError:
        content = navigation_file(navigation_mesh(parse_town(name, xodr)))
        with contextlib.suppress(OSError):
            write_whole(path, content)
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return NavFile(f"{plain}-{hashlib.sha256(content).hexdigest()[:16]}.bin", content)
