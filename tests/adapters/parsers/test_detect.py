"""What a file is."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.adapters.parsers.detect import detect
from outcrop.core.errors import Unreadable


def office(kind, main):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Override ContentType="application/x.{main}+xml"/>')
        archive.writestr(f"{kind}/document.xml", "<x/>")
    return buffer.getvalue()


def open_document(kind):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "ending"),
    [
        ("a.txt", b"%PDF-1.7 ...", "/pdf"),
        ("a.pdf", b"junk\n" * 400 + b"%PDF-1.4\n1 0 obj\nendobj", "/pdf"),
        ("a.doc", b"{\\rtf1 words}", "/rtf"),
        ("a.bin", b"\x89PNG\r\n\x1a\n0000", "/png"),
        ("a.png", b"\xff\xd8\xff\xe0", "/jpeg"),
        ("a", b"RIFF0000WEBPVP8 ", "/webp"),
        ("a.zip", office("word", "wordprocessingml.document.main"), "wordprocessingml.document"),
        ("a.docm", office("word", "ms-word.document.macroEnabled.main"), "wordprocessingml.document"),
        ("a.docx", office("xl", "spreadsheetml.sheet.main"), "spreadsheetml.sheet"),
        ("a.xlsx", office("xl", "ms-excel.sheet.binary.macroEnabled.main"), "sheet.binary.macroenabled.12"),
        ("a.xlsx", office("ppt", "presentationml.presentation.main"), "presentationml.presentation"),
        ("a.zip", open_document("text"), "opendocument.text"),
        ("a.ott", open_document("text-template"), "opendocument.text"),
        ("a.ods", open_document("spreadsheet"), "opendocument.spreadsheet"),
        ("a.xls", b"<html><table><tr><td>1", "/html"),
        ("a.txt", b"\xef\xbb\xbf\n<!-- note -->\n<!DOCTYPE html><p>x", "/html"),
        ("a.xml", b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "/html"),
        ("a.xml", b"<?xml version='1.0'?><list/>", "/xml"),
        ("a.dat", b"<?xml version='1.0'?><list/>", "/xml"),
        ("a.md", b"<html>in Markdown</html>", "/markdown"),
        ("a.csv", b"a,b\n1,2", "/csv"),
        ("a.py", b"import os", "/x-code"),
        ("a.docx", b"only words", "/plain"),
        ("a.log", b"From: x\nTo: y\n", "/plain"),
        ("message", b"From: a@example.com\r\nTo: b@example.com\r\nSubject: s\r\n\r\nwords", "/rfc822"),
        ("a.doc", b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n", "/related"),
        ("a.ipynb", b"{}", "ipynb+json"),
    ],
)
def test_content_comes_before_the_name(name, data, ending):
    assert detect(name, data).endswith(ending)


@given(st.text(max_size=20), st.binary(max_size=3000))
def test_any_bytes_are_a_type_or_a_reason(name, data):
    with suppress(Unreadable):
        assert "/" in detect(name, data)


@given(
    st.sampled_from([b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"%PDF-", b"{\\rtf"]), st.binary(max_size=3000)
)
def test_any_bytes_after_a_true_beginning_are_a_type_or_a_reason(magic, data):
    with suppress(Unreadable):
        assert "/" in detect("a", magic + data)
