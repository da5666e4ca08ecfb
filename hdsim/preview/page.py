"""``hdsim drivers preview``: everything about a profile on one HTML page that needs no network."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hdsim import __version__
from hdsim.driver.load import load_profile
from hdsim.driver.profile import DriverProfile
from hdsim.driver.show import as_data
from hdsim.guidance.compile import compile_schedule
from hdsim.guidance.prose import paragraph
from hdsim.guidance.schedule import Schedule
from hdsim.preview.clip import record_clip
from hdsim.preview.measure import Quantity, standard_drive

_COLOURS = {"profile": "#d1451f", "normal": "#5f6b7a"}
_DIGITS = {"%": 1, "m/s": 2, "m": 2, "s": 2}
_PERCENTILES = (5, 25, 50, 75, 95)


def preview(profile: DriverProfile, path: Path, seed: int = 1, drivers: int = 30) -> None:
    """Drives a profile and writes its page.

    Args:
        profile: The driver.
        path: The page; its folder is there.
        seed: Of every draw.
        drivers: How many of it drive the standard drive.
    """
    schedule, usual = compile_schedule(profile), compile_schedule(load_profile("normal"))
    own, normal = (standard_drive(s, seed, drivers) for s in (schedule, usual))
    text = page(profile, schedule, own, normal, asdict(record_clip(schedule, seed)))
    path.write_text(text, encoding="utf-8")


def page(
    profile: DriverProfile,
    schedule: Schedule,
    own: Sequence[Quantity],
    normal: Sequence[Quantity],
    clip: dict[str, Any],
) -> str:
    """The page as HTML text."""
    environment = Environment(
        loader=PackageLoader("hdsim.preview", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    programs = {program.layer: paragraph(program) for program in schedule.programs(0)}
    return environment.get_template("page.html.j2").render(
        profile=profile,
        description=schedule.description,
        programs=programs,
        factors=_changed(profile),
        measures=[
            {
                "name": q.name,
                "unit": q.unit,
                "plot": _plot(q, n),
                "own": _percentiles(q),
                "normal": _percentiles(n),
            }
            for q, n in zip(own, normal, strict=True)
        ],
        percentiles=_PERCENTILES,
        clip=clip,
        # Inside a script element only "<" could end it.
        clip_json=json.dumps(clip, separators=(",", ":")).replace("<", "\\u003c"),
        colours=_COLOURS,
        version=__version__,
    )


def _changed(profile: DriverProfile) -> list[dict[str, Any]]:
    """Quantities of the hierarchy in which the driver differs from an ordinary one at the start."""
    return [
        {"name": name, "group": group, **quantity}
        for group, quantities in as_data(profile).items()
        for name, quantity in quantities.items()
        if quantity["value"] != quantity["normal"]
    ]


def _percentiles(quantity: Quantity) -> list[str]:
    if not len(quantity.values):
        return ["-"] * len(_PERCENTILES)
    return [f"{v:.{_DIGITS[quantity.unit]}f}" for v in np.percentile(quantity.values, _PERCENTILES)]


def _plot(own: Quantity, normal: Quantity) -> str:
    """Both distributions as an SVG element."""
    figure = Figure(figsize=(4.2, 1.9))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0.07, 0.26, 0.9, 0.7))
    everything = np.concatenate([own.values, normal.values])
    if len(everything):
        low, high = np.percentile(everything, (0.5, 99.5))
        spread = max(high - low, 1e-6)
        bins = np.linspace(low - 0.02 * spread, high + 0.02 * spread, 41)
        for label, quantity in (("normal", normal), ("profile", own)):
            if len(quantity.values):
                axes.hist(
                    np.clip(quantity.values, bins[0], bins[-1]), bins=bins.tolist(), density=True,
                    histtype="stepfilled", alpha=0.45, color=_COLOURS[label],
                )  # fmt: skip
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(own.unit)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None}, transparent=True)
    text = out.getvalue()
    title = f"<title>{html.escape(own.name)}</title>"
    return text[text.index("<svg") :].replace(">", f">{title}", 1)
