"""Outcrop's errors as AWS names them, with the status that each service gives the name.

The statuses of modelled errors come from the service models (Conflict is 409 in bedrock-agent and 400 in bedrock);
those of the errors that any service may give are AWS's common ones
(https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from outcrop.bedrock.parse import JSON, Malformed, WrongContentType
from outcrop.bedrock.render import Reply, to_json
from outcrop.bedrock.spec import Operation
from outcrop.core.errors import Kind, OutcropError
from outcrop.web.body import BodyIncomplete, BodyTooLarge

logger = logging.getLogger(__name__)

COMMON: Mapping[str, int] = {
    "ExpiredTokenException": 403,
    "IncompleteSignatureException": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "UnrecognizedClientException": 403,
    "UnknownOperationException": 404,
    "RequestEntityTooLargeException": 413,
    "SerializationException": 400,
    "UnsupportedMediaTypeException": 415,
    "NotImplementedException": 501,
}
# The first name that the operation has is taken. A dependency's failure must not make clients repeat a long call, so
# it is the one that SDKs do not retry, where the service has it.
NAMES: Mapping[Kind, tuple[str, ...]] = {
    "invalid": ("ValidationException",),
    "unsupported": ("ValidationException",),
    "not_found": ("ResourceNotFoundException",),
    "conflict": ("ConflictException", "ValidationException"),
    "denied": ("AccessDeniedException",),
    "throttled": ("ThrottlingException",),
    "timeout": ("ModelTimeoutException", "DependencyFailedException", "InternalServerException"),
    "unavailable": ("DependencyFailedException", "ServiceUnavailableException", "InternalServerException"),
    "internal": ("InternalServerException",),
}


class WireError(OutcropError):
    """An error that already has its name on the wire."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def named(error: BaseException, operation: Operation | None) -> WireError:
    """The error as AWS names it for an operation; one that is not Outcrop's own says nothing of its cause."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, Malformed | BodyIncomplete):
        return WireError("SerializationException", error.message)
    if isinstance(error, WrongContentType):
        return WireError("UnsupportedMediaTypeException", error.message)
    if isinstance(error, BodyTooLarge):
        return WireError("RequestEntityTooLargeException", error.message)
    if isinstance(error, OutcropError):
        return WireError(_name(error.kind, operation), error.message)
    logger.error("An operation failed.", exc_info=error)
    return WireError("InternalServerException", "Something went wrong inside Outcrop; the server's log says what.")


def reply(error: WireError, operation: Operation | None) -> Reply:
    """The reply that carries an error."""
    headers = {"content-type": JSON, "x-amzn-errortype": error.name}
    body = to_json({"message": error.message, "__type": error.name})
    return Reply(status(error.name, operation), headers, body)


def status(name: str, operation: Operation | None) -> int:
    """The HTTP status of an error's name in the service of an operation."""
    modelled = operation.service.statuses if operation else {}
    return modelled.get(name) or COMMON.get(name, 500)


def _name(kind: Kind, operation: Operation | None) -> str:
    """The first of a kind's names that the operation may give, or else one that its service has."""
    own, modelled = (operation.errors, operation.service.statuses) if operation else ((), ())
    names = NAMES[kind]
    return next((name for known in (own, modelled) for name in names if name in known), names[-1])
