"""Sessions are kept short, belong to one caller, and lose no turn."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from tests.answer.conftest import MOMENT, base

from outcrop.answer.sessions import MAX_TURNS, Sessions
from outcrop.core.errors import NotFound
from outcrop.core.records import Session, Turn
from outcrop.store.memory import MemoryMetadata


@pytest.fixture
def sessions():
    return Sessions(MemoryMetadata(), lambda: MOMENT)


def turn(n):
    return Turn(question=f"q{n}", answer=f"a{n}")


async def test_only_the_latest_turns_are_kept(sessions):
    session = sessions.begin(base().id, "me")
    for n in range(MAX_TURNS + 5):
        session = await sessions.remember(session, turn(n))
    assert [one.question for one in session.turns] == [f"q{n}" for n in range(5, MAX_TURNS + 5)]


async def test_two_questions_at_once_are_both_kept(sessions):
    session = await sessions.remember(sessions.begin(base().id, "me"), turn(0))
    await asyncio.gather(*[sessions.remember(session, turn(n)) for n in (1, 2)])
    kept = await sessions.find(base(), "me", session.id)
    assert sorted(one.question for one in kept.turns) == ["q0", "q1", "q2"]


async def test_ids_are_random_uuids_and_unknown_until_the_first_turn(sessions):
    first, second = sessions.begin(base().id, "me"), sessions.begin(base().id, "me")
    assert UUID(first.id).version == 4
    assert first.id != second.id
    with pytest.raises(NotFound):
        await sessions.find(base(), "me", first.id)


async def test_somebody_elses_session_looks_like_none(sessions):
    session: Session = await sessions.remember(sessions.begin(base().id, "me"), turn(0))
    with pytest.raises(NotFound) as theirs:
        await sessions.find(base(), "you", session.id)
    with pytest.raises(NotFound) as none:
        await sessions.find(base(), "you", session.id[::-1])
    assert str(theirs.value).replace(session.id, "") == str(none.value).replace(session.id[::-1], "")
