"""A program's further answers: asked for, checked as the first was, weighed against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hdsim.guidance.ask import Asker
from hdsim.guidance.checks import BadAnswer, ProgramAnswer, read_answer
from hdsim.guidance.endpoint import Unanswered
from hdsim.guidance.prompts import Prompt
from hdsim.guidance.schedule import Provenance
from hdsim.guidance.uncertainty.decision import Rule
from hdsim.guidance.uncertainty.evidence import Context
from hdsim.guidance.uncertainty.gather import Found, settle
from hdsim.perception.catalogue import Operation

Operations = tuple[Operation, ...]


def settle_program(
    asker: Asker,
    prompt: Prompt,
    driver: Mapping[str, Any],
    check: Callable[[ProgramAnswer], object],
    origin: Provenance,
    rule: Rule,
    what: str,
) -> tuple[Operations | None, Provenance]:
    """From the first usable answer to the one that is applied.

    Args:
        asker: Answered ``prompt`` already.
        prompt: Asks for the program.
        driver: What ``prompt`` withholds: the driver's own words and traits.
        check: Refuses an answer by ``BadAnswer``.
        origin: Of the first answer; its last key is that of the answer that was used.
        rule: When to stop.
        what: What is asked for, for messages.

    Returns:
        The operations to apply, ``None`` for those of the tables, and where they come from.

    Raises:
        InputError: As ``Asker.stored``.
        InfrastructureError: As ``Asker.stored``.
    """

    def found(question: str, ask: Callable[[], Any]) -> Found:
        try:
            stored = ask()
            answer = read_answer(ProgramAnswer, stored.answer)
            check(answer)
        except BadAnswer:
            return Found(question, None)
        except Unanswered as problem:
            return Found("", None, over=str(problem))
        return Found(question, answer.operations, stored.logprob, stored.tokens)

    def ask(context: Context, index: int) -> Found:
        data = {**prompt.data, "driver": dict(driver)} if context == "detail" else prompt.data
        asked = replace(prompt, data=data)
        question = asker.question(asked, ProgramAnswer, None, index)
        sample = f"{what}, answer {index} ({context})"
        return found(question.key, lambda: asker.stored(question, asked, None, sample))

    key = origin.cache_keys[-1]
    settled = settle(found(key, lambda: asker.kept(key)), rule, ask)
    known = settled.uncertainty
    changed: dict[str, Any] = {
        "cache_keys": (*origin.cache_keys, *settled.keys),
        "uncertainty": known,
    }
    if settled.operations is None:
        reason = f"too uncertain: {known.why}"
        changed |= {"origin": "fallback", "repaired": False, "reason": reason}
    return settled.operations, origin.model_copy(update=changed)
