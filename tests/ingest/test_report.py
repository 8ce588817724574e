"""Reports: numbers that can be added up by hand, and reasons that say what to do."""

from __future__ import annotations

import csv
import io
from typing import get_args

import pytest

from outcrop.core.errors import NotFound, Reason
from outcrop.core.records import Chunking
from outcrop.ingest.report import COLUMNS, REMEDIES, Reports, csv_lines, row

TEXT = "The pump needs oil. It must not be started before the valve is open, and that is all there is to it."


@pytest.fixture
async def filled(tmp_path, make_house):
    house = await make_house(tmp_path).open(Chunking(strategy="fixed", max_tokens=20, overlap_percentage=1))
    house.write("a.txt", TEXT)
    house.write("deep/b.txt", TEXT)
    house.write("pages.txt", "First page of the two.\f  \fThe third page is here.")
    house.write("locked.txt", "FAIL encrypted")
    house.write("movie.mp4", "x")
    await house.sync()
    return house


async def rows_of(house, job=None):
    return {one.name: row(one) async for one in Reports(house.metadata).documents(house.base, job)}


async def test_the_numbers_of_a_knowledge_base_are_those_of_its_documents(filled):
    report = await Reports(filled.metadata).of(filled.base)
    documents = (await filled.documents()).values()
    assert report.documents == 5
    assert report.statuses == {"INDEXED": 2, "PARTIALLY_INDEXED": 1, "FAILED": 1, "IGNORED": 1}
    assert report.reasons == {"encrypted": 1, "no_text": 1, "unsupported": 1}
    assert report.chunks == sum(one.chunks for one in documents) == sum(report.histogram.values())
    assert (report.pages, report.empty_pages) == (3, 1)
    assert report.languages["en"] == 3
    assert report.duplicate_documents == 1
    assert report.tokens == sum(point.chunk.tokens for point in await filled.points())


async def test_a_job_reports_what_it_did_and_what_still_fails(filled):
    filled.write("c.txt", "The valve is new and has no oil in it at all.")
    await filled.sync()
    reports = Reports(filled.metadata)
    job = await reports.job(filled.base, "last")
    report = await reports.of(filled.base, job)
    assert (report.statistics.indexed, report.statistics.unchanged, report.statistics.failed) == (1, 3, 1)
    assert set(await rows_of(filled, job)) == {"c.txt", "locked.txt"}
    first = (await reports.jobs(filled.base))[-1]
    assert set(await rows_of(filled, first)) == {"a.txt", "deep/b.txt", "pages.txt", "locked.txt", "movie.mp4"}


async def test_a_job_that_is_not_there_is_said(filled):
    with pytest.raises(NotFound, match="no job"):
        await Reports(filled.metadata).job(filled.base, "nothing")


async def test_empty_and_duplicate_chunks_are_counted(tmp_path, make_house):
    house = await make_house(tmp_path).open(Chunking(strategy="fixed", max_tokens=4, overlap_percentage=1))
    house.write("a.txt", "one two three four\n" * 3 + "- - - -\n")
    await house.sync()
    quality = (await house.documents())["a.txt"].quality
    assert (quality.empty_chunks, quality.duplicate_chunks) == (1, 2)
    assert quality.histogram == (4, 0, 0, 0, 0, 0, 0, 0, 0)


async def test_a_failed_document_has_its_reason_and_what_to_do(filled):
    found = (await rows_of(filled))["locked.txt"]
    assert (found["status"], found["reasonCode"]) == ("FAILED", "encrypted")
    assert "password" in found["whatToDo"]


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_a_remedy(reason):
    assert REMEDIES[reason].endswith(".")


async def test_the_csv_file_has_a_line_for_each_document_and_no_formulas(filled):
    filled.write("=cmd.txt", "FAIL corrupt")
    await filled.sync()
    documents = [one async for one in Reports(filled.metadata).documents(filled.base)]
    lines = list(csv.DictReader(io.StringIO("".join(csv_lines(documents)))))
    assert tuple(lines[0]) == COLUMNS
    assert "'=cmd.txt" in {line["name"] for line in lines}
    assert len(lines) == 6
