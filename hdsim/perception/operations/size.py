"""Perceived size of objects."""

from __future__ import annotations

from hdsim.perception.combine import PRODUCT
from hdsim.perception.compile import Columns
from hdsim.perception.view import Sightlines, View


def scale_size(view: View, lines: Sightlines, columns: Columns) -> None:
    """Scale length and width of the objects of ``view``, in place."""
    factor = lines.combine(PRODUCT, columns, "factor")
    view.length, view.width = view.length * factor, view.width * factor
