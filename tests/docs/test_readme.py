"""Every command and example of the README does what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
OUTCROP = [command for command in COMMANDS if command.startswith("outcrop ")]


def test_every_command_of_the_readme_is_known_to_these_tests():
    others = [command for command in COMMANDS if command not in OUTCROP]
    assert others == ["make run", "make env", 'export PATH="$PWD/.venv/bin:$PATH"']


def test_make_run_starts_the_server_that_the_readme_promises(tmp_path, handbook_data, serve):
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", "run", "PORT=0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    command = shlex.split(done.stdout.strip().splitlines()[-1])
    assert command[:2] == [".venv/bin/outcrop", "up"]
    docs = command[command.index("--docs") + 1]
    with serve("--docs", docs, data=handbook_data) as server:
        assert "handbook" in server.knowledge_bases


@pytest.mark.parametrize("command", [one for one in OUTCROP if not one.startswith("outcrop up")])
def test_command_of_the_readme_runs(command, handbook_data, outcrop_command):
    done = outcrop_command(*shlex.split(command)[1:], data=handbook_data)
    allowed = (0, 3) if command.startswith("outcrop sync") else (0,)  # 3: the sample's broken documents
    assert done.returncode in allowed, done.stderr
    assert done.stdout or done.stderr


@pytest.mark.parametrize("command", [one for one in OUTCROP if one.startswith("outcrop up")])
def test_server_command_of_the_readme_comes_up(command, tmp_path, serve):
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "note.txt").write_text("The north gate opens at seven.", encoding="utf-8")
    arguments = [one.replace("~/documents", str(documents)) for one in shlex.split(command)[2:]]
    with serve(*arguments, data=tmp_path / "data", OPENAI_API_KEY="not-used") as server:
        assert list(server.knowledge_bases) == ["documents"]


def test_the_boto3_example_prints_a_cited_answer(handbook_server, monkeypatch, capsys):
    for name, value in handbook_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    example = next(one for one in EXAMPLES if "boto3" in one)
    exec(compile(example, "README.md", "exec"), {"KNOWLEDGE_BASE_ID": handbook_server.knowledge_bases["handbook"]})  # noqa: S102 # our own README
    printed = capsys.readouterr().out
    assert "Interval (months): 12" in printed
    assert "calibration-schedule.pdf" in printed


def test_the_library_example_prints_a_cited_answer(tmp_path):
    example = next(one for one in EXAMPLES if "from outcrop import" in one)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "10 minutes" in done.stdout
    assert "on-call-runbook.md" in done.stdout
