from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from hdsim.core.errors import InputError
from hdsim.core.yaml_input import load_yaml, parse_yaml, validate


class Alcohol(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    bac: float = Field(ge=0, le=0.25)


class Profile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    alcohol: Alcohol | None = None
    kind: Literal["phone", "talk"] = "talk"
    rates: dict[str, float] = Field(default_factory=dict)
    rounds: list[Alcohol] = Field(default_factory=list)
    period_s: float = Field(default=1.0, gt=0)

    @field_validator("name")
    @classmethod
    def _lower(cls, name: str) -> str:
        if not name.islower():
            raise ValueError("a lower-case name")
        return name


def complaint(text: str) -> str:
    with pytest.raises(InputError) as info:
        validate(Profile, parse_yaml(text, "a.yaml"))
    return str(info.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name: a\nalcohol:\n  bca: 0.1\n",
            "a.yaml:3: alcohol.bca, expected a known key (did you mean 'bac'?)",
        ),
        (
            "name: a\nalcohol: {}\n",
            "a.yaml:2: alcohol.bac, expected to be given",
        ),
        (
            "name: a\nalcohol:\n  bac: 0.1\n  bca: 0.1\n",
            "a.yaml:4: alcohol.bca, expected a known key (did you mean 'bac'?)",
        ),
        ("name: a\nalcohol:\n  bac: 1.4\n", "a.yaml:3: alcohol.bac = 1.4, expected 0 to 0.25"),
        ("name: a\nalcohol:\n  bac: much\n", "a.yaml:3: alcohol.bac = 'much', expected 0 to 0.25"),
        ("name: a\nperiod_s: 0\n", "a.yaml:2: period_s = 0, expected more than 0"),
        ("name: A\n", "a.yaml:1: name = 'A', expected a lower-case name"),
        (
            "name: a\nkind: phoen\n",
            "a.yaml:2: kind = 'phoen', expected 'phone' or 'talk' (did you mean 'phone'?)",
        ),
        ("name: a\nrounds:\n- {bac: 0.1}\n- {bac: 9}\n",
         "a.yaml:4: rounds[1].bac = 9, expected 0 to 0.25"),
        ("name: a\nrates: {x: y}\n",
         "a.yaml:2: rates.x = 'y', expected a valid number, unable to parse string as a number"),
        ("name: a\nname: b\n", "a.yaml:2: name, expected a key once, it is also on line 1"),
        ("- a\n", "a.yaml:1 = ['a'], expected a mapping of keys to values"),
        ("", "a.yaml, expected a YAML mapping, found an empty file"),
        ("name: [a\n",
         "a.yaml:2, expected valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: &x [*x]\n", "a.yaml:1: a[0], expected no alias to a node around it"),
    ],
)  # fmt: skip
def test_complaints_name_line_key_value_and_expectation(text: str, message: str) -> None:
    assert complaint(text) == message


def test_the_first_complaint_in_the_file_is_the_one_reported() -> None:
    assert complaint("name: a\nperiod_s: -1\nkind: x\n").startswith("a.yaml:2: period_s")


def test_a_good_file_becomes_the_model(tmp_path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: a\nalcohol: {bac: 0.08}\n")
    assert validate(Profile, load_yaml(path)) == Profile(name="a", alcohol=Alcohol(bac=0.08))


def test_a_missing_file_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"^nowhere\.yaml, expected an existing file$"):
        load_yaml("nowhere.yaml")
