"""Files of rows of any length, read as they come: the parse process stays as small as for a short one."""

from __future__ import annotations

import os
import threading

import psutil
import pytest

from outcrop.adapters.parsers.options import MIB, ParseOptions
from outcrop.adapters.parsers.reader import PooledReader
from outcrop.core.parsed import Blob

SIZE = int(os.environ.get("OUTCROP_LONG_CSV_MB", "24")) * MIB  # 500 for the full size
MOST_MEMORY = 150 * MIB  # resident, of the parse process; the file of 500 MiB stays under it too
ROW = "{0},The lantern of shelf {0} stands in the long hall and is lit at dusk by the keeper of the house\n"


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("number,words\n")
        number = 0
        while file.tell() < SIZE:
            number += 1000
            file.write("".join(ROW.format(one) for one in range(number - 1000, number)))
    return path, number


def children():
    return {child.pid: child for child in psutil.Process().children()}


class Watch:
    """The most that new children of this process held, by a thread that looks again and again."""

    def __init__(self):
        self.most = 0
        self._others = children()  # of other tests
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self):
        while not self._over.wait(0.01):
            new = [child for pid, child in children().items() if pid not in self._others]
            held = [child.memory_info().rss for child in new if child.is_running()]
            self.most = max([self.most, *held])

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


async def test_a_long_file_of_rows_is_read_whole_in_little_memory(long_file):
    path, count = long_file
    reader = PooledReader(ParseOptions(ocr=False, seconds=60, memory_mb=2048, max_file_mb=1024), 1)
    try:
        with Watch() as watch:
            document = await reader.read(Blob(name=path.name, path=path))
    finally:
        await reader.close()
    assert 0 < watch.most < MOST_MEMORY
    assert len(document.rows) == count + 1
    (table,) = document.tables
    assert (table.start, table.end) == (0, len(document.text))
    assert document.text[: table.header_end] == "| number | words |\n| --- | --- |"
    for row in (document.rows[0], document.rows[count // 2], document.rows[-1]):
        line = document.text[row.start : row.end]
        assert line.startswith("| number |" if row.number == 1 else f"| {row.number - 2} | The lantern of shelf")
        assert "\n" not in line


async def test_a_file_over_the_limit_is_refused_without_being_opened(long_file):
    path, _ = long_file
    reader = PooledReader(ParseOptions(max_file_mb=1), 1)
    before = children().keys()
    with pytest.raises(Exception, match="at most 1 are read") as refused:
        await reader.read(Blob(name=path.name, path=path))
    assert refused.value.reason == "too_large"
    assert children().keys() <= before
    await reader.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_the_encoding_is_found_wherever_in_the_file_it_shows(tmp_path, encoding):
    path = tmp_path / "late.csv"
    path.write_text("a,b\n" + f"1,{'2' * 60}\n" * 20_000 + "Größe,Maß\n", encoding=encoding, newline="")
    reader = PooledReader(ParseOptions(ocr=False), 1)
    document = await reader.read(Blob(name=path.name, path=path))
    await reader.close()
    assert document.text.endswith("| Größe | Maß |")


async def test_rows_after_a_quote_that_is_never_closed_are_read(tmp_path):
    path = tmp_path / "quote.csv"
    path.write_text('a,b\n1,2\n3,"4\n' + f"5,{'6' * 60}\n" * 20_000)
    reader = PooledReader(ParseOptions(ocr=False), 1)
    document = await reader.read(Blob(name=path.name, path=path))
    await reader.close()
    assert len(document.rows) == 20_003
    assert document.text.startswith('| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | "4 |\n| 5 | 6666')
    assert any("quote" in warning for warning in document.warnings)
