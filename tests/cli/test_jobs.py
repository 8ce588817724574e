"""Jobs on the command line, and a worker beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from tests.conftest import outcrop_environment

from outcrop.app.local import Outcrop

PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("jobs")
    (path / "docs").mkdir()
    (path / "docs" / "a.txt").write_text("Pumps need oil.")
    with Outcrop(path / "data", work_here=False) as outcrop:
        outcrop.create("plant")
        outcrop.add_folder("plant", path / "docs")
    return path / "data"


@pytest.fixture
def worker(data):
    """`outcrop worker`, ended by its id."""
    command = [sys.executable, "-m", "outcrop", "worker"]
    child = subprocess.Popen(command, env=outcrop_environment(data), stderr=subprocess.PIPE, text=True)
    yield child
    child.terminate()
    child.communicate(timeout=60)


def test_a_worker_does_what_a_server_leaves_to_it(data, worker, outcrop_command):
    assert "Working as" in worker.stderr.readline()
    with Outcrop(data, work_here=False) as outcrop:
        base, (source,) = outcrop.knowledge_base("plant"), outcrop.sources("plant")
        job = outcrop.call(outcrop.services.jobs.start, base, source)
        assert job.holder is None
        deadline = time.monotonic() + PATIENCE
        while (ended := outcrop.jobs("plant")[0]).finished_at is None:
            assert time.monotonic() < deadline, ended
            time.sleep(0.05)
    assert (ended.status, ended.statistics.indexed) == ("COMPLETE", 1)
    [shown] = json.loads(outcrop_command("jobs", "plant", "--json", data=data).stdout)
    assert (shown["id"], shown["status"]) == (job.id, "COMPLETE")
    assert "COMPLETE" in outcrop_command("jobs", "plant", data=data).stdout


def test_a_schedule_and_a_deletion_limit_are_set(data, outcrop_command):
    done = outcrop_command(
        "sources", "change", "plant", "docs", "--schedule", "30 3 * * mon-fri", "--deletion-limit", "15", data=data
    )
    assert done.returncode == 0, done.stderr
    [source] = json.loads(outcrop_command("sources", "list", "plant", "--json", data=data).stdout)
    assert (source["schedule"], source["deletionLimit"]) == ("30 3 * * mon-fri", 15)
    wrong = outcrop_command("sources", "change", "plant", "docs", "--schedule", "often", data=data)
    assert (wrong.returncode != 0, "no schedule" in wrong.stderr) == (True, True)
