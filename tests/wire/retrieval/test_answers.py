"""RetrieveAndGenerate and its stream: citations, sessions, templates, decomposition, documents of one's own."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from tests.wire.retrieval.conftest import WRITER

from outcrop.answer.prompts import FORMAT, HISTORY, SENTINEL
from outcrop.core.errors import Throttled
from outcrop.testing.small import BASE

QUOTES = "arn:aws:bedrock:us-east-1::foundation-model/outcrop.extractive-v1"
LEAVE = "Every full-time employee has twenty-eight days of paid leave a year."


def asking(text, *, model=WRITER, **base):
    return {
        "input": {"text": text},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": {"knowledgeBaseId": BASE.id, "modelArn": model, **base},
        },
    }


def own(text, *sources, model=WRITER, **more):
    return {
        "input": {"text": text},
        "retrieveAndGenerateConfiguration": {
            "type": "EXTERNAL_SOURCES",
            "externalSourcesConfiguration": {"modelArn": model, "sources": list(sources), **more},
        },
    }


def document(data, name="note.txt", kind="text/plain"):
    return {"sourceType": "BYTE_CONTENT", "byteContent": {"identifier": name, "contentType": kind, "data": data}}


def spans(reply):
    """Each cited part of an answer with what it is cited from; the spans must be exact."""
    text, found = reply["output"]["text"], []
    for citation in reply["citations"]:
        part = citation["generatedResponsePart"]["textResponsePart"]
        assert text[part["span"]["start"] : part["span"]["end"] + 1] == part["text"]
        for reference in citation["retrievedReferences"]:
            assert reference["metadata"]["x-outcrop-quote"] in reference["content"]["text"]
        found.append((part["text"], [one["metadata"]["x-outcrop-quote"] for one in citation["retrievedReferences"]]))
    return found


def said(model, number=-1):
    return model.requests[number].messages[0].content[0].text


def test_a_models_answer_is_cited_by_exact_spans(runtime, writes):
    writes(["Full-time employees have twenty-eight days of paid leave [1]. ", "Anna Keller approves leave [1]."])
    reply = runtime.retrieve_and_generate(**asking("How much paid leave is there, and who approves leave?"))
    assert [part for part, _ in spans(reply)] == [
        "Full-time employees have twenty-eight days of paid leave.",
        "Anna Keller approves leave.",
    ]
    reference = reply["citations"][0]["retrievedReferences"][0]
    assert reference["location"] == {"type": "S3", "s3Location": {"uri": "s3://papers/leave.md"}}
    assert reference["metadata"]["x-amz-bedrock-kb-document-page-number"] == 3


def test_the_extractive_answer_is_quoted(runtime):
    reply = runtime.retrieve_and_generate(**asking("How many days of paid leave does an employee have?", model=QUOTES))
    assert spans(reply)[0] == (LEAVE, [LEAVE])


def test_a_model_that_cannot_answer_says_so_in_the_servers_words(runtime, writes, settings):
    writes(SENTINEL)
    reply = runtime.retrieve_and_generate(**asking("What does a flat cost?"))
    assert (reply["output"]["text"], reply["citations"]) == (settings.refusal, [])


def test_a_session_rewrites_a_follow_up(runtime, writes):
    model = writes(
        "Full-time employees have twenty-eight days of paid leave [1].",
        "Who approves paid leave?",
        "Anna Keller approves leave [1].",
    )
    first = runtime.retrieve_and_generate(**asking("How much paid leave is there?"))
    second = runtime.retrieve_and_generate(**asking("And who approves it?"), sessionId=first["sessionId"])
    assert second["sessionId"] == first["sessionId"]
    assert "How much paid leave is there?" in said(model, 1)
    assert "Question: Who approves paid leave?" in said(model, 2)
    assert spans(second)


def test_a_session_of_a_stream_is_named_before_its_first_word_and_goes_on(runtime, writes):
    writes("Full-time employees have twenty-eight days of paid leave [1].", "Who approves it?", "Anna Keller [1].")
    reply = runtime.retrieve_and_generate_stream(**asking("How much paid leave is there?"))
    events = list(reply["stream"])
    assert "".join(event["output"]["text"] for event in events if "output" in event).endswith("paid leave.")
    assert [list(event) for event in events[-1:]] == [["citation"]]
    again = runtime.retrieve_and_generate(**asking("And who approves it?"), sessionId=reply["sessionId"])
    assert again["sessionId"] == reply["sessionId"]


def test_an_unknown_session_is_said(runtime, refused):
    code, message = refused(runtime.retrieve_and_generate, **asking("Leave?", model=QUOTES), sessionId="not-there")
    assert code == "ResourceNotFoundException"
    assert "not-there" in message


def generation(words=None, **more):
    template = {"promptTemplate": {"textPromptTemplate": words}} if words else {}
    return {"generationConfiguration": {**template, **more}}


def test_every_place_of_a_template_is_filled(runtime, writes):
    model = writes("Anna Keller approves leave [1].")
    words = "Now $current_time$. $search_results$ Asked: $query$ How: $output_format_instructions$"
    reply = runtime.retrieve_and_generate(**asking("Who approves leave?", **generation(words)))
    text = said(model)
    assert "Now Friday, 2026-11-20 16:05 UTC." in text
    assert "[passage 1 " in text
    assert "Asked: Who approves leave? How: After each statement" in text
    assert model.requests[0].system == ()
    assert spans(reply)


def test_a_template_without_format_instructions_still_cites(runtime, writes):
    model = writes("Anna Keller approves leave [1].")
    reply = runtime.retrieve_and_generate(**asking("Who approves leave?", **generation("Use $search_results$.")))
    assert "square brackets" in model.requests[0].system[0]
    assert said(model).endswith("Question: Who approves leave?")
    assert spans(reply)


def test_a_template_without_a_place_for_the_passages_is_refused(runtime, refused):
    given = asking("Who approves leave?", **generation("Answer $query$"))
    code, message = refused(runtime.retrieve_and_generate, **given)
    assert (code, "$search_results$" in message) == ("ValidationException", True)


def test_inference_parameters_and_the_models_own_fields_reach_it(runtime, writes):
    model = writes("Anna Keller approves leave [1].")
    inference = {"temperature": 0.5, "topP": 0.9, "maxTokens": 50, "stopSequences": ["END"]}
    more = {"inferenceConfig": {"textInferenceConfig": inference}, "additionalModelRequestFields": {"top_k": 4}}
    latency = {"performanceConfig": {"latency": "optimized"}}
    runtime.retrieve_and_generate(**asking("Who approves leave?", **generation(**more, **latency)))
    asked = model.requests[0]
    sampling = asked.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens, sampling.stop) == (0.5, 0.9, 50, ("END",))
    assert asked.extra == {"top_k": 4}


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 1.5), ("topP", 1.5), ("maxTokens", 70000), ("stopSequences", ["a"] * 5)]
)
def test_an_inference_parameter_out_of_range_is_named(runtime, refused, name, value):
    given = generation(inferenceConfig={"textInferenceConfig": {name: value}})
    code, message = refused(runtime.retrieve_and_generate, **asking("Leave?", **given))
    assert code == "ValidationException"
    assert f"textInferenceConfig.{name}" in message


def orchestrated(**more):
    return {"orchestrationConfiguration": more}


DECOMPOSED = {"queryTransformationConfiguration": {"type": "QUERY_DECOMPOSITION"}}


def test_a_question_is_split_and_each_part_searched_for(runtime, writes):
    model = writes("1. When does the canteen open?\n2. Who approves leave?", "The canteen opens at noon [1].")
    search = {"retrievalConfiguration": {"vectorSearchConfiguration": {"numberOfResults": 1}}}
    runtime.retrieve_and_generate(**asking("Canteen and approvals?", **orchestrated(**DECOMPOSED), **search))
    assert "The canteen opens" in said(model)
    assert "Leave is approved" in said(model)
    assert "Question: Canteen and approvals?" in said(model)


def test_orchestration_has_its_own_template_and_parameters(runtime, writes):
    model = writes("Who approves leave?", "Anna Keller approves leave [1].")
    given = orchestrated(
        promptTemplate={"textPromptTemplate": f"Plan $query$ after {HISTORY}. {FORMAT}"},
        inferenceConfig={"textInferenceConfig": {"temperature": 0.25, "maxTokens": 77}},
        additionalModelRequestFields={"effort": "low"},
    )
    runtime.retrieve_and_generate(**asking("Approvals?", **given))
    first = model.requests[0]
    assert said(model, 0).startswith("Plan Approvals? after . Write only the question")
    assert (first.sampling.temperature, first.sampling.max_tokens, first.extra) == (0.25, 77, {"effort": "low"})
    assert "Question: Who approves leave?" in said(model, 1)


@pytest.mark.parametrize(
    ("base", "named"),
    [
        (orchestrated(**DECOMPOSED), "orchestrationConfiguration has no meaning"),
        (generation(additionalModelRequestFields={"top_k": 4}), "additionalModelRequestFields has no meaning"),
        (generation("Use $search_results$"), "promptTemplate has no meaning"),
        (
            generation(guardrailConfiguration={"guardrailId": "abc", "guardrailVersion": "1"}),
            "guardrailConfiguration is not supported",
        ),
    ],
)
def test_what_the_extractive_answer_could_only_ignore_is_refused(runtime, refused, base, named):
    code, message = refused(runtime.retrieve_and_generate, **asking("Leave?", model=QUOTES, **base))
    assert code == "ValidationException"
    assert named in message


def test_a_reranker_orders_what_the_model_reads(runtime, writes):
    model = writes("Anna Keller approves leave [1].")
    arn = "arn:aws:bedrock:us-east-1::foundation-model/outcrop.evidence-rerank-v1:0"
    configuration = {"modelConfiguration": {"modelArn": arn}, "numberOfRerankedResults": 1}
    reranking = {"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": configuration}
    search = {"vectorSearchConfiguration": {"rerankingConfiguration": reranking}}
    runtime.retrieve_and_generate(**asking("Who approves paid leave?", retrievalConfiguration=search))
    assert "Leave is approved by" in said(model)
    assert "[passage 2 " not in said(model)


def test_a_throttled_model_is_an_error_with_its_name(runtime, writes, refused):
    writes([Throttled()])
    assert refused(runtime.retrieve_and_generate, **asking("Leave?"))[0] == "ThrottlingException"


@pytest.mark.parametrize("stream", [False, True])
def test_a_document_that_comes_with_the_question_is_answered_from_and_cited(runtime, stream):
    text = b"# Garden rules\n\nThe garden closes at 21:00. Dogs stay on a lead.\n"
    given = own("When does the garden close?", document(text, "rules/garden.md", "text/markdown"), model=QUOTES)
    if stream:
        reply = runtime.retrieve_and_generate_stream(**given)
        events = list(reply["stream"])
        citation = next(event["citation"]["citation"] for event in events if "citation" in event)
    else:
        reply = runtime.retrieve_and_generate(**given)
        assert spans(reply)[0][0] == "The garden closes at 21:00."
        citation = reply["citations"][0]
    place = citation["retrievedReferences"][0]["location"]
    assert place == {"type": "CUSTOM", "customDocumentLocation": {"id": "rules/garden.md"}}
    assert reply["sessionId"]


def test_a_session_over_documents_of_ones_own_goes_on(runtime, writes):
    garden = document(b"The garden closes at nine. It opens at six.")
    writes("The garden closes at nine [1].", "When does the garden open?", "It opens at six [1].")
    first = runtime.retrieve_and_generate(**own("When does the garden close?", garden))
    second = runtime.retrieve_and_generate(**own("And open?", garden), sessionId=first["sessionId"])
    assert second["output"]["text"] == "It opens at six."
    assert spans(second)


def test_a_file_is_read_as_what_it_is(runtime, writes):
    model = writes("The rake costs 25 [1].")
    reply = runtime.retrieve_and_generate(**own("What does a rake cost?", document(workbook(), "prices", SHEET)))
    assert "Rake" in said(model)
    assert reply["citations"][0]["retrievedReferences"][0]["metadata"]["x-outcrop-sheet"] == "Tools"


SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook():
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Tools"
    for row in (["Item", "Price"], ["Saw", 40], ["Rake", 25]):
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def archive():
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.bin", b"\0" * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (document(b" \n "), "note.txt"),
        (document(archive(), "a.zip", "application/zip"), "a.zip cannot be read"),
        (document(b"\x00\x01\x02" * 50, "a.bin", "application/octet-stream"), "a.bin cannot be read"),
        ({"sourceType": "BYTE_CONTENT"}, "byteContent"),
        ({"sourceType": "BYTE_CONTENT", "s3Location": {"uri": "s3://papers/a"}}, "byteContent"),
        ({**document(b"x"), "s3Location": {"uri": "s3://papers/a"}}, "no other content"),
    ],
)
def test_a_source_that_cannot_be_read_is_named(runtime, refused, source, named):
    code, message = refused(runtime.retrieve_and_generate, **own("What?", source))
    assert code == "ValidationException"
    assert named in message


def test_as_many_sources_as_aws_allows_are_taken(runtime, refused):
    code, message = refused(runtime.retrieve_and_generate, **own("What?", document(b"a"), document(b"b")))
    assert code == "ValidationException"
    assert "sources must have at most 1 members" in message


def test_nothing_of_the_documents_stays(runtime, services):
    runtime.retrieve_and_generate(**own("When?", document(b"The garden closes at nine."), model=QUOTES))
    store = services.adapters.vector_store("memory")
    assert set(store._indexes) == {"handbook01", "products01"}


@pytest.mark.parametrize(
    "configuration",
    [
        {"type": "EXTERNAL_SOURCES"},
        {"type": "KNOWLEDGE_BASE"},
        {
            **own("x", document(b"x"))["retrieveAndGenerateConfiguration"],
            "knowledgeBaseConfiguration": {"knowledgeBaseId": BASE.id, "modelArn": QUOTES},
        },
    ],
)
def test_a_form_has_its_configuration_and_no_other(runtime, refused, configuration):
    given = {"input": {"text": "x"}, "retrieveAndGenerateConfiguration": configuration}
    code, message = refused(runtime.retrieve_and_generate, **given)
    assert code == "ValidationException"
    assert "Configuration" in message
