"""Perceived size of objects."""

from __future__ import annotations

import numpy as np

from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View


def scale_size(view: View, lines: Sightlines, columns: Columns) -> None:
    """Scale length and width of the objects of ``view``, in place."""
    for m in range(columns.count):
        f = columns.value["factor"][:, m, None]
        chosen = lines.select(columns, m)
        f = f if chosen is None else np.where(chosen, f, 1.0)
        view.length, view.width = view.length * f, view.width * f
