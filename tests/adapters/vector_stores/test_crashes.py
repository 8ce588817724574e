"""A writer that is killed at any instant leaves each document in its old or its new version, whole and found."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import wait

import numpy as np
import pytest

from outcrop.adapters.vector_stores.embedded import EmbeddedVectorStore
from outcrop.core.chunks import Search
from outcrop.testing.crashes import DOCUMENTS, INDEX, version_of, write_until_killed
from outcrop.testing.points import LikePoint
from outcrop.testing.vector_stores import scanned

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["outcrop.testing.crashes"])


def killed_writer(folder, seed, first, acknowledged):
    """Run a writer, kill it at a random instant; the version that it began but did not acknowledge, if any."""
    receiver, sender = processes.Pipe(duplex=False)
    writer = processes.Process(target=write_until_killed, args=(folder, seed, first, sender))
    writer.start()
    sender.close()
    chance = np.random.default_rng(seed)
    pending = {}
    for _ in range(chance.integers(1, 16)):
        receive(receiver, acknowledged, pending)
    wait([writer.sentinel], timeout=chance.uniform(0, 0.01))  # it goes on writing meanwhile
    writer.kill()
    writer.join()
    assert writer.exitcode == -9
    while receive(receiver, acknowledged, pending):
        pass
    receiver.close()
    writer.close()
    return pending


def receive(receiver, acknowledged, pending):
    try:
        state, document, version = receiver.recv()
    except EOFError:
        return False
    pending[document] = version
    if state == "done":
        acknowledged[document] = pending.pop(document)
    return True


async def surviving(store, acknowledged, pending):
    """Check every document; which version each has now."""
    points = await scanned(store, INDEX)
    versions = dict(acknowledged)
    for document in range(DOCUMENTS):
        kept = {name: one for name, one in points.items() if one.chunk.document_id == f"d{document}"}
        possible = [acknowledged.get(document), pending.get(document)]
        found = {one.metadata["version"] for one in kept.values()}
        assert len(found) <= 1
        version = next(iter(found), None)
        assert version in possible
        if version is None:
            continue
        versions[document] = version
        wanted = {one.chunk.id: LikePoint(one) for one in version_of(document, version)}
        assert kept == wanted
        for mode in ("keyword", "hybrid", "semantic"):
            query = Search(
                text=f"version{version} document{document}",
                vector=version_of(document, version)[0].vector,
                mode=mode,
                limit=100,
            )
            hits = await store.search(INDEX, query)
            assert {hit.chunk.id for hit in hits if hit.chunk.document_id == f"d{document}"} == set(wanted)
    return versions


async def run(folder, kills, seed):
    acknowledged, first = {}, 0
    for kill in range(kills):
        pending = killed_writer(folder, seed + kill, first, acknowledged)
        store = EmbeddedVectorStore(folder)
        acknowledged = await surviving(store, acknowledged, pending)
        assert await store.check(INDEX) == []
        await store.close()
        first = max([*acknowledged.values(), *pending.values(), first]) + 1
    assert first > kills  # they did write


async def test_twenty_kills_lose_and_double_nothing(tmp_path):
    await run(tmp_path, kills=20, seed=1)


@pytest.mark.slow
async def test_many_kills_lose_and_double_nothing(tmp_path):
    await run(tmp_path, kills=200, seed=1000)
