"""Small secrets in files that only their owner may read, made once, whoever comes first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from outcrop.core.errors import Denied

PRIVATE_FOLDER = 0o700


def kept_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file, which is made with mode 0600 if it is not there.

    Of several processes that make it at once, one wins, and all get its secret.

    Raises:
        Denied: The file is there but may not be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return _made(path, make())
    except PermissionError as error:
        raise Denied(f"{path} may not be read by this user. Run Outcrop as the user who owns it.") from error


def _made(path: Path, secret: bytes) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as draft:  # mode 0600
        draft.write(secret)
        draft.flush()
        os.fsync(draft.fileno())
    try:
        os.link(draft.name, path)  # fails where another process was first; never shows half a file
    except FileExistsError:
        return path.read_bytes()
    finally:
        Path(draft.name).unlink()
    return secret
