"""A job that is killed at random instants ends as one that was never disturbed, and does nothing twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mortal import Parts

SCRIPT = Path(__file__).parent / "mortal.py"
DOCUMENTS = int(os.environ.get("OUTCROP_CRASH_DOCUMENTS", "150"))
KILLS = int(os.environ.get("OUTCROP_CRASH_KILLS", "6"))
LONGEST_LIFE = 0.35  # seconds after it is ready


def fill(docs: Path, amount: int) -> None:
    docs.mkdir()
    for number in range(amount):
        chance = random.Random(number)  # noqa: S311 # a corpus, not a secret
        lines = [f"Pump {number} of line {line} needs {chance.randrange(99)} litres of oil." for line in range(4)]
        (docs / f"{number:05}.txt").write_text("\n\n".join(lines[: chance.randrange(1, 5)]))


def live(data: Path, docs: Path, seconds: float | None) -> int:
    """One life of a process that syncs, killed after so long; its exit status."""
    command = [sys.executable, str(SCRIPT), "sync", str(data), str(docs), "", "0.0005"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    killer = threading.Timer(seconds, lambda: os.kill(child.pid, signal.SIGKILL)) if seconds is not None else None
    if killer is not None:
        killer.start()
    try:
        child.communicate(timeout=300)
    finally:
        if killer is not None:
            killer.cancel()
    return child.returncode


def lines_of(log: Path) -> list[str]:
    """The texts that were embedded, in order; the last line may have been cut off by the death of its writer."""
    found = []
    for line in log.read_text().splitlines() if log.exists() else ():
        try:
            found.append(json.loads(line)[1])
        except ValueError:
            continue
    return found


async def state(data: Path, docs: Path):
    parts = await Parts().open(data, docs)
    try:
        return (
            await parts.held(),
            await parts.recorded(),
            await parts.all_jobs(),
            await parts.verifier.verify(parts.base),
        )
    finally:
        await parts.close()


@pytest.fixture(scope="module")
def docs(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "docs"
    fill(path, DOCUMENTS)
    return path


async def test_a_job_killed_at_random_instants_gives_the_index_of_an_undisturbed_one(docs, tmp_path):
    chance, data = random.Random(2026), tmp_path / "data"  # noqa: S311 # instants, not secrets
    killed = again = 0
    for _ in range(KILLS):
        recorded = (await state(data, docs))[1]
        before = len(lines_of(data / "embedded.log"))
        if live(data, docs, chance.uniform(0.0, LONGEST_LIFE)) == 0:
            break
        killed += 1
        again += len(recorded_again(recorded, lines_of(data / "embedded.log")[before:]))
    assert live(data, docs, None) == 0
    held, recorded, jobs, verification = await state(data, docs)
    assert live(tmp_path / "whole", docs, None) == 0
    whole = (await state(tmp_path / "whole", docs))[0]
    embedded = lines_of(data / "embedded.log")
    twice = len(embedded) - len(set(embedded))
    print(f"{killed} kills, {jobs[0].resumed} times resumed, {twice} chunks of {len(whole)} twice")  # noqa: T201 # measured
    assert held == whole
    assert verification.ok, verification.problems
    assert again == 0
    assert len(recorded_again({"0.txt"}, embedded)) == 1  # the log shows which documents were embedded
    done = jobs[0].statistics
    assert [one.status for one in jobs] == ["COMPLETE"]
    assert (done.scanned, done.indexed, done.failed, done.unchanged) == (DOCUMENTS, DOCUMENTS, 0, 0)
    assert killed > 0


def recorded_again(recorded: set[str], embedded: list[str]) -> set[str]:
    """The documents among those that are recorded of which something was embedded after that."""
    numbers = {int(found[1]) for text in embedded for found in re.finditer(r"Pump ([0-9]+) of", text)}
    return {uri for uri in recorded if int(Path(uri).stem) in numbers}
