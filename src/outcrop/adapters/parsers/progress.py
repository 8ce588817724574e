"""Tells whoever waits for a document that its parser gets on, so that long documents are given longer."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def listen(listener: Callable[[], None]) -> None:
    """Have a function called whenever a parser gets on; it takes the place of the one before."""
    _listeners[:] = [listener]


def report() -> None:
    """Say that another page, or batch of pages, is about to be read."""
    for listener in _listeners:
        listener()
