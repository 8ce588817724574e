"""The chain from question to cited answer."""

from __future__ import annotations

import pytest
from tests.answer.conftest import base, chunk

from outcrop.answer.prompts import SENTINEL
from outcrop.core.answers import AskRequest, CitationPart, FinalPart, Reranking, RetrieveRequest, TextPart
from outcrop.core.boxes import Boxes
from outcrop.core.chunks import Place
from outcrop.core.errors import IndexMissing, Invalid, ModelFailed, NotFound, Throttled
from outcrop.core.filters import equals
from outcrop.core.records import Session, Turn
from outcrop.models.catalog import RERANK_ID

LEAVE = "Full-time employees receive 27 days of paid leave. Leave is requested from Anna Keller."
CANTEEN = "The canteen opens at noon."


async def test_retrieve_gives_the_nearest_passages_and_says_how(house):
    there = await house().open(LEAVE, CANTEEN)
    found = await there.answers.retrieve(there.base, RetrieveRequest(question="When does the canteen open?", limit=1))
    assert [hit.chunk.text for hit in found.hits] == [CANTEEN]
    assert [span.name for span in found.trace] == [
        "guard",
        "rewrite",
        "split",
        "narrow",
        "embed",
        "search",
        "merge",
        "rerank",
    ]
    assert not there.generator.prompts


async def test_keyword_retrieval_embeds_nothing(house):
    there = await house().open(LEAVE)
    before = there.embedder.embedded
    await there.answers.retrieve(there.base, RetrieveRequest(question="leave", mode="keyword"))
    assert there.embedder.embedded == before


@pytest.mark.parametrize(("question", "limit"), [("", 5), (" \n", 5), ("x" * 20_001, 5), ("fine", 0), ("fine", 101)])
async def test_bounds_are_kept(house, question, limit):
    there = await house().open(LEAVE)
    with pytest.raises(Invalid):
        await there.answers.retrieve(there.base, RetrieveRequest(question=question, limit=limit))


async def test_filters_hold(house):
    there = await house().open(LEAVE, CANTEEN)
    where = equals("x-amz-bedrock-kb-source-uri", "file:///doc1.md")
    found = await there.answers.retrieve(there.base, RetrieveRequest(question="paid leave", where=where))
    assert [hit.chunk.text for hit in found.hits] == [CANTEEN]


async def test_a_missing_index_is_said(house):
    with pytest.raises(IndexMissing):
        await house().answer("Anything?")


async def test_parents_stand_in_for_their_children_once(house):
    there = await house().open()
    parent = chunk(f"{LEAVE} {CANTEEN}", document="whole", searchable=False)
    children = [chunk(text, ordinal=i + 1, parent_id=parent.id) for i, text in enumerate((LEAVE, CANTEEN))]
    await there.put(parent, *children)
    found = await there.answers.retrieve(there.base, RetrieveRequest(question="paid leave canteen"))
    assert [hit.chunk.id for hit in found.hits] == [parent.id]


async def test_an_answer_streams_its_text_then_each_citation_then_the_whole(house):
    there = await house(["Employees receive 27 ", "days of paid leave [1", "]. Ask Anna Keller [1]."]).open(LEAVE)
    parts = await there.ask("How many days of leave do I have?")
    assert [type(part) for part in parts[-2:]] == [CitationPart, FinalPart]
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    answer = parts[-1].answer
    assert answer.text == text == "Employees receive 27 days of paid leave. Ask Anna Keller."
    assert answer.available
    assert [part.citation for part in parts if isinstance(part, CitationPart)] == list(answer.citations)
    assert [answer.text[one.start : one.end] for one in answer.citations] == [
        "Employees receive 27 days of paid leave.",
        "Ask Anna Keller.",
    ]
    sent = 0
    for part in parts:
        sent += len(part.text) if isinstance(part, TextPart) else 0
        assert not isinstance(part, CitationPart) or part.citation.end <= sent


async def test_a_reference_names_the_documents_characters_page_and_regions(house):
    there = await house(["They receive 27 days of paid leave [1]."]).open()
    boxes = Boxes.of([(0, 9, 3, 1, 1, 2, 2), (10, 50, 4, 5, 5, 9, 6)])
    await there.put(chunk(LEAVE, place=Place(first_page=3, last_page=4), boxes=boxes))
    reference = (await there.answer("Leave?")).citations[0].references[0]
    assert reference.quote == "Full-time employees receive 27 days of paid leave."
    assert (reference.start, reference.end) == (1000, 1000 + len(reference.quote))
    assert reference.page == 3
    assert [region.page for region in reference.regions] == [3, 4]


async def test_a_reference_to_a_sheet_names_its_row(house):
    text = "| Item | Price |\n| --- | --- |\n| Saw | 40 |\n| Rake | 25 |"
    place = Place(sheet="Tools", first_row=1, last_row=3, rows=((0, 1), (31, 2), (44, 3)))
    there = await house(["The rake costs 25 [1]."]).open()
    await there.put(chunk(text, place=place))
    reference = (await there.answer("What does the rake cost?")).citations[0].references[0]
    assert (reference.sheet, reference.row) == ("Tools", 3)


async def test_an_unsupported_statement_is_left_uncited_and_noted(house):
    there = await house(["Employees receive 27 days of paid leave [1]. Dragons receive gold [1]."]).open(LEAVE)
    answer = await there.answer("Leave?")
    assert len(answer.citations) == 1
    details = next(span.details for span in answer.trace if span.name == "generate")
    assert (details["statements"], details["supported"]) == (2, 1)


async def test_an_answer_that_nothing_supports_is_not_available(house):
    there = await house(["Employees receive 99 days of leave [1]."]).open(LEAVE)
    answer = await there.answer("Leave?")
    assert not answer.available
    assert answer.text == there.settings.refusal
    assert answer.citations == ()


async def test_the_models_word_for_no_answer_is_the_refusal(house):
    there = await house([SENTINEL[:5], SENTINEL[5:]]).open(LEAVE)
    parts = await there.ask("What is the pension?")
    assert [type(part) for part in parts] == [FinalPart]
    assert parts[0].answer.text == there.settings.refusal


async def test_an_empty_knowledge_base_asks_no_model(house):
    there = await house().open()
    assert not (await there.answer("Anything?")).available
    assert not there.generator.prompts


async def test_errors_of_the_model_are_raised(house):
    there = await house(Throttled(), ModelFailed()).open(LEAVE)
    with pytest.raises(Throttled):
        await there.ask("Leave?")
    with pytest.raises(ModelFailed):
        await there.ask("Leave?")


async def test_a_model_that_does_not_exist_is_invalid(house):
    there = await house().open(LEAVE)
    with pytest.raises(Invalid, match="nowhere"):
        await there.ask("Leave?", model="nowhere:model")


async def test_every_step_of_an_answer_is_in_its_trace(house):
    there = await house(["27 days of paid leave [1]."]).open(LEAVE)
    answer = await there.answer("How many days?")
    names = [span.name for span in answer.trace]
    assert names == [
        "guard",
        "rewrite",
        "split",
        "narrow",
        "embed",
        "search",
        "merge",
        "rerank",
        "pack",
        "generate",
        "record",
    ]
    assert answer.usage is not None


async def test_a_follow_up_is_rewritten_by_the_model_and_searched_as_rewritten(house):
    there = await house(
        ["27 days of paid leave [1]."], ["When does the ", "canteen open?"], ["It opens at noon [1]."]
    ).open(LEAVE, CANTEEN)
    first = await there.answer("How many days of leave?")
    second = await there.answer("And the canteen?", session_id=first.session_id)
    assert second.question == "When does the canteen open?"
    assert second.session_id == first.session_id
    turns = (await there.metadata.get(Session, first.session_id)).turns
    assert [(turn.question, turn.standalone) for turn in turns] == [
        ("How many days of leave?", None),
        ("And the canteen?", "When does the canteen open?"),
    ]


async def test_a_session_belongs_to_its_caller_and_knowledge_base(house):
    there = await house(["27 days of paid leave [1]."]).open(LEAVE)
    mine = await there.answer("How many days?", caller="me")
    with pytest.raises(NotFound):
        await there.ask("More?", caller="you", session_id=mine.session_id)
    there.base = base("other")
    with pytest.raises(Invalid, match="another knowledge base"):
        await there.ask("More?", caller="me", session_id=mine.session_id)


async def test_an_unknown_session_is_not_found(house):
    there = await house().open(LEAVE)
    with pytest.raises(NotFound):
        await there.ask("Leave?", session_id="00000000-0000-4000-8000-000000000000")


async def test_a_template_is_honoured(house):
    there = await house(["27 days of paid leave [1]."]).open(LEAVE)
    await there.answer("How many?", prompt_template="Reply like a pirate.\n$search_results$\nAsked: $query$")
    prompt = there.generator.prompts[0]
    assert "pirate" in prompt.messages[0].text
    assert "27 days" in prompt.messages[0].text
    assert "Asked: How many?" in prompt.messages[0].text
    assert SENTINEL in prompt.system  # without the format's place it is still told how to cite


async def test_what_does_not_fit_the_budget_is_not_sent(house):
    there = await house(["27 days of paid leave [1]."]).open(LEAVE, "word " * 300)
    there.settings = there.settings.model_copy(update={"context_tokens": 100})
    answers = type(there.answers)(
        there.metadata, there.adapters, there.settings, lambda: base().created_at, there.models
    )
    async for _ in answers.ask(there.base, AskRequest(question="How many days of paid leave?")):
        pass
    assert len(there.generator.prompts[0].messages[0].text.split()) < 200


async def test_the_reranker_that_is_named_orders_the_hits(house):
    class Backwards:
        async def rerank(self, question, hits, top):
            return sorted(hits, key=lambda hit: hit.chunk.text)[:top]

    there = await house().open(LEAVE, CANTEEN, "Apples are in the kitchen.")
    there.adapters.rerankers = {"evidence": Backwards()}
    found = await there.answers.retrieve(
        there.base, RetrieveRequest(question="paid leave", limit=3, rerank=Reranking(model=RERANK_ID, results=1))
    )
    assert [hit.chunk.text for hit in found.hits] == ["Apples are in the kitchen."]


async def test_a_history_that_the_caller_keeps_is_used_and_no_session_is_kept(house):
    there = await house("When does the canteen open?", "It opens at noon. [1]").open(CANTEEN)
    history = (Turn(question="Is there a canteen?", answer="Yes."),)
    answer = await there.answer("When does it open?", history=history)
    assert answer.question == "When does the canteen open?"
    with pytest.raises(NotFound):
        await there.metadata.get(Session, answer.session_id)


async def test_a_history_and_a_session_exclude_each_other(house):
    there = await house().open(LEAVE)
    with pytest.raises(Invalid, match="not with both"):
        await there.ask("More?", session_id="00000000-0000-4000-8000-000000000000", history=())
