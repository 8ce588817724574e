"""How sure OCR is of each line, from the engine to the chunks."""

from outcrop.adapters.chunkers import open_chunker
from outcrop.adapters.parsers.wire import decode, encode
from outcrop.core.records import Chunking
from outcrop.testing.fakes import TokenHashEmbedder

LINES = ["The crane in hall seven was examined", "on the second of June. No defect was", "found that stops the work."]


def scanned(maker, *painters):
    page = maker.pdf(maker.all(*painters), size=(300, 160))
    return maker.pdf(maker.scanned(maker.picture(page)))


def test_every_line_has_its_words_and_a_confidence(maker, read_by_ocr):
    document = read_by_ocr(scanned(maker, maker.lines(LINES, x=20, y=120, size=13)))
    (page,) = document.pages
    assert [document.text[line.start : line.end] for line in page.lines] == LINES
    assert all(0.8 < line.confidence <= 1 for line in page.lines)
    coverage = document.coverage()
    assert (coverage.ocr_lines, coverage.doubtful_lines) == (3, 0)


def test_lines_of_a_page_on_its_side_are_found_as_well(maker, read_by_ocr):
    page = maker.pdf(maker.lines(LINES, x=20, y=120, size=13), size=(300, 160))
    document = read_by_ocr(maker.pdf(maker.scanned(maker.picture(page).rotate(90, expand=True))))
    assert [document.text[line.start : line.end] for line in document.pages[0].lines] == LINES


def test_a_page_with_a_text_layer_has_no_such_lines(maker, read):
    assert read(maker.pdf(maker.lines(LINES))).pages[0].lines == ()


async def test_a_chunk_has_the_confidence_of_its_least_sure_line(maker, read_by_ocr):
    document = read_by_ocr(scanned(maker, maker.lines(LINES, x=20, y=120, size=13)))
    (chunk,) = await open_chunker(Chunking(), TokenHashEmbedder()).chunk("doc", document)
    assert chunk.place.confidence == min(line.confidence for line in document.pages[0].lines)


def test_lines_are_doubtful_where_the_engine_is_not_sure(maker, read_by_ocr, monkeypatch):
    monkeypatch.setattr("outcrop.core.parsed.DOUBTFUL", 1.01)
    document = read_by_ocr(scanned(maker, maker.lines(LINES, x=20, y=120, size=13)))
    assert document.coverage().doubtful_lines == len(LINES)


def test_lines_cross_the_border_of_a_process(maker, read_by_ocr):
    document = read_by_ocr(scanned(maker, maker.lines(LINES, x=20, y=120, size=13)))
    header, bodies = encode(document)
    assert decode(header, memoryview(b"".join(bodies))).pages == document.pages
