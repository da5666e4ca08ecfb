"""Stub cameras: blank frames of the right size, rate and layout, for programs that wait for them.

Nothing is rendered. Each kind has one fixed picture: magenta and black squares for RGB, so that
nobody takes it for a view of the world; "nothing near" for depth; "no label" for segmentation; no
motion for optical flow; no events for DVS.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hdsim.server.actors.attributes import Values

_HEADER = struct.Struct("<IIf")
_SQUARE_PIXELS = 32
_MAGENTA, _BLACK = (255, 0, 255, 255), (0, 0, 0, 255)  # blue, green, red, alpha

Pixels = NDArray[np.uint8]


def _squares(width: int, height: int) -> Pixels:
    rows = np.arange(height)[:, None] // _SQUARE_PIXELS
    columns = np.arange(width)[None, :] // _SQUARE_PIXELS
    colours = np.array([_MAGENTA, _BLACK], dtype=np.uint8)
    picture: Pixels = colours[(rows + columns) % 2]
    return picture


def _plain(*pixel: int) -> Callable[[int, int], Pixels]:
    def make(width: int, height: int) -> Pixels:
        return np.tile(np.array(pixel, dtype=np.uint8), (height, width, 1))

    return make


def _none(_width: int, _height: int) -> Pixels:
    return np.zeros(0, dtype=np.uint8)


# By CARLA's name of the camera. A depth of 255, 255, 255 is CARLA's 1,000 m; optical flow is two
# floats a pixel.
PICTURES: dict[str, Callable[[int, int], Pixels]] = {
    "rgb": _squares,
    "cosmos_visualization": _squares,
    "depth": _plain(255, 255, 255, 255),
    "normals": _plain(0, 0, 0, 255),
    "semantic_segmentation": _plain(0, 0, 0, 255),
    "instance_segmentation": _plain(0, 0, 0, 255),
    "optical_flow": _plain(0, 0, 0, 0, 0, 0, 0, 0),
    "dvs": _none,
}


@lru_cache(maxsize=4)  # as large as 134 MB each
def blank(kind: str, width: int, height: int, fov_deg: float) -> bytes:
    """A frame after its sensor header: size, field of view, pixels."""
    return _HEADER.pack(width, height, fov_deg) + PICTURES[kind](width, height).tobytes()


@dataclass(frozen=True, slots=True)
class StubCamera:
    """Settings of a stub camera.

    Attributes:
        kind: Last part of its blueprint id.
        width: Of the picture [pixels].
        height: As width.
        fov_deg: Horizontal field of view, given back in every frame.
    """

    kind: str
    width: int
    height: int
    fov_deg: float

    @staticmethod
    def of(kind: str, values: Values) -> StubCamera:
        """From attributes; raises ``ValueError``."""
        return StubCamera(
            kind,
            values.integer("image_size_x"),
            values.integer("image_size_y"),
            values.number("fov"),
        )

    def measure(self) -> bytes:
        """The same frame every time."""
        return blank(self.kind, self.width, self.height, self.fov_deg)
