"""Garbage in: whatever an endpoint does, compiling ends, and the schedule says why."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hdsim.core.errors import InfrastructureError, InputError
from hdsim.driver.load import load_profile
from hdsim.guidance import offline
from hdsim.guidance.cache import AnswerCache
from hdsim.guidance.compile import compile_schedules
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.limits import Limits, Spending
from hdsim.guidance.schedule import Schedule
from hdsim.guidance.settings import configured_endpoint
from hdsim.testing.llm_server import (
    HangUp,
    Raw,
    Reply,
    Request,
    ScriptedModel,
    Silence,
    Status,
    under_its_tag,
)
from tests.guidance.test_live import good, layer_of

PROFILE = load_profile("aggressive")
QUICK = {"retry-after-ms": "1"}


def compiled(
    server: ScriptedModel,
    folder: Path,
    names: tuple[str, ...] = ("aggressive",),
    *,
    spending: Spending | None = None,
    on_done: Callable[[Schedule], None] | None = None,
    retries: int = 0,
    timeout_s: float = 10.0,
    limits: Limits | None = None,
    concurrency: int = 1,
) -> list[Schedule]:
    endpoint = Endpoint(
        server.base_url,
        "m",
        retries=retries,
        timeout_s=timeout_s,
        limits=limits or Limits(),
        concurrency=concurrency,
    )
    return compile_schedules(
        [load_profile(name) for name in names],
        "live",
        100.0,
        cache=AnswerCache(folder),
        endpoint=endpoint,
        spending=spending,
        on_done=on_done,
    )


def personality_gets(reply: Reply) -> Callable[[Request], Reply]:
    return lambda request: reply if layer_of(request) == "personality" else good(request)


GARBAGE: dict[str, tuple[Reply, str]] = {
    "invalid JSON": ('{"answers": [{"tag":', "the answer is not valid JSON"),
    "no JSON": ("As an AI I cannot help with drunk driving.", "the answer holds no JSON object"),
    "empty": ("", "the answer holds no JSON object"),
    "not a completion": (Raw(b'{"ok": true}'), "did not answer with a chat completion"),
    "no choices": (Raw(b'{"choices": []}'), "the answer holds no JSON object"),
    "wrong types": (Raw(b'{"choices": [{"message": 3}]}'), "did not answer with a chat completion"),
    "half a body": (Raw(b'{"choices": [{"mess'), "did not answer with a chat completion"),
    "binary": (Raw(bytes(range(256))), "did not answer with a chat completion"),
    "HTML": (Raw(b"<html>Down</html>", 200, "text/html"), "did not answer with a chat completion"),
    "HTML error": (Raw(b"<html>Down</html>", 502, "text/html"), "answered with status 502"),
    "429": (Status(429, "slow down", QUICK), "answered with status 429"),
    "500": (Status(500, "oops", QUICK), "answered with status 500"),
    "10 MB": (Raw(b"[" * 10_000_000), "the answer is longer than 1000000 bytes"),
    "10 MB of words": ("{" * 10_000_000, "the answer is longer than 1000000 bytes"),
    "10 MB error": (Raw(b"x" * 10_000_000, 500), "the answer is longer than 1000000 bytes"),
    "endless": (Raw(b"[" * 10_000, every_s=0.0), "the answer is longer than 1000000 bytes"),
    "endless error": (Raw(b"x" * 10_000, 500, every_s=0.0), "is longer than 1000000 bytes"),
    "hangs up": (HangUp(), "cannot be reached"),
    "refusal": (
        Raw(b'{"choices": [{"message": {"content": null, "refusal": "I will not."}}]}'),
        "the answer holds no JSON object",
    ),
}


@pytest.mark.parametrize(("reply", "reason"), GARBAGE.values(), ids=GARBAGE)
def test_garbage_ends_in_the_tables_with_the_reason(reply: Reply, reason: str, tmp_path: Path):
    with ScriptedModel(personality_gets(reply)) as server:
        (schedule,) = compiled(server, tmp_path)
    (origin,) = (p for p in schedule.provenance if p.stage == "personality")
    assert origin.origin == "fallback"
    assert reason in origin.reason
    assert len(origin.reason) < 1000
    assert schedule.personality == offline.program(PROFILE, "personality")
    assert {p.origin for p in schedule.provenance if p is not origin} == {"model"}


@pytest.mark.parametrize("reply", [Silence(), Raw(b" ", every_s=0.1)], ids=["silence", "trickle"])
def test_slow_answer_is_given_up(reply: Reply, tmp_path: Path):
    """Also one whose bytes keep coming."""
    with ScriptedModel(personality_gets(reply)) as server:
        begin = time.monotonic()
        (schedule,) = compiled(server, tmp_path, timeout_s=0.5)
        assert time.monotonic() - begin < 8.0
    (origin,) = (p for p in schedule.provenance if p.origin == "fallback")
    assert "within 0.5 s" in origin.reason


def test_busy_endpoint_is_asked_again(tmp_path: Path):
    left = [Status(429, "slow down", QUICK), Status(503, "wait", QUICK)]
    spending = Spending()

    def script(request: Request) -> Reply:
        return left.pop(0) if left else good(request)

    with ScriptedModel(script) as server:
        (schedule,) = compiled(server, tmp_path, retries=2, spending=spending)
        assert spending.calls == len(server.requests)
    assert {p.origin for p in schedule.provenance} == {"model"}
    assert not any(p.repaired for p in schedule.provenance)


def test_endpoint_that_dies_in_a_batch_leaves_a_finished_batch(tmp_path: Path):
    names = ("aggressive", "cautious", "drunk", "distracted")
    with ScriptedModel(lambda request: good(request) if alive() else HangUp()) as server:

        def alive() -> bool:
            return len(server.requests) <= 9

        done: list[str] = []
        schedules = compiled(server, tmp_path, names, on_done=lambda s: done.append(s.name))
        asked = len(server.requests)
    assert [s.name for s in schedules] == list(names) == done
    assert {p.origin for p in schedules[0].provenance} == {"model"}
    assert {p.origin for p in schedules[3].provenance} == {"fallback"}
    assert schedules[3].personality == offline.program(load_profile("distracted"), "personality")
    said = "given up after 3 failures in a row, the last: cannot be reached"
    assert said in schedules[3].provenance[-1].reason
    assert asked == 9 + 3


@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_what_the_user_must_mend_ends_before_anything_is_compiled(code: int, tmp_path: Path):
    with (
        ScriptedModel([Status(code, "no such model or key")]) as server,
        pytest.raises(InfrastructureError, match=f"status {code}"),
    ):
        compiled(server, tmp_path)


def test_spending_is_capped_by_calls_and_by_tokens(tmp_path: Path):
    names = ("aggressive", "cautious")
    for limits, calls, reason in (
        (Limits(calls=4), 4, "spending cap: 4 calls are used up"),
        (Limits(tokens=250), 3, "spending cap: 250 tokens are used up"),
    ):
        spending = Spending()
        with ScriptedModel(good) as server:
            folder = tmp_path / str(calls)
            schedules = compiled(server, folder, names, limits=limits, spending=spending)
            assert len(server.requests) == spending.calls == calls
        assert spending.tokens == 100 * calls
        assert len(schedules) == 2
        assert reason in next(p for p in schedules[0].provenance if p.origin == "fallback").reason


def test_pace_is_kept(tmp_path: Path):
    times: list[float] = []

    def script(request: Request) -> Reply:
        times.append(time.monotonic())
        return good(request)

    with ScriptedModel(script) as server:
        compiled(server, tmp_path, limits=Limits(requests_per_minute=600.0))
    assert len(times) > 3
    assert times[-1] - times[0] > 0.1 * (len(times) - 2)


def test_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with ScriptedModel(good) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        endpoint = Endpoint("http://nowhere.invalid/v1", "m", retries=0)
        compile_schedules([PROFILE], "live", 100.0, cache=AnswerCache(tmp_path), endpoint=endpoint)
        assert proxy.headers[0]["host"] == "nowhere.invalid"


def test_profiles_compiled_at_a_time_give_what_one_by_one_gives(tmp_path: Path):
    names = ("aggressive", "cautious", "drunk", "distracted", "fatigued", "normal")
    with ScriptedModel(good) as server:
        one = compiled(server, tmp_path / "1", names)
        calls = len(server.requests)
        many = compiled(server, tmp_path / "8", names, concurrency=8)
        assert len(server.requests) == 2 * calls  # no question twice
    assert [s.to_json() for s in one] == [s.to_json() for s in many]


def test_key_is_told_to_the_endpoint_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Not in schedules, cache, messages or representations, whatever the endpoint answers."""
    key = "sk-0123456789-very-secret"
    monkeypatch.setenv("MY_KEY", key)
    monkeypatch.chdir(tmp_path)

    def script(request: Request) -> Reply:
        if layer_of(request) == "personality":
            return Status(500, f"bad key {key}", QUICK)
        if layer_of(request) == "description":
            return under_its_tag(request, f'{{"description": "The key is {key}."}}')
        return good(request)

    settings = tmp_path / "hdsim.yaml"
    with ScriptedModel(script) as server:
        settings.write_text(
            f"schema: 1\nguidance:\n  base_url: {server.base_url}\n  model: m\n"
            "  api_key_env: MY_KEY\n  retries: 0\n"
        )
        endpoint = configured_endpoint()
        (schedule,) = compile_schedules(
            [PROFILE], "live", 100.0, cache=AnswerCache(tmp_path / "c"), endpoint=endpoint
        )
    assert {h["authorization"] for h in server.headers} == {f"Bearer {key}"}
    assert "***" in next(p for p in schedule.provenance if p.stage == "personality").reason
    assert schedule.description == "The key is ***."
    assert key not in schedule.to_json() + repr(endpoint) + str(endpoint)
    assert not any(key in path.read_text() for path in (tmp_path / "c").iterdir())


def test_flags_go_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HDSIM_LLM_MODEL", "HDSIM_LLM_BASE_URL", "HDSIM_LLM_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="HDSIM_LLM_MODEL, expected the name of the model"):
        configured_endpoint()
    file = tmp_path / "hdsim.yaml"
    file.write_text(
        "schema: 1\nguidance: {model: file, base_url: 'http://file/v1', api_key: 17,"
        " max_calls: 7, requests_per_minute: 30, timeout_s: 5, retries: 0, concurrency: 2}\n"
    )
    made = configured_endpoint()
    assert made == Endpoint(
        "http://file/v1",
        "file",
        "17",
        timeout_s=5.0,
        retries=0,
        concurrency=2,
        limits=Limits(calls=7, requests_per_minute=30.0),
    )
    monkeypatch.setenv("HDSIM_LLM_MODEL", "environment")
    monkeypatch.setenv("HDSIM_LLM_API_KEY", "k")
    made = configured_endpoint(base_url="http://flag/v1")
    assert (made.base_url, made.model, made.api_key) == ("http://flag/v1", "environment", "k")
    assert configured_endpoint(model="flag").model == "flag"
    with pytest.raises(InputError, match="expected an http"):
        configured_endpoint(base_url="localhost:8000")
    with pytest.raises(InputError, match="api_key_env = 'NOPE', expected a variable"):
        configured_endpoint(api_key_env="NOPE")


def test_wrong_settings_are_named_without_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hdsim.yaml"
    for text, message in (
        ("guidance: {modell: x, api_key: sk-1}", "guidance.modell, expected a known key (did you"),
        ("guidance: {retries: 99, api_key: {a: sk-1}}", "hdsim.yaml:2: guidance.retries = 99"),
    ):
        file.write_text(f"schema: 1\n{text}\n")
        with pytest.raises(InputError) as error:
            configured_endpoint(model="m")
        assert message in str(error.value)
        assert "sk-1" not in str(error.value)
