"""Files that the client keeps on its disk: the navigation mesh, and none else."""

from __future__ import annotations

from hdsim.server.calls.table import Call, Session
from hdsim.server.calls.world import VERSION
from hdsim.server.errors import CallError
from hdsim.server.navigation.client_files import client_folder, lay_out
from hdsim.server.navigation.navmesh import NavFile, navigation
from hdsim.server.wire import shapes


def _own(s: Session) -> NavFile:
    return navigation(s.sim.town.name, s.sim.town.xodr)


def _list(s: Session, folder: str) -> list[str]:
    """The folder ``Nav`` alone.

    Without files for the map ("") and the Traffic Manager ("TM") the client reads the map from
    get_map_data.
    """
    if folder != "Nav" or not s.sim.navigation:
        return []
    own = _own(s)
    lay_out(client_folder(VERSION), own.name, own.content)
    return [own.name]


def _file(s: Session, name: str) -> bytes:
    own = _own(s)
    if name != own.name:
        raise CallError(f"no file {name!r}: this map has {own.name!r} only")
    return own.content


CALLS = {
    "get_required_files": Call(_list, (shapes.text,)),
    "request_file": Call(_file, (shapes.text,)),
    "get_navigation_mesh": Call(lambda s: _own(s).content),
}
