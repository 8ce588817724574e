"""What stands around a hit: its neighbours in the document, nothing of others, nothing that a filter leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.answer.conftest import chunk

from outcrop.answer.surroundings import EITHER_SIDE, WHOLE, surroundings
from outcrop.core.chunks import Hit
from outcrop.core.filters import equals


def piece(number, document="long", **more):
    made = chunk(f"This is piece {number}.", ordinal=number, document=document, **more)
    return replace(made, document_id=document, start=100 * number, end=100 * number + len(made.text))


@pytest.fixture
async def there(house):
    made = await house().open()
    await made.put(*(piece(number) for number in range(20)), *(piece(number, "short") for number in range(WHOLE)))
    return made


async def around(there, chunk_id, where=None):
    [point] = await there.store.get(there.base.index, [chunk_id])
    hits = await surroundings(there.adapters, there.base, Hit(point=point, score=1.0), where)
    return {hit.chunk.ordinal: hit.score for hit in hits}


async def test_a_long_document_gives_the_neighbours_nearer_ones_with_more_of_the_score(there):
    found = await around(there, "long-10")
    assert list(found) == [8, 9, 11, 12]
    assert len(found) == 2 * EITHER_SIDE
    assert 1.0 > found[9] == found[11] > found[8] == found[12] > 0


async def test_a_short_document_is_read_whole(there):
    assert list(await around(there, "short-0")) == list(range(1, WHOLE))


async def test_a_filter_holds(there):
    assert await around(there, "long-10", equals("x-amz-bedrock-kb-chunk-id", "long-11")) == {}
    assert list(await around(there, "long-0")) == [1, 2]


async def test_parents_stand_around_parents(house):
    made = await house().open()
    parents = [piece(number, searchable=False) for number in range(3)]
    await made.put(*parents, replace(piece(7), parent_id=parents[0].id))
    assert list(await around(made, "long-0")) == [1, 2]


async def test_what_went_meanwhile_has_no_surroundings(there):
    [point] = await there.store.get(there.base.index, ["long-10"])
    gone = replace(point, chunk=replace(point.chunk, id="gone"))
    assert await surroundings(there.adapters, there.base, Hit(point=gone, score=1.0), None) == []
