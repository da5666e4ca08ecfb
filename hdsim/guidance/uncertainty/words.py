"""Uncertainty for people."""

from __future__ import annotations

from collections.abc import Iterator

from hdsim.guidance.schedule import Schedule, Uncertainty


def told(known: Uncertainty) -> str:
    """One program's uncertainty in a line."""
    usable = "" if known.usable == known.answers else f", {known.usable} of them usable"
    detail = f", {known.with_detail} with the driver's own words" if known.with_detail else ""
    answers = f"{known.answers} answer" + "s" * (known.answers != 1)
    probabilities = "with" if known.likelihoods else "without"
    text = (
        f"doubt {known.doubt:.2f} ({known.bits:.1f} bit) from {answers}{usable}{detail}, "
        f"{probabilities} token probabilities"
    )
    contested = ", ".join(f"{kind} {doubt:.2f}" for kind, doubt in known.contested.items())
    if contested:
        text += f"; contested: {contested}"
    return f"{text}; {known.decision}: {known.why}"


def uncertainties(schedule: Schedule) -> Iterator[str]:
    """A line for each program of a schedule that a model was asked for."""
    for provenance in schedule.provenance:
        if provenance.uncertainty:
            yield f"{provenance.stage}: {told(provenance.uncertainty)}"
        elif provenance.origin == "model" and provenance.stage.startswith(
            ("personality", "physiology", "attention")
        ):
            yield f"{provenance.stage}: not measured"
