"""Documents that come with a question are searched, and nothing of them stays."""

from __future__ import annotations

import pytest

from outcrop.adapters.vector_stores.memory import MemoryVectorStore
from outcrop.answer import external
from outcrop.answer.external import ExternalSource
from outcrop.core.answers import AskRequest, FinalPart
from outcrop.core.errors import Invalid, ModelFailed
from outcrop.core.parsed import Blob


def source(text, name="note.txt"):
    return ExternalSource(uri=name, blob=Blob(name=name, data=text.encode()))


@pytest.fixture
def there(house):
    def made(*replies):
        one = house(*replies)
        one.adapters.stores = {"memory": MemoryVectorStore(), "embedded": one.store}
        return one

    return made


async def answer(there, *sources, **more):
    parts = there.answers.ask_documents(sources, AskRequest(question="When does the garden close?", **more))
    found = [part async for part in parts]
    assert isinstance(found[-1], FinalPart)
    return found[-1].answer


async def test_the_best_passage_of_several_documents_is_cited(there):
    one = there(["The garden closes at nine [1]."])
    found = await answer(
        one, source("Dogs stay on a lead.", "dogs.txt"), source("The garden closes at nine.", "garden.txt")
    )
    reference = found.citations[0].references[0]
    assert (reference.hit.point.uri, reference.quote) == ("garden.txt", "The garden closes at nine.")
    assert (reference.start, reference.end) == (0, len(reference.quote))


async def test_the_index_is_dropped_also_after_an_error(there):
    one = there(ModelFailed())
    with pytest.raises(ModelFailed):
        await answer(one, source("The garden closes at nine."))
    assert one.adapters.stores["memory"]._indexes == {}


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([], "Between 1 and 5"),
        ([source("a b c")] * 6, "Between 1 and 5"),
        ([source("FAIL encrypted", "secret.txt")], "secret.txt cannot be read: It is said to be encrypted."),
        ([source("   ", "empty.txt")], "empty.txt holds no text"),
    ],
)
async def test_what_cannot_be_answered_from_is_said(there, sources, words):
    with pytest.raises(Invalid, match=words):
        await answer(there(), *sources)


async def test_documents_that_are_too_long_are_for_a_knowledge_base(there, monkeypatch):
    monkeypatch.setattr(external, "MAX_CHUNKS", 2)  # a bound, not a behaviour
    with pytest.raises(Invalid, match="Put them in a knowledge base"):
        await answer(there(), source("Some words of a sentence. " * 500))


async def test_a_session_over_documents_goes_on_and_belongs_to_no_knowledge_base(there):
    one = there(["It closes at nine [1]."], ["When does it close?"], ["It closes at nine [1]."])
    first = await answer(one, source("The garden closes at nine."))
    again = await answer(one, source("The garden closes at nine."), session_id=first.session_id)
    assert again.session_id == first.session_id
    with pytest.raises(Invalid, match="another knowledge base"):
        await one.answer("And?", session_id=first.session_id)
