"""The pages keep up with the code: generated parts, links, YAML blocks, commands."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from hdsim.cli import app
from hdsim.driver.load import load_profile
from hdsim.scenario.expand import expand

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
README = PAGES[0].read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def generate(monkeypatch):
    """What ``python docs/generate.py`` defines; like it, with its own folder on the path."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_generated_parts_are_current(generate, capsys) -> None:
    assert generate["main"](["--check"]) == 0, capsys.readouterr().out


def test_a_stale_page_is_noticed(generate) -> None:
    page = "<!-- generated: operations -->\nold\n<!-- end -->"
    assert "`attend`" in generate["renewed"](page)


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, _, anchor in re.findall(r"\]\(([^)#:]+)(#([\w-]+))?\)", text):
        assert (page.parent / target).exists(), target
        assert not anchor or anchor in anchors(page.parent / target), f"{target}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_the_readme_profile_and_scenario_load(tmp_path) -> None:
    profile, scenario = blocks(README, "yaml")
    (tmp_path / "drivers").mkdir()
    name = yaml.safe_load(profile)["name"]
    (tmp_path / "drivers" / f"{name}.yaml").write_text(profile)
    (tmp_path / "rush.yaml").write_text(scenario)
    assert load_profile(name, tmp_path).description
    batch = expand(tmp_path / "rush.yaml")
    assert name in batch.tasks[0].traffic.mix
    assert f"{len(batch.tasks)} scenarios" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_and_their_options_exist(page: Path) -> None:
    known = get_command(app)
    for line in re.findall(r"\bhdsim ((?:[a-z]+)[^\n`|#]*)", page.read_text(encoding="utf-8")):
        words = line.split()
        command = getattr(known, "commands", {}).get(words[0])
        if command is None:
            continue
        if len(words) > 1 and words[1] in getattr(command, "commands", {}):
            command = command.commands[words[1]]
        options = {name for p in command.params for name in p.opts}
        for word in words:
            if word.startswith("--"):
                assert word.rstrip(",.):;").split("=")[0] in options, line
