"""Addresses that let whoever holds them read one thing for a few minutes, as presigned addresses of S3 do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from outcrop.access.secrets import kept_secret
from outcrop.core.clock import Clock
from outcrop.core.errors import Denied

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

SECONDS = 300  # Bedrock's own, of GetDocumentContent


class Links:
    """Makes and opens tokens: what they grant is sealed in them (Fernet), so the server keeps nothing of them."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._file = data_dir / "keys" / "links.key"
        self._clock = clock
        self._opened: Fernet | None = None

    def token(self, *parts: str) -> str:
        """A token for these parts, in letters that an address may have."""
        return self._fernet().encrypt_at_time(json.dumps(parts).encode(), self._now()).decode()

    def parts(self, token: str) -> list[str]:
        """What a token was made for. Raises Denied for one that was not made here, or that is too old."""
        from cryptography.fernet import InvalidToken

        try:
            found: list[str] = json.loads(self._fernet().decrypt_at_time(token.encode(), SECONDS, self._now()))
        except (InvalidToken, UnicodeEncodeError) as error:
            message = f"This address was not made by this server, or is older than {SECONDS // 60} minutes."
            raise Denied(f"{message} Ask for a new one.") from error
        return found

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet

        if self._opened is None:
            self._opened = Fernet(kept_secret(self._file, Fernet.generate_key))
        return self._opened
