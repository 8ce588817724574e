"""What some sources can do besides listing and fetching; whoever needs it asks by isinstance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable


@runtime_checkable
class Watching(Protocol):
    """A source that knows by itself when it has changed."""

    def watch(self) -> AsyncIterator[None]:
        """A sign each time that something has changed and a sync would find it; it ends where that cannot be seen."""
        ...


@runtime_checkable
class Forgetting(Protocol):
    """A source that keeps something on this machine so that the next list costs less."""

    async def forget(self) -> None:
        """Remove what is kept; nothing happens where there is nothing."""
        ...
