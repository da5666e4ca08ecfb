"""Guidance for people: programs and schedules as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hdsim.guidance.notes import notes
from hdsim.guidance.prose import paragraph
from hdsim.guidance.schedule import Provenance, Schedule
from hdsim.guidance.traits import Estimate
from hdsim.guidance.uncertainty.words import uncertainties
from hdsim.perception.catalogue import Constant, Episodic, Operation, PerceptionProgram, Selector
from hdsim.perception.parameters import KINDS

PROPOSAL = "[P]"
_MOODS = "added in proportion to anger and hurry"


def when_and_what(operation: Operation) -> str:
    """Selector, time course and gain in words; empty when always and for everything."""
    return "; ".join(_conditions(operation))


def _conditions(operation: Operation) -> Iterator[str]:
    select, course, gain = operation.select, operation.course, operation.gain
    default = Selector()
    if select.relation != default.relation:
        yield select.relation
    if select.range_m != default.range_m:
        yield "{:g} to {:g} m".format(*select.range_m)
    if select.sector_deg != default.sector_deg:
        yield "{:g} to {:g} deg".format(*select.sector_deg)
    if isinstance(course, Episodic):
        yield f"{course.rate_per_s:g} times a second for about {course.duration_median_s:g} s"
    elif not isinstance(course, Constant):
        yield f"from {course.start_s:g} s on, rising over {course.rise_s:g} s"
    if gain is not None:
        yield f"strength {gain.at_zero:g} + {gain.slope:g} x {gain.state}"


def values(operation: Operation) -> str:
    """Parameters that act, with their values and what shapes them; units are in the names."""
    kind = KINDS[operation.op]
    acting = [p.name for p in kind.scaled if getattr(operation, p.name) != p.neutral]
    shaping = [name for name in kind.raw if any(map(_SHAPES[name].__contains__, acting))]
    names = [*acting, *shaping]
    return ", ".join(f"{n} {_value(getattr(operation, n))}" for n in names) or "nothing"


# Parameters without a neutral value, and the ones without which they mean nothing.
_NOISES = ("noise_sd", "noise_sd_per_s", "noise_sd_m", "offset_sd_m", "curvature_sd_per_m")
_MIRRORS = ("inner_mirror", "left_mirror", "right_mirror")
_CROSSING = ("crossing_left", "crossing_right")
_SHAPES = {
    "latency_sigma": ("latency_median_s",),
    "miss_s": ("miss_probability",),
    "glance_sigma": ("glance_median_s", *_MIRRORS, *_CROSSING, "inside"),
    "on_road_s": ("glance_median_s",),
    "course_error_deg": ("glance_median_s",),
    "noise_tau_s": _NOISES,
    "memory_sigma": ("memory_s",),
    "change_gain": _MIRRORS,
    "inner_mirror_s": ("inner_mirror",),
    "side_mirror_s": ("left_mirror", "right_mirror"),
    "crossing_s": _CROSSING,
    "inside_s": ("inside",),
    "edge_rate_per_s": ("radius_deg",),
    "falloff_deg": ("radius_deg",),
    "actual": ("probability",),
    "seen": ("probability",),
    "delay_sigma": ("delay_s",),
    "bound_sigma": ("bound",),
}


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def program_table(program: PerceptionProgram, title: str) -> RenderableType:
    """One program, an operation a row, with the source of its numbers."""
    if not program.operations:
        return Text(f"{title}: nothing changes", style="dim")
    table = Table(title=title, title_justify="left", expand=True)
    table.add_column("operation", no_wrap=True)
    table.add_column("on, when", ratio=2)
    table.add_column("values", ratio=3)
    table.add_column("source ([P]: proposal, not published)", ratio=4)
    for operation in program.operations:
        style = "yellow" if PROPOSAL in operation.source else ""
        source = Text(operation.source or "no source given", style=style)
        row = (operation.op, when_and_what(operation), values(operation))
        table.add_row(*(Text(text) for text in row), source)
    return table


def origin(provenance: Provenance) -> str:
    """Where a stage came from, in a few words."""
    if provenance.origin == "tables":
        return "tables"
    words = f"model {provenance.model}" + (", repaired once" if provenance.repaired else "")
    if provenance.origin == "fallback":
        instead = "ordinary traits" if provenance.stage == "traits" else "tables"
        return f"{instead}, as {words} failed: {provenance.reason}"
    return words


def schedule_view(schedule: Schedule) -> RenderableType:
    """A whole schedule: words, programs with values and sources, provenance."""
    words = Table(show_header=False, box=None)
    words.add_column(style="bold", no_wrap=True)
    words.add_column()
    words.add_row("profile", Text(f"{schedule.name} ({schedule.mode})"))
    words.add_row("description", Text(schedule.description))
    for layer, policy in schedule.policies.model_dump().items():
        words.add_row(layer, Text(policy))
    programs = [program_table(schedule.personality, "L1 personality")]
    for i, program in enumerate(schedule.physiology):
        programs.append(program_table(program, f"L2 physiology: {_cells(schedule, i)}"))
    programs.append(program_table(schedule.moods, f"L2 physiology: {_MOODS}"))
    for i, program in enumerate(schedule.attention):
        entry = f" (entry {i + 1} of {len(schedule.attention)})"
        programs.append(
            program_table(program, f"L3 attention{entry if len(schedule.attention) > 1 else ''}")
        )
    stages = Table(title="where it comes from", title_justify="left")
    stages.add_column("stage")
    stages.add_column("origin")
    for provenance in schedule.provenance:
        stages.add_row(Text(provenance.stage), Text(origin(provenance)))
    traits = [_traits(schedule.estimate)] if schedule.estimate else []
    return Group(words, *traits, *programs, stages)


def _traits(estimate: Estimate) -> Table:
    table = Table(title="Traits, estimated from the words", title_justify="left", show_header=False)
    for line in estimated(estimate):
        name, _, rest = line.partition(": ")
        table.add_row(Text(name), Text(rest))
    return table


def explanation(schedule: Schedule) -> RenderableType:
    """Every stage in words: what was said, what it does to perception, and what became of it."""
    parts: list[Text] = []

    def section(title: str, text: str) -> None:
        parts.append(Text(title, style="bold"))
        parts.append(Text(f"{text}\n"))

    profile = schedule.profile
    section(f"{schedule.name}, compiled {schedule.mode}", profile.description or "no description")
    parts += [Text(f"{note}\n", style="yellow") for note in notes(schedule)]
    if schedule.estimate:
        section("0. Traits, from the words", "\n".join(estimated(schedule.estimate)))
    section("1. Description", schedule.description or "none")
    for layer, policy in schedule.policies.model_dump().items():
        section(f"2. Policy of {layer}", policy)
    section("3. L1 personality", paragraph(schedule.personality))
    for i, program in enumerate(schedule.physiology):
        section(f"3. L2 physiology, {_cells(schedule, i)}", paragraph(program))
    section(f"3. L2 physiology, {_MOODS}", paragraph(schedule.moods))
    for i, program in enumerate(schedule.attention):
        place = (
            f", entry {i + 1} of {len(schedule.attention)}" if len(schedule.attention) > 1 else ""
        )
        section(f"3. L3 attention{place}", paragraph(program))
    if known := list(uncertainties(schedule)):
        section("How sure the model is", "\n".join(known))
    stages = []
    for p in schedule.provenance:
        answers = f" [answers {', '.join(key[:12] for key in p.cache_keys)}]"
        stages.append(f"{p.stage}: {origin(p)}{answers if p.cache_keys else ''}")
    section("Where it comes from", "\n".join(stages))
    return Group(*parts)


def estimated(estimate: Estimate) -> list[str]:
    """Each estimated trait with how sure it is, and whether the driver has it."""
    lines = [f"{estimate.answers} of {estimate.asked} answers could be used"]
    for t in estimate.traits:
        if isinstance(t.value, str):
            spread = f"named by {t.agreement:.0%}"
        else:
            spread = f"middle half {t.low:g} to {t.high:g}, {t.agreement:.0%} agree"
        value = t.value if isinstance(t.value, str) else f"{t.value:g}"
        left = "" if t.applied else "; too uncertain: as in an ordinary driver"
        lines.append(f"{t.name}: {value} ({spread}){left}")
    return lines


def _cells(schedule: Schedule, program: int) -> str:
    """When a physiology program is in force."""
    found = []
    for bin_, moving in enumerate(("", f", standing {schedule.blocked_edges_s[0]:g} s or more")):
        periods = [k for k, row in enumerate(schedule.cells) if row[bin_] == program]
        if periods:
            first, last = periods[0], periods[-1]
            end = f"{(last + 1) * schedule.period_s:g} s"
            after = "the end" if last == len(schedule.cells) - 1 else end
            found.append(f"{first * schedule.period_s:g} s to {after}{moving}")
    return "; ".join(found)
