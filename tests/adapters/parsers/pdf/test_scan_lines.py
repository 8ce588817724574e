"""How sure OCR is of each line, from the engine to the chunks."""

from outcrop.adapters.chunkers import open_chunker
from outcrop.adapters.parsers.wire import decode, encode
from outcrop.core.parsed import DOUBTFUL
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


def test_a_line_that_can_hardly_be_read_is_doubtful(maker, read_by_ocr):
    def smear(canvas):
        canvas.setFont("Helvetica", 13)
        canvas.drawString(20, 40, "Brake lining worn to nine tenths")
        canvas.setLineWidth(1.6)
        canvas.setStrokeGray(0.35)
        for x in range(20, 215, 4):
            canvas.line(x, 36, x + 3, 54)

    document = read_by_ocr(scanned(maker, maker.lines(LINES, x=20, y=120, size=13), smear))
    assert document.coverage().doubtful_lines >= 1
    assert min(line.confidence for line in document.pages[0].lines) < DOUBTFUL


def test_lines_cross_the_border_of_a_process(maker, read_by_ocr):
    document = read_by_ocr(scanned(maker, maker.lines(LINES, x=20, y=120, size=13)))
    header, bodies = encode(document)
    assert decode(header, memoryview(b"".join(bodies))).pages == document.pages
