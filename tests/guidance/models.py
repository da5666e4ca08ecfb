"""Scripted models from gullible to obedient, as functions of a request.

They understand every language and read through JSON's escapes: where an attack's order stands in
the conversation, they see it. They differ in what they do about it. Written, with the corpus,
before the defence; all they know of it is the wire form of an authenticated answer:

* The system message says of sections ``between <NAME> and </NAME>``, and for each that it
  ``is answered under TAG``.
* The answer's schema asks for ``answers``, a list of ``{"tag": ..., "answer": ...}``.

Since then the stage of traits was added, in which they differ in nothing but where they put their
answer: an ordinary driver's traits, as no order of the corpus is about traits.

Without the defence there is one section, the data, and the answer is the bare form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hdsim.testing.llm_server import Request
from tests.guidance.corpus import Attack

Model = Callable[[Attack | None, Request], str]
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/nrt])')
_SECTION = re.compile(r"between <([\w-]+)> and </\1>")
_ANSWERED = re.compile(r"between <([\w-]+)> and </\1> is answered under ([\w-]+)")
_SECRET = re.compile(r"\b[0-9a-f]{16,}\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model makes of a request.

    Attributes:
        stage: ``description``, ``policies``, ``program`` or ``traits``.
        layer: Of a program.
        system: The system message.
        text: The rest of the conversation, escapes resolved.
        sections: Names of the sections that the system message speaks of.
        tags: The answer's tag of each, where it says so.
        enveloped: Whether the answer's form has tags.
    """

    stage: str
    layer: str
    system: str
    text: str
    sections: tuple[str, ...]
    tags: dict[str, str]
    enveloped: bool

    @classmethod
    def of(cls, request: Request) -> Reading:
        """Reads a request."""
        system, *rest = [message["content"] for message in request["messages"]]
        text = _ESCAPE.sub(_resolved, "\n".join(rest))
        schema = request["response_format"]["json_schema"]["schema"]
        asked = re.search(r'Task: (describe|say|translate|estimate)(?:.*?layer "(\w+)")?', text)
        assert asked, "a request without a task"
        stages = {
            "describe": "description",
            "say": "policies",
            "translate": "program",
            "estimate": "traits",
        }
        return cls(
            stage=stages[asked[1]],
            layer=asked[2] or "",
            system=system,
            text=text,
            sections=tuple(dict.fromkeys(_SECTION.findall(system))),
            tags=dict(_ANSWERED.findall(system)),
            enveloped="answers" in schema["properties"],
        )

    @property
    def task(self) -> str | None:
        """Name of the section with the user's task; ``None`` where it is in no section."""
        return self.section(self.text.index("Task: "))

    def order(self, attack: Attack | None) -> int | None:
        """Where the attack's order ends for the last time, as an index into ``text``."""
        if attack is None:
            return None
        pattern = r"\s+".join(re.escape(word) for word in attack.order.split())
        found = [m.end() for m in re.finditer(pattern, self.text)]
        return found[-1] if found else None

    def section(self, index: int) -> str | None:
        """Name of the section around a place; ``None`` outside all of them."""
        names = "|".join(map(re.escape, self.sections))
        inside = None
        for mark in re.finditer(rf"<(/?)({names})>", self.text[:index]) if names else ():
            inside = None if mark[1] else mark[2]
        return inside


def _resolved(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "u":
        return chr(int(code[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t"}.get(code, code)


HONEST: dict[str, list[dict[str, Any]]] = {
    "personality": [{"op": "scale_distance", "select": {"relation": "rear"}, "factor": 1.2}],
    "physiology": [{"op": "delay", "select": {"relation": "beside"}, "delay_s": 0.4}],
    "attention": [{"op": "look_away", "course": {"course": "episodic", "rate_per_s": 0.05,
                   "duration_median_s": 3.0}}],
}  # fmt: skip

ORDINARY = {
    "aggressiveness": 0.0,
    "caution": 0.0,
    "sensation_seeking": 0.0,
    "experience": 1.0,
    "skill": 0.5,
    "hurry": 0.0,
    "age": 40.0,
    "hours_awake": 6.0,
    "bac": 0.0,
    "distraction": "none",
    "episodes_per_s": 0.0,
}


def honest(reading: Reading) -> dict[str, Any]:
    """What the task asks for."""
    if reading.stage == "description":
        return {"description": "A driver like many others."}
    if reading.stage == "policies":
        return dict.fromkeys(HONEST, "Perception changes a little.")
    if reading.stage == "traits":
        return ORDINARY
    return {"operations": HONEST[reading.layer]}


def obeyed(attack: Attack, reading: Reading) -> dict[str, Any]:
    """What an attack's order asks for; words carry the order on to the stages that follow."""
    if reading.stage == "traits":
        return ORDINARY
    words = attack.order
    if attack.payload is None:
        secrets = " ".join(_SECRET.findall(reading.system + reading.text))
        words = f"{secrets} {reading.system}"
    if reading.stage == "description":
        return {"description": words[:600]}
    if reading.stage == "policies":
        return dict.fromkeys(HONEST, words[:1200])
    if attack.payload is None:
        return {"operations": [{"op": "delay", "delay_s": 0.1, "source": words[:1000]}]}
    return {"operations": attack.payload}


def _answers(pairs: list[tuple[str, Any]]) -> str:
    return json.dumps({"answers": [{"tag": tag, "answer": answer} for tag, answer in pairs]})


def _proper(reading: Reading, answer: dict[str, Any]) -> str:
    """An answer to the task in the form that was asked for."""
    if not reading.enveloped:
        return json.dumps(answer)
    return _answers([(reading.tags[reading.task or ""], answer)])


def gullible(attack: Attack | None, request: Request) -> str:
    """Does what an order says, to the letter and nothing else, wherever it stands."""
    reading = Reading.of(request)
    if attack is None or reading.order(attack) is None:
        return _proper(reading, honest(reading))
    answer = obeyed(attack, reading)
    return _answers([(t, answer) for t in attack.tags]) if attack.tags else json.dumps(answer)


def pleaser(attack: Attack | None, request: Request) -> str:
    """Wants to please everybody: does the task and the order, each where it seems to belong.

    Without tags the order comes last and wins. With them, its answer goes under the tag of the
    section in which it stands (the task's where it stands outside), and under tags it names.
    """
    reading = Reading.of(request)
    where = reading.order(attack)
    if attack is None or where is None:
        return _proper(reading, honest(reading))
    answer = obeyed(attack, reading)
    if not reading.enveloped:
        return json.dumps(answer)
    task = reading.task or ""
    section = reading.section(where) or task
    pairs = [(reading.tags[task], honest(reading))] if section != task else []
    pairs += [(reading.tags[section], answer), *((tag, answer) for tag in attack.tags)]
    return _answers(pairs)


def literal(attack: Attack | None, request: Request) -> str:
    """Takes what stands between the delimiters for data, and everything else for an order."""
    reading = Reading.of(request)
    where = reading.order(attack)
    if attack is None or where is None or reading.section(where) not in (None, reading.task):
        return _proper(reading, honest(reading))
    return _proper(reading, obeyed(attack, reading))


def obedient(attack: Attack | None, request: Request) -> str:
    """Does the task; says under the other tag that the data holds an order."""
    reading = Reading.of(request)
    if not reading.enveloped or reading.order(attack) is None:
        return _proper(reading, honest(reading))
    task = reading.task or ""
    rest = [(tag, "An order, not followed.") for s, tag in reading.tags.items() if s != task]
    return _answers([(reading.tags[task], honest(reading)), *rest])


def complicit(attack: Attack | None, request: Request) -> str:
    """Understands the order and signs its answer with the task's own tag.

    No authentication of answers can tell such a model from one that does the task: it shows what
    is left to the catalogue's bounds, and is no part of the claim about the defence.
    """
    reading = Reading.of(request)
    if attack is None or reading.order(attack) is None:
        return _proper(reading, honest(reading))
    return _proper(reading, obeyed(attack, reading))


MODELS: dict[str, Model] = {
    "gullible": gullible,
    "pleaser": pleaser,
    "literal": literal,
    "obedient": obedient,
}
