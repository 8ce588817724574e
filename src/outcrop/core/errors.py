"""Every error of Outcrop: the docstring is the default message, `kind` is the meaning that the edges map once."""

from __future__ import annotations

from inspect import cleandoc
from typing import ClassVar, Literal

Kind = Literal[
    "invalid",
    "not_found",
    "conflict",
    "denied",
    "unsupported",
    "throttled",
    "timeout",
    "unavailable",
    "internal",
]


class OutcropError(Exception):
    """Something went wrong inside Outcrop."""

    kind: ClassVar[Kind] = "internal"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or cleandoc(type(self).__doc__ or "")
        super().__init__(self.message)


class Invalid(OutcropError):
    """The request is not valid."""

    kind = "invalid"


class NotFound(OutcropError):
    """There is no such resource. Check its name or id."""

    kind = "not_found"


class Conflict(OutcropError):
    """The resource changed, or is busy with something else. Try again."""

    kind = "conflict"


class Denied(OutcropError):
    """The caller may not do this."""

    kind = "denied"


class Unsupported(OutcropError):
    """Outcrop does not support this."""

    kind = "unsupported"


class Passing(OutcropError):
    """Something failed that may work later.

    `retry_after` is how many seconds the one that failed asks to be left alone for, where it says so.
    """

    def __init__(self, message: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Throttled(Passing):
    """The provider answers that there were too many requests. Try again later."""

    kind = "throttled"


class TimedOut(Passing):
    """The operation took longer than its limit."""

    kind = "timeout"


class Unavailable(Passing):
    """A service that this needs does not answer."""

    kind = "unavailable"


class MissingDependency(OutcropError):
    """A package that this needs is not installed."""

    kind = "unavailable"


class IndexMissing(NotFound):
    """The vector index does not exist. Run a sync of the data source to build it."""


class IndexBroken(OutcropError):
    """The vector index cannot be read. Run `outcrop verify` to see what is wrong."""


class ModelFailed(OutcropError):
    """The model did not give a usable answer."""

    kind = "unavailable"


class Unreadable(OutcropError):
    """No text could be read from the document.

    `reason` is a stable word for programs; the message is the sentence for people.
    """

    kind = "invalid"

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str, str]]:
        # Crosses the pipe from a parse worker.
        return type(self), (self.reason, self.message)


Reason = Literal[
    "empty", "encrypted", "corrupt", "unsupported", "too_large", "no_text", "timeout", "out_of_memory", "crashed",
    "missing_dependency", "unreachable", "lethal",
]  # fmt: skip
