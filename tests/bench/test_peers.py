"""Engines are run on command in processes of their own, and those that are missing are named."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from bench import children, vectors

ECHO = """
from pathlib import Path
import numpy as np
from bench.peers.engine import serve

class Echo:
    modes = ("semantic",)
    def load(self, model): print("noise on standard output")
    def ingest(self, folder, into): self.texts = {".txt": [path.read_text() for path in folder.glob("*.txt")]}
    def chunks(self): return self.texts
    def fill(self, texts, vectors, into): self.filled = texts
    def embed(self, question): return np.ones(3)
    def retrieve(self, question, limit, mode): return [(str(n), text) for n, text in enumerate(self.filled)][:limit]

serve(Echo())
"""


def replies(*commands: dict) -> list[dict]:
    lines = "".join(json.dumps(command) + "\n" for command in commands)
    done = subprocess.run(
        [sys.executable, "-c", ECHO], input=lines, capture_output=True, text=True, check=True, cwd=children.ROOT
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_engine_ingests_and_counts_by_format(tmp_path):
    (tmp_path / "a.txt").write_text("four")
    loaded, ingested, counted = replies(
        {"do": "load", "model": "."},
        {"do": "ingest", "folder": str(tmp_path), "into": str(tmp_path / "index")},
        {"do": "chunks"},
    )
    assert loaded["modes"] == ["semantic"]
    assert ingested["seconds"] > 0
    assert counted == {"chunks": 1, "characters": {".txt": 4}}


def test_an_engine_is_filled_and_asked(tmp_path):
    (tmp_path / "texts.json").write_text(json.dumps(["one", "two", "three"]))
    np.save(tmp_path / "vectors.npy", np.eye(3, dtype=np.float32))
    _, _, asked = replies(
        {
            "do": "fill",
            "texts": str(tmp_path / "texts.json"),
            "vectors": str(tmp_path / "vectors.npy"),
            "count": 2,
            "into": str(tmp_path),
        },
        {"do": "embed", "questions": ["q", "r"], "save": str(tmp_path / "q.npy")},
        {"do": "ask", "tasks": [["embed", "q"], ["semantic", "r"]], "limit": 5, "at_most": 9},
    )
    assert np.load(tmp_path / "q.npy").shape == (2, 3)
    assert [ids for _, _, ids in asked["done"]] == [[], ["0", "1"]]
    assert all(seconds > 0 for seconds, _, _ in asked["done"])


def test_without_a_python_for_the_peers_each_is_named_as_skipped(monkeypatch):
    monkeypatch.delenv(children.PEERS_PYTHON, raising=False)
    present, skipped = children.roster(None)
    assert list(present) == [children.OUTCROP]
    assert [sentence.split(" was skipped")[0] for sentence in skipped] == list(children.PEERS)


def test_further_vectors_are_of_unit_length_and_near_real_ones():
    chance = np.random.default_rng(0)
    real = chance.standard_normal((400, 32)).astype(np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    texts, made = vectors.more([f"text {n}" for n in range(400)], real, 1000)
    assert len(texts) == len(set(texts)) == len(made) == 1000
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert 0.6 < float(np.median((made[400:] @ real.T).max(axis=1))) < 0.95
