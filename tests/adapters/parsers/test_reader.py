"""The reader with real parse processes: what hostile files and broken parsers do, and do not, bring about."""

from __future__ import annotations

import asyncio
import io
import signal
import subprocess
import sys
import textwrap
import zipfile

import docx
import openpyxl
import psutil
import pytest

from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.pool import Pool
from outcrop.adapters.parsers.reader import PooledReader, open_reader
from outcrop.core.errors import Unreadable
from outcrop.core.parsed import Blob
from outcrop.core.settings import Settings

BROKEN = """
import contextlib, ctypes, os, socket, sys, time
from pathlib import Path
from outcrop.core.parsed import ParsedDocument, Heading, Row

class Does:
    media_types = frozenset({"text/plain"})
    version = "does/1"

    def __init__(self, options):
        self.options = options

    def parse(self, blob):
        order = blob.read().decode()
        text = getattr(self, order.split()[0])(*order.split()[1:]) or "done"
        return ParsedDocument(text=text, media_type="text/plain", parser=self.version)

    def abort(self): os.abort()
    def leave(self): os._exit(3)
    def hang(self): time.sleep(3600)
    def spin(self):
        while True: pass
    def eat(self):
        held = []
        while True: held.append(bytearray(1 << 24))
    def say(self):
        print("x" * 200_000); os.write(1, b"y" * 200_000); os.write(2, b"z" * 200_000)
    def fault(self): ctypes.string_at(0)
    def panic(self): raise BaseException("a panic")
    def fail(self): raise KeyError("gone")
    def dive(self): return self.dive()
    def pid(self): return str(os.getpid())
    def environment(self): return " ".join(sorted(os.environ))
    def connect(self): socket.create_connection(("127.0.0.1", 9))
    def start(self): os.execv("/bin/true", ["/bin/true"])
    def write(self, path): Path(path).write_text("x")
    def remove(self, path): os.remove(path)
    def empty(self): return "  "

class Lies(Does):
    def parse(self, blob):
        order = blob.read().decode()
        if order == "span":
            return ParsedDocument(text="abc", media_type="t", parser="p", headings=(Heading(level=1, start=0, end=9),))
        if order == "order":
            rows = (Row(sheet=None, number=2, start=2, end=3), Row(sheet=None, number=1, start=0, end=1))
            return ParsedDocument(text="abc", media_type="t", parser="p", rows=rows)
        for descriptor in range(3, 64):
            with contextlib.suppress(OSError):
                socket.socket(fileno=os.dup(descriptor)).send(b"rubbish" * 100)
        time.sleep(3600)
"""


@pytest.fixture
def broken(tmp_path, monkeypatch):
    (tmp_path / "broken_parsers.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(str(tmp_path))
    return {"text/plain": "broken_parsers:Does", "text/markdown": "broken_parsers:Lies"}


@pytest.fixture
async def reader(broken):
    reader = PooledReader(ParseOptions(seconds=5, memory_mb=600), 1, broken)
    yield reader
    await reader.close()


async def does(reader, order, name="a.txt"):
    return (await reader.read(Blob(name=name, data=order.encode()))).text


async def refusal(reader, blob):
    with pytest.raises(Unreadable) as refused:
        await reader.read(blob)
    assert refused.value.message.endswith((".", "!", "?"))
    return refused.value.reason


@pytest.mark.parametrize("order", ["abort", "leave", "fault"])
async def test_a_parser_that_dies_fails_its_document_alone(reader, order):
    before = await does(reader, "pid")
    assert await refusal(reader, Blob(name="a.txt", data=order.encode())) == "crashed"
    assert await does(reader, "pid") != before


def test_a_process_without_work_is_ended_and_another_started_when_there_is_some(broken):
    pool = Pool(ParseOptions(seconds=5, memory_mb=600), broken, 1, idle=0.01)
    ask = Blob(name="a.txt", data=b"pid")
    first = int(pool.submit(ask).result(timeout=30).text)
    gone, _ = psutil.wait_procs(
        [process for process in psutil.Process().children() if process.pid == first], timeout=30
    )
    assert [process.pid for process in gone] in ([first], [])
    assert int(pool.submit(ask).result(timeout=30).text) != first
    pool.close()


async def test_a_process_is_used_again(reader):
    assert await does(reader, "pid") == await does(reader, "pid")


@pytest.mark.parametrize("order", ["hang", "spin"])
async def test_a_parser_that_hangs_is_stopped(broken, order):
    reader = PooledReader(ParseOptions(seconds=1, memory_mb=600), 1, broken)
    assert await refusal(reader, Blob(name="a.txt", data=order.encode())) == "timeout"
    assert await does(reader, "say") == "done"
    await reader.close()


async def test_a_parser_that_eats_memory_is_stopped(reader):
    assert await refusal(reader, Blob(name="a.txt", data=b"eat")) == "out_of_memory"
    assert await does(reader, "say") == "done"


async def test_what_a_parser_prints_does_no_harm(reader):
    for _ in range(3):
        assert await does(reader, "say") == "done"


@pytest.mark.parametrize("order", ["fail", "panic", "dive"])
async def test_an_error_in_a_parser_is_a_reason(reader, order):
    assert await refusal(reader, Blob(name="a.txt", data=order.encode())) == "corrupt"


async def test_a_panic_ends_the_process(reader):
    before = await does(reader, "pid")
    await refusal(reader, Blob(name="a.txt", data=b"panic"))
    assert await does(reader, "pid") != before


@pytest.mark.parametrize("order", ["span", "order", "rubbish"])
async def test_a_process_that_lies_is_not_believed(reader, order):
    assert await refusal(reader, Blob(name="a.md", data=order.encode())) == "crashed"


async def test_text_of_blanks_is_no_text(reader):
    assert await refusal(reader, Blob(name="a.txt", data=b"empty")) == "no_text"


async def test_secrets_are_not_in_the_environment_of_a_parser(reader, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "AWS_SECRET_ACCESS_KEY" not in await does(reader, "environment")


@pytest.mark.skipif(sys.platform != "linux", reason="the filter of system calls is Linux's")
async def test_a_parser_has_no_network_starts_no_program_and_touches_no_file(reader, tmp_path):
    kept = tmp_path / "kept.txt"
    kept.write_text("kept")
    for order in ("connect", "start", f"write {kept}", f"write {tmp_path / 'new'}", f"remove {kept}"):
        with pytest.raises(Unreadable, match="PermissionError"):
            await does(reader, order)
    assert kept.read_text() == "kept"


async def test_documents_are_read_side_by_side(broken):
    reader = PooledReader(ParseOptions(seconds=20, memory_mb=600), 2, broken)
    slow = asyncio.create_task(refusal(reader, Blob(name="a.txt", data=b"hang")))
    for _ in range(20):
        await does(reader, "pid")
    assert not slow.done()
    await reader.close()
    assert await slow in {"crashed", "out_of_memory"}


async def test_closing_leaves_no_process_and_no_waiter(broken):
    reader = PooledReader(ParseOptions(seconds=60, memory_mb=600), 1, broken)
    pid = int(await does(reader, "pid"))
    waiting = [asyncio.create_task(does(reader, "hang")) for _ in range(3)]
    await asyncio.sleep(0)
    await reader.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, Unreadable | asyncio.CancelledError) for result in results)
    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a busy process sees its parent's end when it is idle")
def test_processes_die_with_a_parent_that_is_killed(broken, tmp_path):
    program = f"""
    import asyncio, sys
    sys.path[:0] = {[str(tmp_path), *sys.path]!r}
    from outcrop.adapters.parsers.options import ParseOptions
    from outcrop.adapters.parsers.reader import PooledReader
    from outcrop.core.parsed import Blob
    async def main():
        reader = PooledReader(ParseOptions(seconds=600), 1, {broken!r})
        print((await reader.read(Blob(name="a.txt", data=b"pid"))).text, flush=True)
        await reader.read(Blob(name="a.txt", data=b"spin"))
    asyncio.run(main())
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs([child], timeout=20)[1] == []


@pytest.fixture(scope="module")
def shared():
    """One reader with the real parsers for all hostile files; it belongs to no event loop."""
    reader = open_reader(Settings(threads=1, parse_seconds=20, max_file_mb=3))
    yield reader
    asyncio.run(reader.close())


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def word_file():
    document = docx.Document()
    document.add_paragraph("words " * 2000)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def stray_cell():
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = "near"
    workbook.active["XFD1048576"] = "far"
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def compound(*streams):
    """The beginning of a compound file whose top holds these streams."""
    data = bytearray(512 * 4)
    data[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    data[30:32] = (9).to_bytes(2, "little")
    data[48:52] = (0).to_bytes(4, "little")
    data[76:80] = (1).to_bytes(4, "little")
    data[80:512] = b"\xff" * 432
    data[1024:1028] = (0xFFFFFFFE).to_bytes(4, "little")
    for index, name in enumerate(("Root Entry", *streams)):
        entry = bytearray(128)
        encoded = name.encode("utf-16-le")
        entry[: len(encoded)] = encoded
        entry[64:66] = (len(encoded) + 2).to_bytes(2, "little")
        none = (0xFFFFFFFF).to_bytes(4, "little")
        right = (index + 1).to_bytes(4, "little") if 0 < index < len(streams) else none
        entry[68:80] = none + right + ((1).to_bytes(4, "little") if index == 0 else none)
        data[512 + 128 * index : 512 + 128 * (index + 1)] = entry
    return bytes(data)


BOMB = zipped(**{"[Content_Types].xml": "spreadsheetml", "xl__worksheets__sheet1.xml": b"0" * (25 * 1024 * 1024)})
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><l>&j;</l>"
).encode()
ENCRYPTED_PART = "<manifest:encryption-data/>"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("blank.txt", b" \n\t\n", "no_text"),
        ("big.txt", b"x" * (3 * 1024 * 1024 + 1), "too_large"),
        ("bomb.xlsx", BOMB, "too_large"),
        ("parts.docx", zipped(**{f"word__{n}": "" for n in range(10_001)}), "too_large"),
        ("stray.xlsx", stray_cell(), "too_large"),
        ("laughs.xml", LAUGHS, "unsupported"),
        ("cut.docx", word_file()[:4000], "corrupt"),
        ("noise.pdf", bytes(range(256)) * 40, "corrupt"),
        ("noise.docx", bytes(range(256)) * 40, "corrupt"),
        ("noise.txt", bytes(range(256)) * 40, "unsupported"),
        ("program.txt", b"MZ\x90\x00" + bytes(range(256)) * 9, "unsupported"),
        ("things.zip", zipped(a="b"), "unsupported"),
        ("secret.docx", compound("EncryptionInfo", "EncryptedPackage"), "encrypted"),
        ("secret.xlsx", compound("EncryptedPackage"), "encrypted"),
        ("broken.doc", compound("WordDocument"), "corrupt"),
        ("odd.ole", compound("Something"), "unsupported"),
        (
            "secret.odt",
            zipped(mimetype="application/vnd.oasis.opendocument.text", **{"META-INF__manifest.xml": ENCRYPTED_PART}),
            "encrypted",
        ),
        ("broken.xls", compound("Workbook"), "corrupt"),
        ("broken.epub", zipped(mimetype="application/epub+zip"), "corrupt"),
        ("broken.pptx", zipped(**{"[Content_Types].xml": "presentationml"}), "corrupt"),
        ("broken.ipynb", b'{"cells": [', "corrupt"),
    ],
)
async def test_every_failure_has_its_reason(shared, name, data, reason):
    assert await refusal(shared, Blob(name=name, data=data)) == reason


@pytest.mark.parametrize("depth", [1000, 100_000])
async def test_deeply_nested_html_gives_its_text(shared, depth):
    data = b"<html><body>" + b"<div>" * depth + b"the words" + b"</div>" * depth
    assert "the words" in (await shared.read(Blob(name="deep.html", data=data))).text


async def test_deeply_nested_json_gives_its_text(shared):
    data = b"[" * 50_000 + b'"the words"' + b"]" * 50_000
    assert "the words" in (await shared.read(Blob(name="deep.json", data=data))).text


async def test_a_file_is_read_by_its_content_not_its_name(shared):
    document = await shared.read(Blob(name="report.pdf", data=word_file()))
    assert document.media_type.endswith("wordprocessingml.document")
    assert (await shared.read(Blob(name="page.doc", data=b"<html><p>words</p></html>"))).media_type == "text/html"


async def test_a_file_is_read_from_its_path(shared, tmp_path):
    path = tmp_path / "näme \udcff.txt"
    path.write_bytes(b"words")
    assert (await shared.read(Blob(name="a.txt", path=path))).text == "words"


async def test_a_file_that_is_gone_is_unreachable(shared, tmp_path):
    assert await refusal(shared, Blob(name="a.txt", path=tmp_path / "gone.txt")) == "unreachable"


def test_a_reader_may_be_used_from_one_loop_after_another(shared):
    for _ in range(2):
        assert asyncio.run(shared.read(Blob(name="a.txt", data=b"words"))).text == "words"


def test_versions_name_the_parser_and_its_libraries(shared):
    assert shared.version("text/csv").startswith("delimited/")
    assert "python-calamine/" in shared.version("application/vnd.ms-excel")
    assert shared.version("text/x-unheard-of") == shared.version("text/plain")
    assert shared.version("").startswith("every/")


def test_the_version_changes_with_what_ocr_is_set_to():
    on, off = (PooledReader(ParseOptions(ocr=ocr), 1).version("application/pdf") for ocr in (True, False))
    assert on != off


@pytest.mark.parametrize("name", ["a.pdf", "B.DOCX", "dir/c.tar.md", "README", "x.Py", "y.xlsm", "z.eml"])
def test_documents_are_supported(shared, name):
    assert shared.supports(name)


@pytest.mark.parametrize("name", ["a.exe", "~$b.docx", ".~lock.c.odt#", ".md", "d.zip", "e", ".hidden", "f.mp4"])
def test_other_files_are_not_supported(shared, name):
    assert not shared.supports(name)
