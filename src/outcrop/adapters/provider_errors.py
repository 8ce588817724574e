"""What goes wrong with model providers, in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from outcrop.core.errors import Denied, ModelFailed, Throttled, TimedOut, Unavailable


@contextmanager
def translated(name: str, seconds: float) -> Iterator[None]:
    """Errors of pydantic-ai as ours; what the provider's reply holds is not repeated, as it may hold secrets.

    `name` is the model's, `seconds` the time that it had.
    """
    from pydantic_ai import exceptions as theirs

    try:
        yield
    except theirs.ModelRateLimitError as error:
        after = "" if error.retry_after is None else f" Try again in {error.retry_after:.0f} seconds."
        raise Throttled(f"{name} answers that there were too many requests.{after}", error.retry_after) from error
    except (theirs.ModelTimeoutError, theirs.ModelRequestTimeout, TimeoutError) as error:
        raise TimedOut(f"{name} did not answer within {seconds:.0f} seconds.") from error
    except theirs.ModelAuthenticationError as error:
        raise Denied(f"{name} refuses the key. Check the provider's key in the environment.") from error
    except (theirs.ModelRequestRejectedError, theirs.ModelQuotaExceededError) as error:
        raise ModelFailed(f"{name} rejects the request{_status(error)}.") from error
    except (theirs.ModelUnavailableError, theirs.ModelServerError, theirs.ModelConnectionError) as error:
        raise Unavailable(f"{name} does not answer{_status(error)}. Try again later.", error.retry_after) from error
    except theirs.AgentRunError as error:
        raise ModelFailed(f"{name} gave no usable answer ({type(error).__name__}).") from error


def _status(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    return f" (HTTP {status})" if status is not None else ""
