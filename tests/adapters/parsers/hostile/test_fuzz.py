"""Spoiled files of every format through the real reader: for a little while here, for longer by `bench`."""

from __future__ import annotations

import os

from bench.fuzz_parsers import Fuzzer, report

SECONDS = float(os.environ.get("OUTCROP_FUZZ_SECONDS", "15"))
MOST_GROWTH = 40.0  # MiB of this process, over all files but the first quarter


async def test_spoiled_files_end_with_a_reason_and_leave_nothing_behind(tmp_path):
    fuzzer = Fuzzer(seed=int(os.environ.get("OUTCROP_FUZZ_SEED", "0")), processes=2, keep=tmp_path)
    found = await fuzzer.run(SECONDS)
    assert found.holds, "\n".join(report(found))
    assert found.files > 20 * SECONDS
    assert {"text", "corrupt", "unsupported", "no_text"} <= set(found.outcomes)
    assert found.growth < MOST_GROWTH


async def test_a_thousand_files_leave_the_reader_as_small_as_a_hundred():
    fuzzer = Fuzzer(seed=1)
    found = await fuzzer.run(60, only=("pdf", "docx", "html", "xlsx", "csv", "md", "json"), most=1000)
    assert found.holds, "\n".join(report(found))
    assert found.files == 1000
    assert found.growth < MOST_GROWTH
    early, late = found.reader_memory(0.1, 0.3), found.reader_memory(0.8, 1.0)
    assert late < early + MOST_GROWTH, (early, late)
