"""Access keys in the form of AWS's, which clients sign with.

SigV4 is a keyed hash, so the server needs the secret itself: it is kept sealed (Fernet: AES-128-CBC with
HMAC-SHA256) with a key that stands in a file beside the database, not in it.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from outcrop.access.callers import Caller
from outcrop.access.secrets import kept_secret
from outcrop.core.clock import Clock
from outcrop.core.errors import Conflict, Denied, Invalid, NotFound
from outcrop.core.filters import equals
from outcrop.core.ids import ALPHABET
from outcrop.core.protocols import MetadataStore, every
from outcrop.core.records import AccessKey

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PREFIX = "OC"  # where AWS has AKIA, so that nobody takes one for the other
ID_LENGTH, SECRET_LENGTH = 20, 40  # as AWS's
MAX_NAME = 100
USE_NOTED_EVERY = timedelta(minutes=1)
_SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"


class Keys:
    """The access keys of one data directory."""

    def __init__(self, metadata: MetadataStore, data_dir: Path, clock: Clock) -> None:
        self._metadata = metadata
        self._file = data_dir / "keys" / "server.key"
        self._clock = clock
        self._opened: Fernet | None = None
        self._unsealed: dict[str, tuple[str, str]] = {}  # by key id: as sealed, and the secret

    async def create(self, name: str) -> tuple[AccessKey, str]:
        """A new key and its secret, which is given this once. Raises Invalid for a name that is empty or too long."""
        name = name.strip()
        if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
            raise Invalid(f"An access key is named with 1 to {MAX_NAME} printable characters.")
        moment = self._clock()
        secret = "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(SECRET_LENGTH))
        key = AccessKey(
            id=PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH - len(PREFIX))),
            created_at=moment,
            updated_at=moment,
            name=name,
            sealed_secret=self._fernet().encrypt(secret.encode()).decode(),
        )
        return await self._metadata.put(key, expect=0), secret

    async def list(self) -> Sequence[AccessKey]:
        """Every key, revoked ones too, oldest first."""
        return [key async for key in every(self._metadata, AccessKey, None)]

    async def revoke(self, id: str) -> AccessKey:
        """End a key at once and for good. Raises NotFound."""
        async with self._metadata.transaction() as inside:
            key = await inside.get(AccessKey, id)
            return await inside.put(replace(key, status="REVOKED", sealed_secret="", updated_at=self._clock()))

    async def secret(self, id: str) -> str | None:
        """The secret of an active key; None for one that is revoked or not known.

        Raises:
            Denied: The server's key file is not the one that sealed it.
        """
        key = await self._active(id)
        if key is None:
            self._unsealed.pop(id, None)
            return None
        sealed, secret = self._unsealed.get(id, ("", ""))
        if sealed != key.sealed_secret:
            secret = self._unseal(key)
            self._unsealed[id] = (key.sealed_secret, secret)
        return secret

    def _unseal(self, key: AccessKey) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(key.sealed_secret.encode()).decode()
        except InvalidToken as error:
            message = f"{self._file} did not seal this access key. Put back the file, or make new keys."
            raise Denied(message) from error

    async def caller(self, id: str) -> Caller | None:
        """Who signs with an active key; None for one that is revoked or not known."""
        key = await self._active(id)
        return Caller(id=key.id, name=key.name) if key is not None else None

    async def used(self, id: str) -> None:
        """Note that a key was used now, at most once a minute; one that was revoked meanwhile stays so."""
        key, moment = await self._active(id), self._clock()
        if key is None or (key.last_used_at is not None and moment - key.last_used_at < USE_NOTED_EVERY):
            return
        with suppress(Conflict):  # another process notes it, or it was revoked
            await self._metadata.put(replace(key, last_used_at=moment), expect=key.version)

    async def active(self) -> int:
        """How many keys are active."""
        return len([key async for key in every(self._metadata, AccessKey, equals("status", "ACTIVE"))])

    async def _active(self, id: str) -> AccessKey | None:
        try:
            key = await self._metadata.get(AccessKey, id)
        except NotFound:
            return None
        return key if key.status == "ACTIVE" else None

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet

        if self._opened is None:
            self._opened = Fernet(kept_secret(self._file, Fernet.generate_key))
        return self._opened
