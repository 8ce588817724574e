"""What happens on the way to a reply: what is told at its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter

from outcrop.core.cards import ModelCard
from outcrop.core.chat import BlockDelta, BlockStarted, ChatEnded, ChatEvent, ChatRequest
from outcrop.models.counting import cost, count, count_request, filled


@dataclass(slots=True)
class Trail:
    """One request on its way, over every attempt."""

    started: float = field(default_factory=perf_counter)
    retries: int = 0
    failures: list[str] = field(default_factory=list)  # one for each model that was given up, in its own words
    begun: bool = False  # whether the caller was given anything
    first_token: float | None = None
    counted: int = 0  # tokens of the reply, by our own count

    def see(self, event: ChatEvent) -> None:
        """Take note of an event that goes to the caller."""
        self.begun = True
        if isinstance(event, BlockDelta):
            self.counted += count(event.text)
        named = isinstance(event, BlockStarted) and event.tool is not None
        if self.first_token is None and (named or isinstance(event, BlockDelta)):
            self.first_token = perf_counter()

    def ended(self, end: ChatEnded, card: ModelCard, request: ChatRequest) -> ChatEnded:
        """The end with its times, the whole usage, its price and what was decided."""
        usage, estimated = filled(end.usage, count_request(request), self.counted)
        dollars = cost(card, usage)
        details: dict[str, str | int | float | bool] = {
            "card": card.id,
            **({"retries": self.retries} if self.retries else {}),
            **({"fell_back": " | ".join(self.failures)} if self.failures else {}),
            **({"usage_estimated": True} if estimated else {}),
            **({} if dollars is None else {"cost_usd": dollars}),
        }
        return replace(
            end,
            usage=usage,
            latency_ms=(perf_counter() - self.started) * 1000,
            first_token_ms=None if self.first_token is None else (self.first_token - self.started) * 1000,
            details={**end.details, **details},
        )
