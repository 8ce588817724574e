"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`, with the statuses that its clients know.

Source: https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any

from outcrop.core.errors import Kind, OutcropError, Passing
from outcrop.web.body import BodyTooLarge

logger = logging.getLogger(__name__)

REQUEST, SERVER, LIMIT = "invalid_request_error", "server_error", "rate_limit_error"
# Kind of error: status, type, code.
KINDS: Mapping[Kind, tuple[int, str, str]] = {
    "invalid": (400, REQUEST, "invalid_value"),
    "not_found": (404, REQUEST, "not_found"),
    "conflict": (409, REQUEST, "conflict"),
    "denied": (403, REQUEST, "permission_denied"),
    "unsupported": (400, REQUEST, "unsupported_value"),
    "throttled": (429, LIMIT, "rate_limit_exceeded"),
    "timeout": (504, SERVER, "timeout"),
    "unavailable": (503, SERVER, "unavailable"),
    "internal": (500, SERVER, "internal_error"),
}
UNEXPECTED = "Something went wrong inside Outcrop; the server's log says what."
# The gateway has asked the provider again already: OpenAI's clients would repeat these by themselves, and a long call
# with them.
REPEATED_FOR_NOTHING = frozenset({503, 504})


class ApiError(OutcropError):
    """An error that already has its form on the wire. `param` is the path of the member that is at fault."""

    kind = "invalid"

    def __init__(
        self, message: str, *, status: int = 400, code: str = "invalid_value", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after: float | None = None  # seconds, where the one that failed says so
        self.type = REQUEST if status < SERVER_ERRORS else SERVER


SERVER_ERRORS = 500


def refused(param: str, why: str) -> ApiError:
    """A member or a value that Outcrop understands but does not support, refused by name."""
    return ApiError(why, code="unsupported_parameter", param=param)


def named(error: BaseException) -> ApiError:
    """The error as OpenAI's clients know it; one that is not Outcrop's own says nothing of its cause."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, BodyTooLarge):
        return ApiError(error.message, status=413, code="request_too_large")
    if not isinstance(error, OutcropError):
        logger.error("A request failed.", exc_info=error)
        return _of("internal", UNEXPECTED)
    made = _of(error.kind, error.message)
    made.retry_after = error.retry_after if isinstance(error, Passing) else None
    return made


def _of(kind: Kind, message: str) -> ApiError:
    status, type_, code = KINDS[kind]
    made = ApiError(message, status=status, code=code)
    made.type = type_
    return made


def body(error: ApiError) -> dict[str, Any]:
    """The JSON body of an error."""
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}


def headers(error: ApiError) -> dict[str, str]:
    """Whether and when a client should ask again by itself, which OpenAI's clients read."""
    again = {"x-should-retry": "false"} if error.status in REPEATED_FOR_NOTHING else {}
    after = {"retry-after": str(ceil(error.retry_after))} if error.retry_after is not None else {}
    return {**again, **after}
