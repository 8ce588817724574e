"""Textract and Mathpix, each against a server on this machine that speaks its protocol."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse, Response

from outcrop.adapters.chunkers import open_chunker
from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.reader import PooledReader
from outcrop.adapters.parsers.services.mathpix import Mathpix
from outcrop.adapters.parsers.services.reader import ServiceReader
from outcrop.adapters.parsers.services.textract import Textract
from outcrop.app.adapters import LoadedAdapters
from outcrop.core.errors import Invalid, Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.records import Chunking
from outcrop.core.settings import Settings
from outcrop.testing.fakes import TokenHashEmbedder
from outcrop.testing.serving import served

from .servers import PAGE, Aws, MathpixServer, block

PDF = b"%PDF-1.7\n(a file that only the service reads)"
PNG = b"\x89PNG\r\n\x1a\n(a picture)"


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return Aws()


@pytest.fixture
def mathpix():
    return MathpixServer()


@pytest.fixture
def textract_reader(aws):
    with served(aws.app) as server:
        yield over(Textract("staging", server.url, server.url, wait=0.01))


@pytest.fixture
def mathpix_reader(mathpix):
    with served(mathpix.app) as server:
        yield over(Mathpix(server.url, "an-id", "a-key", wait=0.01))


def over(service):
    return ServiceReader(service, PooledReader(ParseOptions(ocr=False), 1), 1)


async def read(reader, data=PDF, name="scan.pdf"):
    try:
        return await reader.read(Blob(name=name, data=data))
    finally:
        await reader.close()
        await reader._local.close()


async def refusal(reader, data=PDF):
    with pytest.raises(Unreadable) as refused:
        await read(reader, data)
    assert refused.value.message.endswith((".", "!", "?"))
    return refused.value


def lines_of(document):
    return [(document.text[line.start : line.end], line.confidence) for page in document.pages for line in page.lines]


async def test_textract_gives_headings_paragraphs_tables_and_the_confidence_of_each_line(textract_reader, aws):
    document = await read(textract_reader)
    expected = "Wear of ropes\n\nRopes are looked at every week.\n\n| Part | Limit |\n| --- | --- |\n| Rope | 5 |"
    assert document.text == expected
    assert [(one.level, document.text[one.start : one.end]) for one in document.headings] == [(2, "Wear of ropes")]
    assert len(document.tables) == 1
    assert lines_of(document)[:3] == [("Wear of ropes", 0.97), ("Ropes are looked at", 0.96), ("every week.", 0.41)]
    assert document.coverage().doubtful_lines == 1
    assert document.coverage().ocr_pages == 1
    assert document.metadata["header"] == "Mill handbook"
    assert document.parser == "textract/1"


async def test_a_file_is_in_the_bucket_only_while_textract_reads_it(textract_reader, aws):
    await read(textract_reader)
    assert len(aws.stored) == 1
    assert PDF in aws.stored[0]
    assert aws.objects == {}
    names = [name for name, _ in aws.asked]
    assert names[0] == "StartDocumentAnalysis"
    assert names.count("GetDocumentAnalysis") > 3  # twice while it runs, and a question for each part
    assert aws.asked[0][1]["FeatureTypes"] == ["TABLES", "LAYOUT"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ((400, "UnsupportedDocumentException"), "unsupported"),
        ((400, "BadDocumentException"), "corrupt"),
        ((400, "DocumentTooLargeException"), "too_large"),
        ((400, "AccessDeniedException"), "unreachable"),
        ((400, "ThrottlingException"), "unreachable"),
        ((500, "InternalServerError"), "unreachable"),
    ],
)
async def test_what_textract_refuses_has_its_reason_and_leaves_nothing_in_the_bucket(
    textract_reader, aws, error, reason
):
    aws.error = error
    assert (await refusal(textract_reader)).reason == reason
    assert aws.objects == {}


async def test_a_job_of_textract_that_fails_is_a_reason_and_one_that_fails_in_part_a_warning(aws):
    aws.status = "FAILED"
    with served(aws.app) as server:
        found = await refusal(over(Textract("staging", server.url, server.url, wait=0.01)))
        assert (found.reason, "the file is odd" in found.message) == ("corrupt", True)
        aws.status = "PARTIAL_SUCCESS"
        document = await read(over(Textract("staging", server.url, server.url, wait=0.01)))
    assert document.warnings == ("Textract could not read all pages of the file.",)


async def test_pages_of_textract_without_a_layout_are_their_lines(textract_reader, aws):
    aws.blocks = [block("PAGE", "p", "", "a", "b"), block("LINE", "a", "First line"), block("LINE", "b", "Second line")]
    assert (await read(textract_reader)).text == "First line\nSecond line"


async def test_pages_without_text_are_no_text(textract_reader, aws):
    aws.blocks = [block("PAGE", "p", "")]
    assert (await refusal(textract_reader)).reason == "no_text"


async def test_mathpix_gives_headings_formulas_tables_and_the_confidence_of_each_line(mathpix_reader, mathpix):
    document = await read(mathpix_reader)
    first = document.text[document.pages[0].start : document.pages[0].end]
    assert first.startswith(
        "Wear of ropes\n\nRopes are looked at every week with $x=1$.\n\n$$\na = b\n$$\n\n| Part | Limit |"
    )
    assert [document.text[one.start : one.end] for one in document.headings] == ["Wear of ropes"]
    (table,) = document.tables
    assert document.text[table.start : table.end] == "| Part | Limit |\n| --- | --- |\n| Rope | 5 |"
    assert ("every week with $x=1$.", 0.41) in lines_of(document)
    assert document.coverage().ocr_pages == 2
    assert "Mill handbook" not in document.text
    assert "picture" not in document.text
    assert "not a part" not in document.text


async def test_mathpix_is_given_the_file_and_the_keys_and_asked_until_it_is_done(mathpix_reader, mathpix):
    await read(mathpix_reader)
    assert mathpix.asked == ["POST /v3/pdf", *["GET /v3/pdf/p1"] * 3, "GET /v3/pdf/p1.lines.json"]
    assert mathpix.files == [PDF]
    assert mathpix.keys == {("an-id", "a-key")}


async def test_mathpix_reads_a_picture_at_once(mathpix_reader, mathpix):
    document = await read(mathpix_reader, PNG, "photo.png")
    assert mathpix.asked == ["POST /v3/text"]
    assert "Ropes are looked at" in document.text


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "unreachable"), (429, "unreachable"), (503, "unreachable"), (400, "unsupported")]
)
async def test_what_mathpix_refuses_has_its_reason_without_the_keys(mathpix_reader, mathpix, status, reason):
    mathpix.refuse = lambda _: JSONResponse({"error": "a-key is wrong"}, status)
    found = await refusal(mathpix_reader)
    assert found.reason == reason
    assert "a-key" not in found.message


async def test_faults_that_mathpix_tells_are_reasons(mathpix):
    with served(mathpix.app) as server:
        mathpix.final = {"status": "error", "error_info": {"id": "pdf_encrypted", "message": "It is locked."}}
        found = await refusal(over(Mathpix(server.url, "i", "k", wait=0.01)))
        assert (found.reason, found.message) == ("corrupt", "Mathpix could not read the file: It is locked.")
        mathpix.refuse = lambda request: JSONResponse({"error": "no pdf"}) if request.method == "POST" else None
        assert (await refusal(over(Mathpix(server.url, "i", "k", wait=0.01)))).reason == "unsupported"
        mathpix.refuse = lambda _: Response("<html>", media_type="text/html")
        assert (await refusal(over(Mathpix(server.url, "i", "k", wait=0.01)))).reason == "unreachable"


async def test_a_service_that_is_not_there_is_unreachable_and_said_to_be_tried_again():
    found = await refusal(over(Mathpix("http://127.0.0.1:9", "i", "k", wait=0.01)))
    assert found.reason == "unreachable"
    assert "again" in found.message


async def test_other_files_are_read_on_this_machine(mathpix_reader, mathpix):
    document = await read(mathpix_reader, b"name,limit\nrope,5\n", "a.csv")
    assert document.media_type == "text/csv"
    assert mathpix.asked == []


async def test_a_chunk_knows_its_least_sure_line(textract_reader):
    document = await read(textract_reader)
    (chunk,) = await open_chunker(Chunking(), TokenHashEmbedder()).chunk("doc", document)
    assert chunk.place.confidence == 0.41


async def test_the_parser_is_that_of_the_data_source_or_of_the_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("MATHPIX_APP_ID", "i")
    monkeypatch.setenv("A_KEY", "k")
    adapters = LoadedAdapters(Settings(data=tmp_path, parser="mathpix", mathpix_key_variable="A_KEY"))
    assert adapters.reader().version("application/pdf") == "mathpix/1"
    assert adapters.reader("local").version("application/pdf").startswith("pdf/")
    assert adapters.reader().version("text/csv") == adapters.reader("local").version("text/csv")
    await adapters.close()


@pytest.mark.parametrize(("name", "missing"), [("textract", "OUTCROP_TEXTRACT_BUCKET"), ("mathpix", "MATHPIX_APP_ID")])
def test_a_service_that_is_not_set_up_says_what_is_missing(monkeypatch, tmp_path, name, missing):
    monkeypatch.delenv("MATHPIX_APP_ID", raising=False)
    with pytest.raises(Invalid, match=missing):
        LoadedAdapters(Settings(data=tmp_path)).reader(name)


def test_a_parser_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(Invalid, match="mathpix, textract"):
        LoadedAdapters(Settings(data=tmp_path)).reader("unheard-of")


def test_the_blocks_of_the_sample_page_name_only_each_other():
    known = {one["Id"] for one in [*PAGE, *Aws().blocks]}
    assert {child for one in Aws().blocks for link in one["Relationships"] for child in link["Ids"]} <= known
