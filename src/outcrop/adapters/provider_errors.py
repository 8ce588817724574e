"""What goes wrong with model providers, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from outcrop.core.errors import Denied, ModelFailed, OutcropError, Throttled, TimedOut, Unavailable


@contextmanager
def translated(name: str, seconds: float) -> Iterator[None]:
    """Errors of pydantic-ai as ours; what the provider's reply holds is not repeated, as it may hold secrets.

    `name` is the model's, `seconds` the time that it had.
    """
    try:
        yield
    except OutcropError:
        raise
    except Exception as error:
        # What a provider sends may be anything; its client may fail on it in any way.
        raise _ours(error, name, seconds) from error


def _ours(error: Exception, name: str, seconds: float) -> OutcropError:
    from pydantic_ai import exceptions as theirs

    after = getattr(error, "retry_after", None)
    again = "" if after is None else f" Try again in {after:.0f} seconds."
    status = _status(error)
    found: OutcropError = ModelFailed(f"{name} gave no usable answer ({type(error).__name__}).")
    match error:
        case theirs.ModelRateLimitError():
            found = Throttled(f"{name} answers that there were too many requests.{again}", after)
        case theirs.ModelTimeoutError() | theirs.ModelRequestTimeout() | TimeoutError():
            found = TimedOut(f"{name} did not answer within {seconds:g} seconds.")
        case theirs.ModelAuthenticationError():
            found = Denied(f"{name} refuses the key. Check the provider's key in the environment.")
        case theirs.ModelRequestRejectedError() | theirs.ModelQuotaExceededError():
            found = ModelFailed(f"{name} rejects the request{status}.")
        case theirs.ModelUnavailableError() | theirs.ModelServerError() | theirs.ModelConnectionError():
            found = Unavailable(f"{name} does not answer{status}. Try again later.", after)
        case theirs.UnexpectedModelBehavior() if "ended without" in error.message:
            found = Unavailable(f"{name} broke off before its answer. Try again.")
    return found


def _status(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    return f" (HTTP {status})" if status is not None else ""
