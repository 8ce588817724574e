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
        if not _fits(value, members[name]):
            raise Invalid(f"The setting {name!r} of {what.lower()} must be a {members[name].__name__}.")


def _fits(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, (list, tuple))
    if kind is dict:
        return isinstance(value, Mapping)
    if kind in (int, float):
        return isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    return isinstance(value, kind)


def bounded(configuration: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    """A number of the configuration. Raises Invalid where it is out of its bounds."""
    value: float = configuration.get(name, default)
    if not least <= value <= most:
        raise Invalid(f"The setting {name!r} must be from {least:g} to {most:g}; {value:g} is not.")
    return value


def texts(configuration: Mapping[str, Any], name: str, most: int) -> list[str]:
    """A list of texts of the configuration. Raises Invalid where it has others, or more than `most`."""
    values = list(configuration.get(name, ()))
    if len(values) > most or not all(isinstance(value, str) and value for value in values):
        raise Invalid(f"The setting {name!r} must be a list of at most {most} texts.")
    return values
