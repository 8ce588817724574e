"""Who may call: whoever signed the request, or holds a bearer token where AWS takes one; anybody on an open server."""

from __future__ import annotations

from time import monotonic

from outcrop.access.bearer import bearer_caller, bearer_token
from outcrop.access.callers import LOCAL
from outcrop.access.keys import Keys
from outcrop.bedrock.errors import WireError
from outcrop.bedrock.parse import Request
from outcrop.bedrock.signature import Verifier
from outcrop.bedrock.spec import Service
from outcrop.core.clock import Clock

NOTED_EVERY = 60.0  # seconds


class Admission:
    """Admits requests with an access key; every request where `is_open`."""

    def __init__(self, keys: Keys, clock: Clock, *, is_open: bool) -> None:
        self._keys = keys
        self._verifier = Verifier(keys, clock)
        self._is_open = is_open
        self._noted: dict[str, float] = {}  # when the use of each key was last noted, so that most calls write nothing

    async def admit(self, request: Request, service: Service) -> str:
        """The id of the caller. Raises WireError, named as AWS does."""
        if self._is_open:
            return LOCAL.id
        token = bearer_token(request.header("authorization") or "")
        key = await (self._verifier.verify(request) if token is None else self._bearer(token, request, service))
        await self._note(key)
        return key

    async def _bearer(self, token: str, request: Request, service: Service) -> str:
        """The key that a bearer token is, where the service takes them and nobody on the way can read it."""
        if not service.takes_bearer_tokens:
            raise WireError("IncompleteSignatureException", f"{service.name} takes no bearer tokens: sign the request.")
        if not request.is_private:
            raise WireError("AccessDeniedException", _IN_CLEAR)
        caller = await bearer_caller(self._keys, token)
        if caller is None:
            raise WireError("AccessDeniedException", _UNKNOWN)
        return caller.id

    async def _note(self, key: str) -> None:
        """Note that a key was used, now and then."""
        moment = monotonic()
        if moment - self._noted.get(key, -NOTED_EVERY) >= NOTED_EVERY:
            self._noted[key] = moment
            await self._keys.used(key)


_IN_CLEAR = "A bearer token is taken only over HTTPS, or from this machine: start the server with --tls."
_UNKNOWN = (
    "Authentication failed: there is no such active API key. It is an access key's id, a dot and its secret "
    "(`outcrop keys create`)."
)
