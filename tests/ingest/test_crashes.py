"""A sync that is killed at any instant, and run again, gives the index of one that was not."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from crash import Parts

SCRIPT = Path(__file__).parent / "crash.py"
SENTENCES = [
    "Pumps need oil.",
    "Valves need none.",
    "The limit is 45 bar.",
    "Ask your lead first.",
    "Doors close at 9.",
]


def fill(docs: Path, state: int) -> None:
    """The folder in one of its states; each has files that are new, gone, changed and the same."""
    shutil.rmtree(docs, ignore_errors=True)
    docs.mkdir()
    for number in range(14):
        chance = random.Random(f"{state} {number}")  # noqa: S311 # a corpus, not a secret
        if chance.random() < 0.2:
            continue
        kept = random.Random(number) if chance.random() < 0.4 else chance  # noqa: S311 # as above
        text = "\n\n".join(kept.choice(SENTENCES) + f" It is {kept.randrange(9)}." for _ in range(kept.randrange(1, 9)))
        (docs / f"{number}.txt").write_text("FAIL corrupt" if chance.random() < 0.1 else text)
        attributes = {"metadataAttributes": {"state": chance.randrange(2)}}
        (docs / f"{number}.txt.metadata.json").write_text(json.dumps(attributes))


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A data directory that has seen state 0 of a folder, and the folder."""
    path = tmp_path_factory.mktemp("crash")
    fill(path / "docs", 0)
    subprocess.run([sys.executable, SCRIPT, path / "data", path / "docs", "0"], check=True)
    return path


def kill(data: Path, docs: Path, writes: int) -> None:
    """Run a sync that kills itself at its write of this number."""
    killed = subprocess.run([sys.executable, SCRIPT, data, docs, str(writes)], check=False)
    assert killed.returncode == -9


async def reference(path: Path, docs: Path):
    """What an index holds that was made of the folder as it is now, in one go."""
    shutil.rmtree(path, ignore_errors=True)
    parts = await Parts().open(path, docs)
    assert (await parts.sync()).status == "COMPLETE"
    held = await parts.held()
    await parts.close()
    return held


# A sync of this folder writes about fifty times: the job, the points, the records, what is rewritten, what is gone.
@pytest.mark.parametrize("writes", [3, 5, 6, 7, 8, 20, 30, 38, 42, 46])
async def test_a_killed_sync_run_again_gives_the_same_index(started, tmp_path, writes):
    docs, data = started / "docs", tmp_path / "data"
    shutil.copytree(started / "data", data)
    try:
        fill(docs, writes)
        kill(data, docs, writes)
        if writes % 2:  # the folder is put back before the next sync
            fill(docs, 0)
        parts = await Parts().open(data, docs)
        assert (await parts.sync()).status == "COMPLETE"
        held, verification = await parts.held(), await parts.verifier.verify(parts.base)
        await parts.close()
        assert held == await reference(tmp_path / "reference", docs)
        assert verification.ok, verification.problems
    finally:
        fill(docs, 0)


async def test_a_first_sync_that_is_killed_leaves_nothing_that_the_folder_does_not_have(started, tmp_path):
    docs = started / "docs"
    kill(tmp_path / "data", docs, 8)
    fill(docs, 3)
    try:
        parts = await Parts().open(tmp_path / "data", docs)
        await parts.sync()
        held = await parts.held()
        await parts.close()
        assert held == await reference(tmp_path / "reference", docs)
    finally:
        fill(docs, 0)
