"""Publishes what a sync has prepared: first the points, with the old ones swept, then the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from outcrop.core.chunks import CHUNK_ID, DOCUMENT_ID
from outcrop.core.filters import AllOf, equals, one_of
from outcrop.core.records import Document
from outcrop.ingest.changes import Known
from outcrop.ingest.embedding import Batch
from outcrop.ingest.steps import Prepared, Work

AT_ONCE = 256  # documents or points in one call


async def write(batch: Batch, work: Work) -> None:
    """Make a batch visible, and record the documents that are complete with it.

    A crash before the records leaves the index ahead of them; the next sync sees that in the job that never ended.
    """
    renamed = [one for one in batch.finished if one.outcome == "metadata_modified"]
    whole = [] if batch.split else [one for one in batch.finished if one.outcome != "metadata_modified"]
    sweep = [one.document.id for one in whole if one.known is not None]
    if batch.points or sweep:
        await work.store.upsert(work.base.index, batch.points, sweep=sweep)
    for prepared in renamed:
        await _rewrite(prepared, work)
    if batch.split:
        for prepared in batch.finished:
            await _sweep(prepared, work)
    await _record(batch.finished, work)


async def remove(gone: Sequence[Known], work: Work) -> None:
    """Remove documents that their source no longer has: first the points, then the records."""
    for start in range(0, len(gone), AT_ONCE):
        some = gone[start : start + AT_ONCE]
        await work.store.upsert(work.base.index, (), sweep=[one.id for one in some])
        deleted = sum(one.recorded for one in some)
        async with work.metadata.transaction() as inside:
            for one in some:
                await inside.delete(Document, one.id)
            if work.journal is not None:
                await work.journal(inside, {"deleted": deleted})
        work.meter.add("deleted", deleted)


async def _record(finished: Sequence[Prepared], work: Work) -> None:
    if not finished:
        return
    async with work.metadata.transaction() as inside:
        for prepared in finished:
            await inside.put(replace(prepared.document, job_id=work.job_id, outcome=prepared.outcome))
        if work.journal is not None:
            await work.journal(inside, {})
    for prepared in finished:
        if prepared.outcome == "failed":
            work.meter.fail(prepared.document.name, prepared.document.reason or "")
        else:
            work.meter.add(prepared.outcome)


async def _rewrite(prepared: Prepared, work: Work) -> None:
    """The points of a document with its new metadata, neither read nor embedded again."""
    ids = await _held(prepared.document.id, work)
    for start in range(0, len(ids), AT_ONCE):
        points = await work.store.get(work.base.index, ids[start : start + AT_ONCE])
        changed = [replace(point, metadata=prepared.document.metadata) for point in points]
        await work.store.upsert(work.base.index, changed)


async def _sweep(prepared: Prepared, work: Work) -> None:
    """Remove what is left of the old version of a document that was written in parts."""
    failed = prepared.outcome == "failed"
    new = set() if failed else {chunk.id for chunk in prepared.chunks}
    old = [name for name in await _held(prepared.document.id, work) if name not in new]
    for start in range(0, len(old), AT_ONCE):
        where = AllOf(
            (equals(DOCUMENT_ID, prepared.document.id), one_of(CHUNK_ID, tuple(old[start : start + AT_ONCE])))
        )
        await work.store.delete(work.base.index, where)


async def _held(document_id: str, work: Work) -> list[str]:
    """The ids of the points that the index holds of a document."""
    found = work.store.scan(work.base.index, equals(DOCUMENT_ID, document_id))
    return [point.chunk.id async for points in found for point in points]
