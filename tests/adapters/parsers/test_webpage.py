"""HTML pages."""

from __future__ import annotations

import pytest

from outcrop.adapters.parsers.options import ParseOptions
from outcrop.adapters.parsers.webpage import WebpageParser
from outcrop.core.parsed import Blob


def page(body, **parts):
    head = parts.get("head", "")
    data = f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>".encode()
    return WebpageParser(ParseOptions()).parse(Blob(name="a.html", data=data, media_type="text/html"))


def test_what_surrounds_the_content_goes():
    body = """
    <header><nav>Menu</nav></header><div class="side-bar sidebar">Links</div><div class="cookie-banner">Cookies</div>
    <main><h1>Head <a class=headerlink href=#>#</a></h1><p>The words.</p><script>var x;</script></main>
    <aside>Aside</aside><div hidden>Hidden</div><p style="display: none">Hidden too</p><footer>Foot</footer>"""
    assert page(body).text == "Head\n\nThe words."


def test_a_chapter_on_menus_is_no_menu():
    words = "Each menu of the window is explained here. " * 20
    assert words.strip() in page(f'<p>{words}</p><div id="file-menu"><h2>File menu</h2><p>{words}</p></div>').text
    assert "File menu" in page(f'<p>{words}</p><section id="file-menu"><h2>File menu</h2></section>').text


def test_where_everything_looks_like_surroundings_everything_stays():
    assert "The words." in page('<div class="sidebar menu"><p>The words.</p></div>').text


def test_a_short_article_beside_a_long_page_does_not_hide_it():
    text = page("<article>Teaser</article><article>Other</article><p>" + "The long text. " * 50 + "</p>").text
    assert "The long text." in text


def test_headings_and_lists_and_code():
    document = page(
        "<h1>One</h1><ul><li>a<ul><li>b</ul><li>c <b>d</b></ul><ol><li>x<li>y</ol>"
        "<h3>Three</h3><pre>def f():\n    pass</pre><p>line<br>break</p>"
    )
    assert document.text == ("One\n\n- a\n  - b\n- c d\n1. x\n2. y\n\nThree\n\ndef f():\n    pass\n\nline\nbreak")
    assert [(h.level, document.text[h.start : h.end]) for h in document.headings] == [(1, "One"), (3, "Three")]


def test_a_table_is_markdown_with_its_spans_filled():
    document = page(
        "<table><caption>Rates</caption><tr><th>City</th><th>Low | high</th><th>Note</th></tr>"
        "<tr><td rowspan=2>Berlin</td><td>1<br>2</td><td></td></tr><tr><td colspan=2>3</td></tr></table>"
    )
    [table] = document.tables
    assert document.text == (
        "Rates\n\n| City | Low \\| high | Note |\n| --- | --- | --- |\n| Berlin | 1 2 | |\n| Berlin | 3 | |"
    )
    assert document.text[table.start : table.header_end].endswith("--- |")


def test_a_table_that_lays_out_the_page_is_read_as_text():
    document = page(
        "<table><tr><td><h2>Left</h2><p>words</p></td><td><table><tr><td>in</td></tr></table></td></tr></table>"
    )
    assert document.tables == ()
    assert document.text == "Left\n\nwords\n\nin"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("10<sup>6</sup>", "10^6"),
        ("m<sup>2</sup>", "m^2"),
        ("the 1<sup>st</sup>", "the 1st"),
        ("claim<sup><a href=#n1>1</a></sup>", "claim[1]"),
        ("CO<sub>2</sub>", "CO2"),
        ("a_b * c &lt;d&gt; &amp; #1", "a_b * c <d> & #1"),
        ('<a href="https://example.com/x">link</a>', "link"),
        ('<img src=x alt="A map"> of it', "A map of it"),
    ],
)
def test_what_a_reader_sees_is_the_text(markup, text):
    assert page(f"<p>{markup}</p>").text == text


def test_a_page_says_its_title_author_and_language():
    document = page("<p>x</p>", head="<title> A &amp; B </title><meta name=author content='Ada'>")
    assert (document.title, document.metadata["author"], document.metadata["language"]) == ("A & B", "Ada", "en")


def test_the_title_may_be_its_heading():
    assert page("<h1>Head</h1>").title == "Head"


def test_the_declared_encoding_is_followed():
    data = '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251")
    assert WebpageParser(ParseOptions()).parse(Blob(name="a", data=data)).text == "Привет"


def test_elements_that_xhtml_closes_at_once_hold_nothing():
    head = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    data = head + b'<body><a id="x"/><p>words</p></body></html>'
    assert WebpageParser(ParseOptions()).parse(Blob(name="a", data=data)).text == "words"


def test_a_page_that_is_nested_too_deeply_is_read_without_its_structure():
    document = page("<div>" * 20_000 + "deep &amp; dark" + "</div>" * 20_000)
    assert document.text == "deep & dark"
    assert document.warnings
