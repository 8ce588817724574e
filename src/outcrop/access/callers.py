"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Someone whose request was admitted: the id of an access key, and the name that it was made for."""

    id: str
    name: str


LOCAL = Caller(id="local", name="local")
"""The person at this machine: the command line and the Python interface."""
