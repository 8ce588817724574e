"""Files made to break a reader: each with the reason that it is refused for, or its words, which are read after all.

They go through a real parse process under its real limits. What is read of a good file must be the same after them.
"""

from __future__ import annotations

import asyncio

import pytest

from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.reader import PooledReader
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob

from . import containers, markup, pictures, prints
from .containers import MIB, WORDS, book, cell, document, open_document, paragraph, slides, workbook, zipped

READ = "read"  # the words are there
SECRET = "the-content-of-another-file"  # what must never be read
OPTIONS = ParseOptions(ocr=False, seconds=20, memory_mb=1024, max_file_mb=30)


@pytest.fixture(scope="module")
def reader():
    reader = PooledReader(OPTIONS, 1)
    yield reader
    asyncio.run(reader.close())


async def outcome(reader, name, data):
    """The reason, or READ where the words were read."""
    try:
        text = (await reader.read(Blob(name=name, data=data))).text
    except Unreadable as error:
        return error.reason if error.message.endswith((".", "!", "?")) else f"no sentence: {error.message}"
    assert SECRET not in text
    return READ if WORDS in " ".join(text.split()) else f"text without the words: {text[:80]!r}"


def bombs():
    blanks = containers.zeros(24 * MIB).decode()
    yield "docx", document(blanks)
    yield "docx", {**document(paragraph()), "word/media/image1.emf": blanks}
    yield "xlsx", workbook(blanks)
    yield "pptx", slides(blanks)
    yield "odt", open_document(blanks)
    yield "epub", book(blanks)
    yield "zip", {"a.txt": blanks}


@pytest.fixture(scope="module")
def bomb_files():
    return [(f"bomb.{extension}", zipped(parts)) for extension, parts in bombs()]


@pytest.mark.parametrize("index", range(7))
async def test_what_unpacks_to_far_more_than_it_is_is_too_large(reader, bomb_files, index):
    assert await outcome(reader, *bomb_files[index]) == "too_large"


@pytest.mark.parametrize("index", range(6))
async def test_a_container_that_lies_about_its_size_is_not_unpacked(reader, bomb_files, index):
    name, data = bomb_files[index]
    assert await outcome(reader, name, containers.lying(data, 99)) in {"corrupt", "too_large"}


async def test_many_names_for_one_packed_stream_are_counted_each(reader):
    assert await outcome(reader, "many.docx", containers.overlapping()) == "too_large"


def nested_archive():
    inner = zipped({"a": containers.zeros(MIB)})
    for _ in range(5):
        inner = zipped({f"{index}.zip": inner for index in range(10)})
    return inner


async def test_archives_in_archives_are_not_unpacked(reader):
    assert await outcome(reader, "a.zip", nested_archive()) == "unsupported"
    embedded = zipped({**document(paragraph()), "word/embeddings/a.docx": nested_archive()})
    assert await outcome(reader, "a.docx", embedded) == READ


def with_prolog(prolog):
    """Every format that is made of XML, each with this before its text and `&j;` in it."""
    text = f"&j; {WORDS}"
    cells = f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
    rows = f'<table:table table:name="A"><table:table-row>{cells}</table:table-row></table:table>'
    return {
        "a.docx": zipped(document(paragraph(text), prolog=prolog)),
        "a.pptx": zipped(slides(text, prolog=prolog)),
        "a.xlsx": zipped(workbook(cell(text), prolog=prolog)),
        "a.odt": zipped(open_document(f"<text:p>{text}</text:p>", prolog=prolog)),
        "a.ods": zipped(open_document(rows, prolog=prolog, kind="spreadsheet")),
        "a.xml": f"{prolog}<x>{text}</x>".encode(),
        "a.svg": f'{prolog}<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'.encode(),
        "wide.docx": zipped({**document(paragraph()), "word/document.xml": f"{prolog}<x>{text}</x>".encode("utf-16")}),
    }


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.odt", "a.ods", "a.xml", "a.svg", "wide.docx"])
async def test_xml_that_defines_entities_is_not_followed(reader, tmp_path, name):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    for prolog in (containers.laughs(), containers.outside(secret.as_uri())):
        assert await outcome(reader, name, with_prolog(prolog)[name]) == "unsupported"


async def test_entities_of_a_web_page_or_a_book_are_left_as_they_stand(reader, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    for prolog in (containers.laughs(element="html"), containers.outside(secret.as_uri(), element="html")):
        assert await outcome(reader, "a.html", f"{prolog}<html><p>&j; {WORDS}</p></html>".encode()) == READ
        assert await outcome(reader, "a.epub", zipped(book(f"<p>&j; {WORDS}</p>", prolog=prolog))) == READ
    parts = book(f"<p>{WORDS}</p>")
    package = containers.laughs(element="package") + parts["c.opf"]
    assert await outcome(reader, "a.epub", zipped({**parts, "c.opf": package})) == "unsupported"


async def test_other_files_are_not_included(reader, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}" parse="text"/>'
    assert await outcome(reader, "a.xml", f"<x>{include}<t>{WORDS}</t></x>".encode()) == READ
    page = f'<html><iframe src="{secret.as_uri()}"></iframe><p>{WORDS}</p></html>'
    assert await outcome(reader, "a.html", page.encode()) == READ
    assert await outcome(reader, "a.tex", f"\\input{{{secret}}} \\include{{{secret}}}\n\n{WORDS}".encode()) == READ
    assert await outcome(reader, "a.rst", f".. include:: {secret}\n\n{WORDS}\n".encode()) == READ


@pytest.mark.parametrize("path", ["../../../../../..{0}", "{0}", "file://{0}", "..\\..\\{0}"])
async def test_paths_in_a_container_do_not_lead_out_of_it(reader, tmp_path, path):
    secret = tmp_path / "secret.xhtml"
    secret.write_text(f"<html><p>{SECRET}</p></html>")
    href = path.format(secret)
    assert await outcome(reader, "a.epub", zipped(book("<p>x</p>", href=href))) == "no_text"
    assert await outcome(reader, "a.docx", zipped({**document(paragraph()), href: "x"})) == READ


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.docx", document(paragraph())),
        ("a.xlsx", workbook(cell())),
        ("a.pptx", slides()),
        ("a.epub", book(f"<p>{WORDS}</p>")),
        ("a.odt", open_document(f"<text:p>{WORDS}</text:p>")),
    ],
)
async def test_a_container_is_read_and_with_a_password_or_cut_off_it_is_not(reader, name, parts):
    data = zipped(parts)
    assert await outcome(reader, name, data) == READ
    assert await outcome(reader, name, containers.locked(data)) == "encrypted"
    assert await outcome(reader, name, data[: len(data) * 2 // 3]) == "corrupt"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.docm", document(paragraph(), kind="ms-word.document.macroEnabled.main", **{"word/vbaProject.bin": b"x"})),
        ("a.xlsm", workbook(cell(), kind="ms-excel.sheet.macroEnabled.main", **{"xl/vbaProject.bin": b"Auto_Open"})),
        ("a.pptm", {**slides(kind="ms-powerpoint.presentation.macroEnabled.main"), "ppt/vbaProject.bin": b"x"}),
        ("macros.docx", document(paragraph(), **{"word/vbaProject.bin": b"Sub AutoOpen()"})),
    ],
)
async def test_macros_are_neither_run_nor_read(reader, name, parts):
    document = await reader.read(Blob(name=name, data=zipped(parts)))
    assert WORDS in document.text
    assert "Auto" not in document.text


@pytest.mark.parametrize("name", sorted(markup.NESTED))
async def test_nesting_without_end_is_read_or_refused_in_time(reader, name):
    data, expected = markup.NESTED[name]()
    assert await outcome(reader, name, data) == expected


@pytest.mark.parametrize("name", sorted(markup.TEDIOUS))
async def test_texts_that_expressions_would_go_over_again_and_again_are_read_in_time(reader, name):
    assert await outcome(reader, name, markup.TEDIOUS[name]()) == READ


@pytest.mark.parametrize("name", sorted(markup.ENCODED))
async def test_broken_encodings_are_read_as_far_as_they_go(reader, name):
    data, expected = markup.ENCODED[name]
    assert await outcome(reader, name, data) == expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (prints.looping_pages, "corrupt"),
        (lambda: prints.many_pages(20_000), READ),
        (lambda: prints.claimed_pages(100_000_000), READ),
        (prints.deep_arrays, READ),
        (prints.deep_page_tree, "corrupt"),
        (prints.layered, READ),
        (prints.bad_font, "text without the words"),
        (prints.looping_outline, READ),
        (lambda: prints.page(box="0 0 1e38 1e38"), READ),
        (lambda: prints.page(box="0 0 0 0"), READ),
        (lambda: prints.page(box="0 0 nan (x)"), READ),
        (lambda: prints.page("0 0 99 99 re f", box="0 0 2000000 2000000"), "no_text"),
        (lambda: prints.page(f"{prints.SHOWN} {'q ' * 100_000}"), READ),
        (lambda: prints.page(f"{prints.SHOWN} {'0 0 m 1 1 l S ' * 50_000}"), READ),
        (lambda: prints.packed(300 * MIB), READ),
        (prints.huge_picture, "no_text"),
    ],
)
async def test_pdf_files_that_loop_or_lie_end_with_their_reason(reader, make, expected):
    assert (await outcome(reader, "a.pdf", make())).startswith(expected)


@pytest.mark.parametrize("make", [prints.recursive_form, prints.doubling_forms])
async def test_forms_that_draw_themselves_end_their_reader_and_no_other_document(reader, make):
    assert await outcome(reader, "a.pdf", make()) in {"crashed", "timeout", "out_of_memory", READ}
    assert await outcome(reader, "b.txt", WORDS.encode()) == READ


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        ("a.png", pictures.wide_png, "too_large"),
        ("a.gif", pictures.claimed_gif, "too_large"),
        ("a.bmp", pictures.claimed_bmp, "too_large"),
        ("note.png", lambda: pictures.text_bomb(80 * MIB), "corrupt"),
        ("a.tif", lambda: pictures.many_frames(3), "no_text"),
        ("loop.tif", pictures.looping_tiff, "no_text"),
    ],
)
async def test_pictures_that_unpack_to_far_more_than_they_are_end_with_their_reason(name, make, expected):
    reader = PooledReader(ParseOptions(ocr=True, seconds=20, memory_mb=3072), 1)
    try:
        assert await outcome(reader, name, make()) == expected
    finally:
        await reader.close()


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xls", "a.png", "a.odt", "a.epub", "a.doc", "a.pptx", "a.msg"])
async def test_a_wrong_extension_is_found_out(reader, name):
    assert await outcome(reader, name, zipped(document(paragraph()))) == READ
    assert await outcome(reader, name, prints.page()) == READ
    assert await outcome(reader, name, b"\x7fELF" + bytes(range(256)) * 20) in {"unsupported", "corrupt"}
    assert await outcome(reader, name, b"") == "empty"
