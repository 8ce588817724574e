"""A bound on how much is held at once."""

from __future__ import annotations

import asyncio


class Budget:
    """Hands out at most `limit` units at a time, in order of asking; a demand beyond all of it waits for all of it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = limit
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def take(self, amount: int) -> None:
        """Wait until so much is free, and take it."""
        wanted = min(amount, self._limit)
        async with self._turn:
            while self._free < wanted:
                self._freed.clear()
                await self._freed.wait()
            self._free -= wanted

    def give(self, amount: int) -> None:
        """Give back what was taken with the same amount."""
        self._free += min(amount, self._limit)
        self._freed.set()
