"""Who writes guidance: the tables, or a language model whose every answer is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel

from hdsim.driver.profile import DriverProfile
from hdsim.guidance import checks, offline, prompts
from hdsim.guidance.ask import Asker
from hdsim.guidance.authenticate import Unauthenticated
from hdsim.guidance.checks import BadAnswer
from hdsim.guidance.endpoint import Unanswered
from hdsim.guidance.prompts import Prompt, Repair
from hdsim.guidance.schedule import Policies, Provenance
from hdsim.guidance.traits import SAMPLES, Estimate, TraitsAnswer, estimate, has_words_only
from hdsim.guidance.uncertainty.decision import Rule
from hdsim.guidance.uncertainty.programs import settle_program
from hdsim.perception.catalogue import Layer, PerceptionProgram

A = TypeVar("A", bound=BaseModel)
T = TypeVar("T")
# What is wrong with programs of a driver that are in force together, candidate by candidate.
Rehearse = Callable[[DriverProfile, Sequence[Sequence[PerceptionProgram]]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Situation:
    """When a program is for.

    Attributes:
        stage: Name of the stage in the provenance.
        state: ``fatigue``, ``alcohol`` and ``blocked_s``.
        variant: Pool entry of the attention layer, ``None`` where there is one only.
    """

    stage: str
    state: Mapping[str, float]
    variant: str | None = None


class Author(Protocol):
    """Writes each stage of one profile's guidance and says where it came from."""

    def traits(self, profile: DriverProfile) -> tuple[Estimate | None, Provenance | None]:
        """Traits of a driver who has words only; nothing of any other."""

    def describe(self, profile: DriverProfile, start: Situation) -> tuple[str, Provenance]:
        """B_desc."""

    def policies(
        self, profile: DriverProfile, start: Situation, description: str
    ) -> tuple[Policies, Provenance]:
        """p1, p2, p3."""

    def program(
        self,
        profile: DriverProfile,
        layer: Layer,
        situation: Situation,
        description: str,
        policies: Policies,
        beside: Sequence[Sequence[PerceptionProgram]] = ((),),
    ) -> tuple[PerceptionProgram, Provenance]:
        """One layer's program for a situation, that goes with those ``beside`` it.

        Args:
            profile: The driver.
            layer: Whose program it is.
            situation: When it is for.
            description: B_desc.
            policies: p1, p2, p3.
            beside: Programs of other layers with which it will be in force, case by case.
        """


class TableAuthor:
    """Writes from the offline tables."""

    def traits(self, profile: DriverProfile) -> tuple[Estimate | None, Provenance | None]:
        """See ``Author``; tables read no words."""
        del profile
        return None, None

    def describe(self, profile: DriverProfile, start: Situation) -> tuple[str, Provenance]:
        """See ``Author``."""
        text = offline.description(profile, start.state)
        return text, Provenance(stage="description", origin="tables")

    def policies(
        self, profile: DriverProfile, start: Situation, description: str
    ) -> tuple[Policies, Provenance]:
        """See ``Author``."""
        del description
        made = offline.policies(profile, start.state)
        return made, Provenance(stage="policies", origin="tables")

    def program(
        self,
        profile: DriverProfile,
        layer: Layer,
        situation: Situation,
        description: str,
        policies: Policies,
        beside: Sequence[Sequence[PerceptionProgram]] = ((),),
    ) -> tuple[PerceptionProgram, Provenance]:
        """See ``Author``."""
        del description, policies, beside
        made = offline.program(profile, layer, situation.state, situation.variant)
        return made, Provenance(stage=situation.stage, origin="tables")


class ModelAuthor:
    """Writes by a language model, from the cache where the question was asked before.

    A bad answer is asked for once more with what is wrong with it, then the tables take its place;
    so they do where there is no answer.

    An answer that is not authentic is not shown to the model again. A program's further answers are
    asked for as the rule of ``guidance.uncertainty`` says.

    Args:
        asker: Asks the model.
        rule: How many answers a program may have.
        rehearse: The dry run of programs; ``None`` for none.
    """

    def __init__(
        self, asker: Asker, rule: Rule | None = None, rehearse: Rehearse | None = None
    ) -> None:
        self._asker, self._rule, self._rehearse = asker, rule or Rule(), rehearse
        self._tables = TableAuthor()

    def traits(self, profile: DriverProfile) -> tuple[Estimate | None, Provenance | None]:
        """See ``Author``; by several independent answers to one question."""
        if not has_words_only(profile):
            return None, None
        prompt = prompts.traits(profile)
        keys, problems, answers = [], [], []
        for sample in range(1, SAMPLES + 1):
            question = self._asker.question(prompt, TraitsAnswer, None, sample)
            keys.append(question.key)
            what = f"traits of profile {profile.name!r}, sample {sample}"
            try:
                text = self._asker.answer(question, prompt, None, what)
                answers.append(checks.read_answer(TraitsAnswer, text))
            except BadAnswer as problem:
                problems.append(str(problem))
            except Unanswered as problem:
                problems.append(str(problem))
                break
        found = estimate(answers, SAMPLES)
        return found, self._provenance("traits", found is not None, keys, problems)

    def describe(self, profile: DriverProfile, start: Situation) -> tuple[str, Provenance]:
        """See ``Author``."""
        return self._stage(
            "description",
            profile,
            prompts.describe(profile, start.state),
            checks.DescriptionAnswer,
            lambda answer: answer.description,
            lambda: self._tables.describe(profile, start)[0],
        )

    def policies(
        self, profile: DriverProfile, start: Situation, description: str
    ) -> tuple[Policies, Provenance]:
        """See ``Author``."""
        return self._stage(
            "policies",
            profile,
            prompts.policies(profile, start.state, description),
            checks.PoliciesAnswer,
            lambda answer: Policies(**answer.model_dump()),
            lambda: self._tables.policies(profile, start, description)[0],
        )

    def program(
        self,
        profile: DriverProfile,
        layer: Layer,
        situation: Situation,
        description: str,
        policies: Policies,
        beside: Sequence[Sequence[PerceptionProgram]] = ((),),
    ) -> tuple[PerceptionProgram, Provenance]:
        """See ``Author``; the human baseline is always the tables'."""
        # Only what matters to the layer is said, so that equal situations are asked once.
        facts: dict[str, object] = dict(situation.state) if layer == "physiology" else {}
        if situation.variant:
            facts["episode"] = situation.variant
        if layer == "attention" and (distraction := profile.attention.distraction):
            facts["episodes_per_s"] = distraction.episodes_per_s

        def accept(answer: checks.ProgramAnswer) -> PerceptionProgram:
            checks.check_plausible(answer.operations)
            program = offline.with_baseline(profile, layer, answer.operations)
            together = [(*others, program) for others in beside]
            for programs in together:
                checks.check_together(programs)
            # The extremes: states change one way in a drive.
            extremes = together[:1] + together[1:][-1:]
            if self._rehearse and (problems := self._rehearse(profile, extremes)):
                raise BadAnswer("; ".join(problems))
            return program

        def tables() -> PerceptionProgram:
            return offline.program(profile, layer, situation.state, situation.variant)

        prompt = prompts.program(layer, description, policies, facts)
        first, origin = self._stage(
            situation.stage, profile, prompt, checks.ProgramAnswer, accept, tables
        )
        if origin.origin != "model":
            return first, origin
        operations, origin = settle_program(
            self._asker,
            prompt,
            prompts.driver_data(profile, situation.state),
            accept,
            origin,
            self._rule,
            f"{situation.stage} of profile {profile.name!r}",
        )
        if operations is None:
            return tables(), origin
        return offline.with_baseline(profile, layer, operations), origin

    def _stage(
        self,
        stage: str,
        profile: DriverProfile,
        prompt: Prompt,
        form: type[A],
        accept: Callable[[A], T],
        fallback: Callable[[], T],
    ) -> tuple[T, Provenance]:
        keys: list[str] = []
        problems: list[str] = []
        result: T | None = None
        repair: Repair | None = None
        what = f"{stage} of profile {profile.name!r}"
        for _ in range(2):
            question = self._asker.question(prompt, form, repair)
            keys.append(question.key)
            text = ""
            try:
                text = self._asker.answer(question, prompt, repair, what)
                result = accept(checks.read_answer(form, text))
                break
            except BadAnswer as problem:
                problems.append(str(problem))
                told = "" if isinstance(problem, Unauthenticated) else text[:4000]
                repair = Repair(str(problem), told)
            except Unanswered as problem:
                problems.append(str(problem))
                break
        provenance = self._provenance(stage, result is not None, keys, problems)
        if result is not None and problems:
            provenance = provenance.model_copy(update={"repaired": True})
        return (fallback() if result is None else result), provenance

    def _provenance(
        self, stage: str, good: bool, keys: Sequence[str], problems: Sequence[str]
    ) -> Provenance:
        return Provenance(
            stage=stage,
            origin="model" if good else "fallback",
            model=self._asker.model,
            prompt_hash=prompts.prompt_hash(),
            cache_keys=tuple(keys),
            reason="" if good else "; then: ".join(dict.fromkeys(problems)),
        )
