"""Source code is cut by functions and classes, with the lines that they stand on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.chunkers import open_chunker
from outcrop.adapters.parsers.definitions import definitions
from outcrop.core.parsed import ParsedDocument
from outcrop.core.records import Chunking
from outcrop.testing.fakes import TokenHashEmbedder

CODE = '''import os
import sys


class Pump:
    """A pump."""

    def run(self):
        return self.speed * 2 + self.oil - 1

    def stop(self):
        self.speed = 0
        self.oil = 0
        return self.speed + self.oil


def main():
    Pump().run()


main()
'''


def parsed(text, extension="py"):
    found = definitions(text, extension)
    return ParsedDocument(text=text, media_type="text/x-code", parser="t", definitions=found, lined=True)


async def chunks(text, limit=300):
    chunker = open_chunker(Chunking(strategy="code", max_tokens=limit), TokenHashEmbedder())
    return await chunker.chunk("d", parsed(text))


async def test_each_definition_is_a_chunk_with_its_lines_and_name():
    found = [(one.place.first_line, one.line_at(len(one.text)), one.context) for one in await chunks(CODE)]
    assert found == [(1, 2, ""), (5, 14, "Pump"), (17, 18, "main"), (21, 21, "")]


async def test_a_class_that_is_too_long_is_cut_at_its_methods():
    found = [(one.place.first_line, one.line_at(len(one.text)), one.context) for one in await chunks(CODE, 30)]
    assert (8, 9, "Pump > run") in found
    assert next(one for one in found if one[2] == "Pump > stop")[0] == 11
    assert [one for one in found if one[2] == "Pump"] == [(5, 6, "Pump")]


async def test_a_line_without_end_is_cut_too():
    found = await chunks("x = '" + "word " * 500 + "'\n", 40)
    assert len(found) > 10
    assert all(one.tokens <= 40 for one in found)
    assert {one.place.first_line for one in found} == {1}


@given(st.text("ab:#(){}\n\t def clas", max_size=200), st.integers(3, 40))
@pytest.mark.asyncio(loop_scope="function")
async def test_every_word_is_in_a_chunk_and_every_chunk_where_it_says(text, limit):
    found = await chunks(text, limit)
    assert "".join("".join(one.text.split()) for one in found) == "".join(text.split())
    for one in found:
        assert one.text == text[one.start : one.end]
        assert one.place.first_line == 1 + text.count("\n", 0, one.start)
