"""The token that the console's address carries, so that other users and pages of this machine cannot use it."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from outcrop.access.secrets import kept_secret

TOKEN_BYTES = 24


class ConsoleTokens:
    """The console's token, one for a data directory; delete its file to change it."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "keys" / "console.token"

    def value(self) -> str:
        """The token, made if it is not there."""
        return kept_secret(self._file, lambda: secrets.token_urlsafe(TOKEN_BYTES).encode()).decode()

    def check(self, token: str) -> bool:
        """Whether this is the token, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self.value().encode())
