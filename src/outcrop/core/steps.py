"""A chain of named steps: each takes a frozen state and gives a new one; the runner notes how long each took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Generic, TypeVar

from outcrop.core.answers import StepSpan

S = TypeVar("S")
D = TypeVar("D")
Detail = str | int | float | bool


@dataclass(slots=True)
class Trace:
    """The spans of one run, in order; a step adds what it decided with `note`."""

    began: float = field(default_factory=perf_counter)
    spans: list[StepSpan] = field(default_factory=list)
    details: dict[str, Detail] = field(default_factory=dict)

    def note(self, **details: Detail) -> None:
        """Say what the running step decided."""
        self.details.update(details)

    def close(self, name: str, started: float) -> None:
        """End the span of a step that began at `started` (perf_counter seconds)."""
        took = (perf_counter() - started) * 1000
        self.spans.append(
            StepSpan(name=name, started_ms=(started - self.began) * 1000, took_ms=took, details=dict(self.details))
        )
        self.details.clear()


@dataclass(frozen=True, slots=True)
class Step(Generic[S, D]):
    """One named step of a chain."""

    name: str
    run: Callable[[S, D, Trace], Awaitable[S]]


async def run_steps(steps: Sequence[Step[S, D]], state: S, deps: D, trace: Trace) -> S:
    """The state after every step; an error ends the chain, and the failed step has its span too."""
    for step in steps:
        started = perf_counter()
        try:
            state = await step.run(state, deps, trace)
        finally:
            trace.close(step.name, started)
    return state
