"""Credentials of data sources, which a configuration names and never holds.

Whoever may configure a data source chooses where its requests go. So that no other secret of the server can be sent
there, a reference names a variable that begins with OUTCROP_CREDENTIAL_, or a file in the folder `credential_folder`.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outcrop.adapters.sources.configuration import check_members
from outcrop.core.errors import Denied, Invalid
from outcrop.core.settings import Settings

MEMBERS = {"variable": str, "file": str, "username": str}
PREFIX = "OUTCROP_CREDENTIAL_"
MOST = 16 * 1024  # bytes of a secret


@dataclass(frozen=True, slots=True)
class Credential:
    """Where a secret is, and the user name that goes with it, if one does."""

    username: str | None
    variable: str | None
    file: Path | None

    @classmethod
    def of(cls, given: Mapping[str, Any] | None, settings: Settings) -> Credential | None:
        """The reference that a configuration makes, None for none. Raises Invalid and Denied."""
        if given is None:
            return None
        check_members("A credential", MEMBERS, given)
        if ("variable" in given) == ("file" in given):
            raise Invalid('A credential names one place: {"variable": "..."} or {"file": "..."}.')
        username = given.get("username")
        if username is not None and (not username.isprintable() or ":" in username or not username):
            raise Invalid("The user name of a credential must be printable, without a colon.")
        variable = _variable(given["variable"]) if "variable" in given else None
        return cls(username, variable, _file(given["file"], settings) if "file" in given else None)

    def secret(self) -> str:
        """The secret as it is now. Raises Denied where it is not there."""
        found = _content(self.file) if self.file is not None else os.environ.get(str(self.variable), "")
        if not found or not found.isprintable():
            raise Denied(f"The credential {self.variable or self.file} is not set, or is no single line of text.")
        return found

    def authorization(self) -> str:
        """The value of the header Authorization: Basic with a user name, Bearer without (RFC 7617, RFC 6750)."""
        if self.username is None:
            return f"Bearer {self.secret()}"
        return "Basic " + b64encode(f"{self.username}:{self.secret()}".encode()).decode("ascii")


def _variable(name: str) -> str:
    if not name.startswith(PREFIX):
        raise Denied(f"The variable of a credential must have a name that begins with {PREFIX}; {name!r:.60} has not.")
    return name


def _file(name: str, settings: Settings) -> Path:
    folder = settings.credential_folder
    if folder is None:
        raise Denied("Files of credentials are read from the folder credential_folder, which is not set.")
    real = (folder / name).resolve()
    if "\0" in name or not real.is_relative_to(folder.resolve()):
        raise Denied(f"The file {name!r:.200} of a credential is not in the folder credential_folder.")
    return real


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MOST).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Denied(f"The credential's file {path.name} cannot be read.") from error
