"""Marks and sources in the text of an answer, however it comes."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from outcrop.core.answers import Answer, Citation, CitationPart, FinalPart, Reference, TextPart
from outcrop.openai.cited import SOURCES, CitedText, unmarked
from outcrop.testing.passages import passage

REFUSAL = "Not available."


def reference(name="a.md", page=None):
    return Reference(hit=passage("A passage.", name=name), quote="A passage.", start=0, end=10, page=page)


def answer(text, citations, *, available=True):
    return Answer(
        text=text if available else REFUSAL,
        available=available,
        citations=tuple(citations),
        hits=(),
        session_id="s",
        model="m",
        question="q",
    )


REFERENCES = {
    "": (),
    "a": (reference(),),
    "b": (reference("b.pdf", 4),),
    "ab": (reference(), reference("b.pdf", 5)),
}


def parts(sentences, cuts):
    """The parts of an answer as a language model's come: cut anywhere, each citation once the next sentence begins."""
    text, due, citations = "", [], []
    for sentence, references in sentences:
        if text:
            text += " "
        start = len(text)
        text += sentence
        if references:
            due.append((len(text), Citation(start=start, end=len(text), references=REFERENCES[references])))
    sent = 0
    for cut in [*sorted({min(cut, len(text)) for cut in cuts}), len(text)]:
        if cut > sent:
            yield TextPart(text=text[sent:cut])
            sent = cut
        while due and (sent > due[0][0] + 1 or sent == len(text)):
            citations.append(due.pop(0)[1])
            yield CitationPart(citation=citations[-1])
    yield FinalPart(answer=answer(text, citations, available=bool(citations)))


SENTENCES = st.lists(
    st.tuples(
        st.from_regex(r"[A-Z][a-zé北]{1,12}( [a-z]{1,9}| 3\.5){0,6}[.!?]", fullmatch=True),
        st.sampled_from(["", "a", "b", "ab"]),
    ),
    min_size=1,
    max_size=6,
)


@given(SENTENCES, st.lists(st.integers(0, 300), max_size=100))
def test_every_statement_is_marked_and_nothing_else_is_changed(sentences, cuts):
    text = CitedText()
    pieces = [text.feed(part) for part in parts(sentences, cuts)]
    assert "".join(pieces) == text.sent
    assert text.answer is not None
    if not any(references for _, references in sentences):
        assert text.sent == REFUSAL
        return
    assert unmarked(text.sent) == text.answer.text
    for mark in text.marks:
        assert text.sent[mark.start : mark.end] == f"[{mark.source.number}]"
    for citation in text.answer.citations:
        shown = text.sent[text.position(citation.start, end=False) : text.position(citation.end, end=True)]
        assert re.sub(r" ?\[\d+\]", "", shown) == text.answer.text[citation.start : citation.end]


@given(SENTENCES.filter(lambda found: all(references for _, references in found)), st.integers(1, 7))
def test_small_pieces_get_their_marks_right_behind_the_statement(sentences, size):
    text = CitedText()
    for part in parts(sentences, range(0, 1000, size)):
        text.feed(part)
    body = text.sent.partition(SOURCES)[0]
    assert re.sub(r" (\[\d\])+", "", body) == " ".join(sentence for sentence, _ in sentences)
    for sentence, _ in sentences:
        assert re.search(re.escape(sentence) + r" \[\d\]", body)


def test_nothing_is_sent_before_a_passage_supports_it():
    text = CitedText()
    assert text.feed(TextPart(text="Perhaps it is so. ")) == ""
    assert text.feed(FinalPart(answer=answer("", (), available=False))) == REFUSAL


def test_an_answer_that_turns_into_a_refusal_says_so_at_the_end():
    text = CitedText()
    text.feed(TextPart(text="It is so."))
    text.feed(CitationPart(citation=Citation(start=0, end=9, references=(reference(),))))
    text.feed(FinalPart(answer=answer("", (), available=False)))
    assert text.sent == f"It is so. [1]\n\n{REFUSAL}"


def test_sources_say_where_and_cannot_pose_as_markup():
    hit = reference().hit
    hostile = replace(hit, point=replace(hit.point, uri="file:///x/%5Bclick%5D(http:evil)%0A<b>.pdf"))
    text = CitedText()
    text.feed(TextPart(text="It is so."))
    cited = replace(reference(page=3), hit=hostile)
    text.feed(CitationPart(citation=Citation(start=0, end=9, references=(cited,))))
    text.feed(FinalPart(answer=answer("It is so.", ())))
    assert text.sent.endswith("- [1] \\[click\\](http:evil) \\<b\\>.pdf, page 3")
