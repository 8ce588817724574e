"""Checks the configuration of a data source, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outcrop.core.errors import Invalid


def check_members(what: str, members: Mapping[str, type], configuration: Mapping[str, Any]) -> None:
    """Raise Invalid for a member that `what` does not have, or that is of another type."""
    for name, value in configuration.items():
        if name not in members:
            raise Invalid(f"{what} has no setting {name!r}. It has: {', '.join(members)}.")
        if not isinstance(value, (list, tuple) if members[name] is list else members[name]):
            raise Invalid(f"The setting {name!r} of {what.lower()} must be a {members[name].__name__}.")
