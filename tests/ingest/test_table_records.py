"""A metadata file makes each row of a CSV file a document of its own, as Bedrock does."""

from __future__ import annotations

import json

import pytest

from outcrop.adapters.parsers.delimited import DelimitedParser
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob, ParsedDocument, RecordStructure
from outcrop.core.protocols import every
from outcrop.core.records import Document
from outcrop.core.sidecars import read_sidecar
from outcrop.ingest.table_records import record_chunks
from outcrop.testing.fakes import TokenHashEmbedder

CSV = """id,question,answer,year,public,code
1,How much oil?,"Four litres | a year, in ""May"".",2026,true,007
2,Who?,Nobody.,2025,false,abc
3,Empty?,,2024,true,x
4,Lines?,"One
two.",2.5,TRUE,
"""
CONFIGURATION = {
    "type": "RECORD_BASED_STRUCTURE_METADATA",
    "recordBasedStructureMetadata": {
        "contentFields": [{"fieldName": "answer"}],
        "metadataFieldsSpecification": {"fieldsToExclude": [{"fieldName": "question"}]},
    },
}


def sidecar(configuration=CONFIGURATION, **more):
    return json.dumps({"documentStructureConfiguration": configuration, **more}).encode()


def parsed(text=CSV):
    return DelimitedParser(ParseOptions()).parse(Blob(name="a.csv", data=text.encode(), media_type="text/csv"))


def found(structure, text=CSV):
    document = parsed(text)
    chunks, metadata = record_chunks("d", document, structure, TokenHashEmbedder().tokenizer)
    assert all(document.text[one.start : one.end].replace("\\|", "|") == one.text for one in chunks)
    return [(one.text, one.place.first_row, metadata[one.id]) for one in chunks]


def test_each_row_is_a_chunk_with_its_own_metadata_in_their_types():
    assert found(read_sidecar("a", sidecar()).structure) == [
        ('Four litres | a year, in "May".', 2, {"id": 1, "year": 2026, "public": True, "code": "007"}),
        ("Nobody.", 3, {"id": 2, "year": 2025, "public": False, "code": "abc"}),
        ("One two.", 5, {"id": 4, "year": 2.5, "public": True}),
    ]


def test_fields_are_included_by_name():
    structure = RecordStructure(content="answer", include=("year", "id"), exclude=("id",))
    assert [metadata for _, _, metadata in found(structure)] == [{"year": 2026}, {"year": 2025}, {"year": 2.5}]


def test_the_first_row_names_the_columns_even_where_it_looks_like_values():
    assert found(RecordStructure(content="2"), "1,2\n3,four\n5,six\n") == [("four", 2, {"1": 3}), ("six", 3, {"1": 5})]


def test_rows_that_are_the_same_are_chunks_each():
    document = parsed("a,b\nx,y\nx,y\n")
    chunks, _ = record_chunks("d", document, RecordStructure(content="a"), TokenHashEmbedder().tokenizer)
    assert len({one.id for one in chunks}) == 2


@pytest.mark.parametrize(
    ("structure", "document", "sentence"),
    [
        (RecordStructure(content="nothing"), None, "names the column 'nothing', which it has not: id, question"),
        (RecordStructure(content="answer", include=("x",)), None, "names the column 'x'"),
        (RecordStructure(content="a"), ParsedDocument(text="a", media_type="text/plain", parser="p"), "of a CSV file"),
    ],
)
def test_a_structure_that_does_not_fit_is_told(structure, document, sentence):
    with pytest.raises(Unreadable, match=sentence):
        record_chunks("d", document or parsed(), structure, TokenHashEmbedder().tokenizer)


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"type": "OTHER", "recordBasedStructureMetadata": {}},
        {"type": "RECORD_BASED_STRUCTURE_METADATA"},
        {"type": "RECORD_BASED_STRUCTURE_METADATA", "recordBasedStructureMetadata": {"contentFields": []}},
        {"type": "RECORD_BASED_STRUCTURE_METADATA", "recordBasedStructureMetadata": {"contentFields": ["a"]}},
        5,
    ],
)
def test_a_structure_that_is_none_fails_its_document(configuration):
    with pytest.raises(Unreadable, match="cannot be used"):
        read_sidecar("a.csv.metadata.json", sidecar(configuration))


async def test_rows_are_found_by_their_metadata_and_a_change_of_it_is_seen(house, monkeypatch):
    parser = DelimitedParser(ParseOptions())

    async def read(blob):
        house.reader.reads += 1
        return parser.parse(Blob(name=blob.name, data=blob.read(), media_type="text/csv"))

    monkeypatch.setattr(house.reader, "read", read)
    monkeypatch.setattr(house.reader, "supports", lambda name: name.endswith(".csv"))
    file = house.folder / "faq.csv"
    file.write_text(CSV)
    beside = file.with_name("faq.csv.metadata.json")
    beside.write_bytes(sidecar(metadataAttributes={"team": "plant"}))

    async def points():
        return {
            point.chunk.text: dict(point.metadata)
            async for some in house.store.scan(house.base.index)
            for point in some
        }

    await house.syncs.run(house.base, house.source)
    assert (await points())["Nobody."] == {"team": "plant", "id": 2, "year": 2025, "public": False, "code": "abc"}
    (document,) = [one async for one in every(house.metadata, Document, None)]
    assert (document.status, document.chunks, document.metadata) == ("INDEXED", 3, {"team": "plant"})
    reads = house.reader.reads
    await house.syncs.run(house.base, house.source)
    assert house.reader.reads == reads
    beside.write_bytes(sidecar(metadataAttributes={"team": "office"}))
    await house.syncs.run(house.base, house.source)
    assert {one["team"] for one in (await points()).values()} == {"office"}
    assert (await house.verifier.verify(house.base)).ok
