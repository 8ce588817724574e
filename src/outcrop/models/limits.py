"""How much is asked of one model: requests and tokens in any minute, and requests at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from outcrop.core.cards import ModelCard
from outcrop.core.errors import Throttled

MINUTE = 60.0
PATIENCE = 20.0  # seconds that a request waits for its turn before it is refused: clients give up after 60

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Limited(Throttled):
    """The model has had as much as its table allows. Try again later."""


@dataclass(slots=True)
class Spent:
    """An amount that was spent at a moment; it may be corrected once it is known."""

    at: float
    amount: int


class Window:
    """At most `limit` in any minute, exactly: what was spent is remembered for as long as it counts."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._spent: deque[Spent] = deque()

    def wait(self, amount: int, now: float) -> float:
        """Seconds until this amount may be spent; more than the limit may be where nothing else counts."""
        while self._spent and self._spent[0].at <= now - MINUTE:
            self._spent.popleft()
        over = sum(one.amount for one in self._spent) + min(amount, self.limit) - self.limit
        if over <= 0:
            return 0.0
        for one in self._spent:
            over -= one.amount
            if over <= 0:
                return one.at + MINUTE - now
        return 0.0  # unreachable: without any spent there is room

    def take(self, amount: int, now: float) -> Spent:
        """Spend an amount now."""
        spent = Spent(now, amount)
        self._spent.append(spent)
        return spent


class Limits:
    """The limits of one model. Requests are let through in the order in which they came."""

    @staticmethod
    def wanted(card: ModelCard) -> bool:
        """Whether a card has any."""
        return any((card.requests_per_minute, card.tokens_per_minute, card.concurrency))

    def __init__(self, card: ModelCard, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._id = card.id
        self._requests = Window(card.requests_per_minute) if card.requests_per_minute else None
        self._tokens = Window(card.tokens_per_minute) if card.tokens_per_minute else None
        self._places = asyncio.Semaphore(card.concurrency) if card.concurrency else None
        self._turn = asyncio.Lock()
        self._clock, self._sleep = clock, sleep

    @asynccontextmanager
    async def admitted(self, tokens: int, patience: float = PATIENCE) -> AsyncIterator[Spent]:
        """Let a request of about so many tokens through; put what it really took into `amount` of what is given.

        It waits `patience` seconds at most.

        Raises:
            Throttled: Its turn does not come soon enough; the message names the limit.
        """
        if self._places is None:
            yield await self._admit(tokens, patience)
            return
        try:
            async with asyncio.timeout(None if patience == math.inf else patience):
                await self._places.acquire()
        except TimeoutError:
            raise Limited(f"{self._id} is busy with as many requests as its concurrency allows.") from None
        try:
            yield await self._admit(tokens, patience)
        finally:
            self._places.release()

    async def _admit(self, tokens: int, patience: float) -> Spent:
        if self._requests is None and self._tokens is None:
            return Spent(self._clock(), tokens)
        async with self._turn:
            for window, amount, name in (
                (self._requests, 1, "requests_per_minute"),
                (self._tokens, tokens, "tokens_per_minute"),
            ):
                await self._wait(window, amount, name, patience)
            if self._requests is not None:
                self._requests.take(1, self._clock())
            return self._tokens.take(tokens, self._clock()) if self._tokens else Spent(self._clock(), tokens)

    async def _wait(self, window: Window | None, amount: int, name: str, patience: float) -> None:
        if window is None:
            return
        while (seconds := window.wait(amount, self._clock())) > 0:
            if seconds > patience:
                raise Limited(
                    f"{self._id} has had its {name} ({window.limit}). Try again in {seconds:.0f} seconds.", seconds
                )
            await self._sleep(seconds)
