"""A generator that says what it was told to say: for tests, of Outcrop and of what is built on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from outcrop.core.answers import Delta, Prompt, Usage
from outcrop.core.errors import OutcropError


class ScriptedGenerator:
    """Gives its replies in order, each a sequence of pieces or an error to raise; `prompts` are those it was given."""

    instructable = True

    def __init__(self, *replies: Sequence[str] | OutcropError, model: str = "scripted:test") -> None:
        self.model = model
        self.prompts: list[Prompt] = []
        self._replies = list(replies)

    async def generate(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """The next reply, piece by piece. Raises IndexError where there is none left."""
        self.prompts.append(prompt)
        reply = self._replies.pop(0)
        if isinstance(reply, OutcropError):
            raise reply
        for piece in reply:
            yield Delta(text=piece)
        yield Delta(usage=Usage(input_tokens=len(prompt.messages), output_tokens=len(reply)))
