"""Conversations: their latest turns, which belong to one caller and one knowledge base."""

from __future__ import annotations

import secrets
from dataclasses import replace
from uuid import UUID

from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, Invalid, NotFound
from outcrop.core.protocols import MetadataStore
from outcrop.core.records import KnowledgeBase, Session, Turn

MAX_TURNS = 20  # older ones are forgotten, so that a session stays small
_RETRIES = 5


def new_session_id() -> str:
    """A random id that cannot be guessed, as a version 4 UUID."""
    return str(UUID(bytes=secrets.token_bytes(16), version=4))


class Sessions:
    """Opens, checks and keeps sessions."""

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._metadata = metadata
        self._clock = clock

    async def find(self, base: KnowledgeBase, caller: str, session_id: str) -> Session:
        """The caller's session.

        Raises:
            NotFound: There is none, or it is somebody else's: the two cannot be told apart.
            Invalid: It belongs to another knowledge base.
        """
        try:
            session = await self._metadata.get(Session, session_id)
        except NotFound:
            raise _unknown(session_id) from None
        if session.owner != caller:
            raise _unknown(session_id)
        if session.knowledge_base_id != base.id:
            raise Invalid("This session belongs to another knowledge base. Leave the session out to begin a new one.")
        return session

    def begin(self, knowledge_base_id: str, caller: str) -> Session:
        """A session without turns; it is kept with its first turn."""
        now = self._clock()
        return Session(
            id=new_session_id(),
            created_at=now,
            updated_at=now,
            knowledge_base_id=knowledge_base_id,
            owner=caller,
        )

    async def remember(self, session: Session, turn: Turn) -> Session:
        """Add a turn; of two questions that are answered at once, both are kept."""
        for _ in range(_RETRIES):
            turns = (*session.turns, turn)[-MAX_TURNS:]
            try:
                return await self._metadata.put(
                    replace(session, turns=turns, updated_at=self._clock()), expect=session.version
                )
            except Conflict:
                session = await self._metadata.get(Session, session.id)
        raise Conflict("The session is being changed by other questions. Ask again.")


def _unknown(session_id: str) -> NotFound:
    return NotFound(f"There is no session {session_id[:100]!r}. Leave the session out to begin a new one.")
