"""Bytes to text."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcrop.adapters.parsers.decode import clean, declared_encoding, decode, looks_like_text

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\ufeff"))
SENTENCES = {
    "cp1252": "Müller wohnt in Köln. Die Straße ist schön, das Café auch.",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy ve střední Evropě.",
    "cp1251": "Привет, мир. Это обычный текст на русском языке.",
    "koi8_r": "Привет, мир. Это обычный текст на русском языке.",
    "cp866": "Привет, мир. Это обычный текст на русском языке.",
    "cp1253": "Καλημέρα κόσμε, αυτό είναι ένα κείμενο στα ελληνικά.",
    "cp1254": "Türkiye güzel bir ülke, İstanbul büyük bir şehir. Ağaç ve çiçek.",
    "cp1255": "שלום עולם, זה טקסט בעברית.",
    "cp1256": "مرحبا بالعالم هذا نص باللغة العربية",
    "gb18030": "你好,世界。这是一个中文文本文件。",
    "big5": "你好,世界。這是一個中文文字檔案。",
    "cp932": "こんにちは世界。これは日本語のテキストです。",
    "euc_jp": "こんにちは世界。これは日本語のテキストです。",
    "iso2022_jp": "こんにちは世界。これは日本語のテキストです。",
    "cp949": "안녕하세요 세계. 이것은 한국어 텍스트입니다.",
    "utf-16-le": "Words without a byte order mark, and größe.\n",
    "utf-16-be": "Words without a byte order mark, and größe.\n",
}


@given(TEXT)
def test_any_text_survives_utf_8(text):
    assert decode(text.encode()).text == text


@given(TEXT, st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_any_text_survives_an_encoding_with_a_byte_order_mark(text, encoding):
    assert decode(text.encode(encoding)).text == text


@settings(deadline=None)  # the first guess loads the guesser
@given(st.binary(max_size=400), st.sampled_from([None, "latin-1", "utf-16", "rot13", "no-such-thing", ""]))
def test_any_bytes_become_a_clean_text(data, declared):
    text = decode(data, declared).text
    assert not set(text) & {"\x00", "\r"}
    assert text.encode().decode() == text


@pytest.mark.parametrize("encoding", SENTENCES)
def test_one_sentence_tells_its_encoding(encoding):
    assert decode(SENTENCES[encoding].encode(encoding)).text == SENTENCES[encoding]


def test_a_declared_encoding_is_believed_where_it_fits():
    assert decode("Łódź".encode("iso8859_2"), "ISO-8859-2").text == "Łódź"


def test_utf_8_that_is_declared_as_something_else_is_utf_8():
    assert decode("Größe".encode(), "iso-8859-1").text == "Größe"


def test_latin_1_means_windows_1252():
    assert decode(b"\x93quoted\x94", "iso-8859-1").text == "\u201cquoted\u201d"


def test_a_fault_in_utf_8_costs_one_character():
    decoded = decode("größe und müll, ".encode() * 20 + b"\xff end")
    assert decoded.encoding == "utf-8"
    assert decoded.text.startswith("größe und müll")
    assert decoded.warnings


def test_newlines_become_line_feeds():
    assert decode(b"a\r\nb\rc\n").text == "a\nb\nc\n"


def test_nuls_and_lone_surrogates_go():
    assert clean("a\x00b\ud800c") == "ab\ufffdc"


def test_the_sample_of_a_large_file_is_bounded():
    data = ("Größe und Straße. " * 500_000).encode("cp1252")
    assert decode(data).text.startswith("Größe und Straße.")


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b'<?xml version="1.0" encoding="Shift_JIS"?><a/>', "Shift_JIS"),
        (b"<html><head><meta charset=windows-1251>", "windows-1251"),
        (b"<meta http-equiv='Content-Type' content='text/html; charset=koi8-r'>", "koi8-r"),
        (b"<html>charset=none</html>", None),
    ],
)
def test_markup_declares_its_encoding(data, encoding):
    assert declared_encoding(data) == encoding


@pytest.mark.parametrize("data", [b"", b"words", "größe".encode("cp1252"), codecs.BOM_UTF16_LE + b"\x01\x02"])
def test_text_looks_like_text(data):
    assert looks_like_text(data)


@pytest.mark.parametrize("data", [bytes(range(256)), b"\x00\x01\x02\x03" * 50, b"PK\x03\x04\x00\x00\x00\x08\x00" * 9])
def test_other_things_do_not_look_like_text(data):
    assert not looks_like_text(data)
