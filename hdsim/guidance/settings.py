"""Which model is asked, and within what limits: flags, then the environment, then ``hdsim.yaml``.

``hdsim.yaml`` of the working directory::

    schema: 1
    guidance:
      base_url: http://localhost:8000/v1
      model: my-model
      api_key_env: MY_KEY        # the variable that holds the key
      max_calls: 500
      uncertainty: {samples: 5}  # up to five answers a program
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hdsim.core.errors import InputError
from hdsim.core.yaml_input import load_yaml, validate
from hdsim.guidance.compact import Size
from hdsim.guidance.endpoint import DEFAULT_BASE_URL, Endpoint
from hdsim.guidance.limits import Limits
from hdsim.guidance.uncertainty.decision import Rule

FILE = Path("hdsim.yaml")
_LIMITS, _RULE = Limits(), Rule()


class UncertaintySettings(BaseModel):
    """The ``guidance.uncertainty`` section."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    samples: int = Field(
        default=_RULE.samples, ge=1, le=32, description="Most answers a program; 1 asks once."
    )
    cost_bits: float = Field(
        default=_RULE.cost_bits, ge=0, description="What one more answer has to tell [bit]."
    )
    threshold: float = Field(
        default=_RULE.threshold, ge=0, le=1, description="Greatest doubt that is applied."
    )

    @property
    def rule(self) -> Rule:
        """The settings as a rule."""
        return Rule(self.samples, self.cost_bits, self.threshold)


class GuidanceSettings(BaseModel):
    """The ``guidance`` section."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(default="", description="Address of the endpoint, up to /v1.")
    model: str = Field(default="", description="The model's name there.")
    # Anything is a text here, so that no complaint can quote a key.
    api_key: Annotated[str, BeforeValidator(str)] = Field(
        default="", repr=False, description="The key; better kept in the environment."
    )
    api_key_env: str = Field(default="", description="Environment variable that holds the key.")
    timeout_s: float = Field(default=60.0, gt=0, description="Longest wait for an answer [s].")
    retries: int = Field(default=2, ge=0, le=10, description="Further attempts after a failure.")
    concurrency: int = Field(default=4, ge=1, le=64, description="Profiles compiled at a time.")
    prompts: Size | None = Field(
        default=None, description="full (default), or compact: short ones for small models."
    )
    requests_per_minute: float = Field(
        default=_LIMITS.requests_per_minute, gt=0, description="Pace; left out: none."
    )
    max_calls: int = Field(default=_LIMITS.calls, ge=1, description="Most requests of a batch.")
    max_tokens: int = Field(default=_LIMITS.tokens, ge=1, description="Most tokens of a batch.")
    lock: str = Field(default="", description="Lock file, from where hdsim.yaml is.")
    uncertainty: UncertaintySettings = UncertaintySettings()


class SettingsFile(BaseModel):
    """``hdsim.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal[1] = Field(alias="schema", description="Version of this file format.")
    guidance: GuidanceSettings = GuidanceSettings()


def load_settings(path: Path = FILE) -> GuidanceSettings:
    """The settings of a file, the defaults where there is none.

    Raises:
        InputError: If it is wrong.
    """
    return validate(SettingsFile, load_yaml(path)).guidance if path.exists() else GuidanceSettings()


def configured_endpoint(
    base_url: str = "", model: str = "", api_key_env: str = "", file: Path = FILE
) -> Endpoint:
    """The endpoint from arguments, else the environment, else the settings file.

    ``HDSIM_LLM_BASE_URL``, ``HDSIM_LLM_MODEL``, ``HDSIM_LLM_PROMPTS``, and ``HDSIM_LLM_API_KEY``
    or ``OPENAI_API_KEY``; a local endpoint needs no key. A key is never an argument: arguments are
    kept in shells' histories and in the records of runs.

    Raises:
        InputError: If no model is named, or the variable that is to hold the key is not set.
    """
    env, settings = os.environ, load_settings(file)
    named = api_key_env or settings.api_key_env
    if named and named not in env:
        raise InputError("api_key_env", value=named, expected="a variable of the environment")
    return Endpoint(
        base_url=base_url or env.get("HDSIM_LLM_BASE_URL") or settings.base_url or DEFAULT_BASE_URL,
        model=model_name(model, file),
        api_key=(env[named] if named else "")
        or env.get("HDSIM_LLM_API_KEY")
        or settings.api_key
        or env.get("OPENAI_API_KEY")
        or "",
        timeout_s=settings.timeout_s,
        retries=settings.retries,
        concurrency=settings.concurrency,
        prompts=prompt_size(file),
        limits=Limits(
            calls=settings.max_calls,
            tokens=settings.max_tokens,
            requests_per_minute=settings.requests_per_minute,
        ),
    )


def model_name(model: str = "", file: Path = FILE) -> str:
    """The model from the argument, else from ``HDSIM_LLM_MODEL``, else from the settings file.

    Raises:
        InputError: If none names one.
    """
    name = model or os.environ.get("HDSIM_LLM_MODEL") or load_settings(file).model
    if not name:
        raise InputError("HDSIM_LLM_MODEL", expected="the name of the model that writes guidance")
    return name


def prompt_size(file: Path = FILE) -> Size:
    """Which prompts: from ``HDSIM_LLM_PROMPTS``, else from the settings file, else full ones.

    Raises:
        InputError: If there is no such kind.
    """
    named = os.environ.get("HDSIM_LLM_PROMPTS") or load_settings(file).prompts or "full"
    if named not in get_args(Size):
        raise InputError("HDSIM_LLM_PROMPTS", value=named, expected=" | ".join(get_args(Size)))
    return named  # type: ignore[return-value]
